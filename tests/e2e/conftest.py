"""Fixtures of the long tests."""

from collections.abc import Iterator

import pytest

from local.images import echo
from local.toolchain.progress import Progress
from tests.conftest import TestCluster
from tests.live.live_stack import LiveStack


@pytest.fixture(scope="session")
def echo_images(cluster: TestCluster) -> None:
    """An app that is not the chat, in two versions, on the cluster."""
    with Progress() as progress:
        for tag in ("1", "2"):
            cluster.cluster.load_image(echo.archive(progress, tag))


@pytest.fixture(scope="module")
def original(stack: LiveStack) -> Iterator[str]:
    """The text of the stack's file before a module's tests. The stack is restored to it afterwards."""
    text = stack.file.read_text()
    yield text
    stack.file.write_text(text)
    stack.up()
