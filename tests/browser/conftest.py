"""A browser that resolves the stack's hosts to the gateway's address, as two lines of a hosts file would."""

import os
import re
import shutil
from collections.abc import Generator, Iterator
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from local.paths import REPOSITORY
from tests.live.live_stack import LiveStack

SCREENSHOTS = REPOSITORY / "test-results"
_QUIET = (
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-quic",
    "--disable-sync",
    "--no-first-run",
    "--no-sandbox",  # Chromium refuses its sandbox to root
)
_failed = pytest.StashKey[bool]()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    item.stash[_failed] = item.stash.get(_failed, False) or report.failed
    return report


@pytest.fixture(scope="session")
def browser(stack: LiveStack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    address = stack.gateway_address
    hosts = [urlsplit(url).hostname for url in stack.outputs["urls"].values()]
    rules = ",".join(f"MAP {host} {address}" for host in hosts)
    expect.set_options(timeout=15_000)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"),
            args=[*_QUIET, f"--host-resolver-rules={rules}"],
            # Chromium keeps files beside its profile, too, which would stay in the user's home.
            env={**os.environ, "XDG_CONFIG_HOME": str(tmp_path_factory.mktemp("chromium"))},
        )
        yield browser
        browser.close()


@pytest.fixture
def page(browser: Browser, request: pytest.FixtureRequest) -> Iterator[Page]:
    """A new page; of a failed test, a screenshot is kept in test-results/."""
    page = browser.new_page()
    yield page
    if request.node.stash.get(_failed, False):
        name = re.sub(r"[^a-z0-9]+", "-", request.node.name.lower()).strip("-")
        page.screenshot(path=SCREENSHOTS / f"{name}.png", full_page=True)
    page.close()
