"""A render of the dev stack on a cluster without Pulumi, and then with Pulumi, which takes it over unchanged."""

import json
import re
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import httpx
import pytest

from local.venv import VENV
from plans import plan
from render import Options, render
from tests.live.live_stack import LiveStack
from tests.live.waiting import wait_until

URLS = ("http://synchat.internal", "http://synchatapi.internal/healthz")
_MARKS = re.compile(r"pulumi\.com/|synergychat/stack$|deployment\.kubernetes\.io/")
_CHANGING = ("managedFields", "resourceVersion", "annotations", "generation")
"""A Deployment gets another generation with another annotation, and adoption writes the marks there."""


@pytest.fixture(scope="module")
def without_stack(stack: LiveStack, original: str) -> LiveStack:
    """The dev stack with an empty state, and a cluster without its objects. `original` brings it up afterwards."""
    assert original
    stack.destroy()
    return stack


@pytest.fixture(scope="module")
def rendered(without_stack: LiveStack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A render whose README was followed, command by command."""
    out = tmp_path_factory.mktemp("rendered")
    files = render(plan(without_stack.directory, "dev"), Options())
    for path, text in files.items():
        (out / path).parent.mkdir(exist_ok=True)
        (out / path).write_text(text)
    for command in files["README.md"].partition("```sh\n")[2].partition("```")[0].splitlines():
        program, *arguments = command.split()
        done = subprocess.run(
            [VENV / "bin" / program, "--kubeconfig", without_stack.kubeconfig, *arguments],
            cwd=out,
            capture_output=True,
            text=True,
            check=False,
            timeout=700,
        )
        assert done.returncode == 0, f"{command}\n{done.stderr}"
    yield out
    without_stack.configure(adopt=["*"])
    without_stack.up()  # the objects get into the state, so that the next update of the stack has them


def live(stack: LiveStack, out: Path) -> list[dict[str, Any]]:
    """The objects of the render as the cluster has them, with UID and spec, without status and marks."""
    folders = [argument for folder in sorted(out.glob("[0-9]*-*")) for argument in ("-f", str(folder))]
    return [_own(item) for item in json.loads(stack.kubectl("get", "--output", "json", *folders))["items"]]


def _own(item: Mapping[str, Any]) -> dict[str, Any]:
    metadata = {name: value for name, value in item["metadata"].items() if name not in _CHANGING}
    annotations: Mapping[str, str] = item["metadata"].get("annotations") or {}
    kept = {name: value for name, value in annotations.items() if not _MARKS.search(name)}
    fields = {name: value for name, value in item.items() if name != "status"}
    return fields | {"metadata": metadata | {"annotations": kept}}


def test_both_hosts_answer_through_envoy(rendered: Path, without_stack: LiveStack) -> None:
    assert rendered
    wanted = "jsonpath={.status.addresses[0].value}"
    address = without_stack.kubectl("get", "gateway", "app-gateway", "-n", "synergychat", "-o", wanted)
    for url in map(httpx.URL, URLS):

        def answers(url: httpx.URL = url) -> bool:
            try:
                direct = url.copy_with(host=address)
                return httpx.get(direct, headers={"Host": url.host}, timeout=10, trust_env=False).status_code == 200
            except httpx.TransportError:
                return False

        wait_until(answers)


def test_pulumi_refuses_the_objects_until_they_are_adopted(rendered: Path, without_stack: LiveStack) -> None:
    assert rendered
    done = without_stack.cli("preview")
    assert done.returncode != 0
    assert "has no mark of a stack" in done.stdout


def test_pulumi_adopts_the_render_and_changes_nothing_but_its_marks(rendered: Path, without_stack: LiveStack) -> None:
    before = live(without_stack, rendered)
    without_stack.configure(adopt=["*"])
    without_stack.up()
    assert live(without_stack, rendered) == before
    done = without_stack.cli("preview", "--expect-no-changes")
    assert done.returncode == 0, done.stdout
