"""A render of the dev stack on a cluster without Pulumi, and then with Pulumi, which takes it over unchanged."""

import json
import re
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from local.venv import VENV
from plans import plan
from render import Options, render
from tests.conftest import TestCluster
from tests.live.live_stack import LiveStack, live_stack
from tests.live.waiting import wait_until

HOSTS = ("http://synchat.internal", "http://synchatapi.internal/healthz")
_MARKS = re.compile(r"pulumi\.com/|synergychat/stack$")


@pytest.fixture(scope="module")
def empty(cluster: TestCluster) -> Iterator[LiveStack]:
    """The dev stack before its first `up`: an empty state, and a cluster without its objects."""
    with live_stack("test-render-stack", cluster.kubeconfig, cluster.context) as empty:
        yield empty
        empty.configure(adopt=None)
        empty.up()  # the objects become the stack's own
        empty.automation.destroy()


@pytest.fixture(scope="module")
def applied(empty: LiveStack, tmp_path_factory: pytest.TempPathFactory) -> list[Mapping[str, Any]]:
    """The objects on the cluster, after the commands of the render's README."""
    out = tmp_path_factory.mktemp("rendered")
    files = render(plan(empty.directory, "dev"), Options())
    for path, text in files.items():
        (out / path).parent.mkdir(exist_ok=True)
        (out / path).write_text(text)
    for command in files["README.md"].partition("```sh\n")[2].partition("```")[0].splitlines():
        program, *arguments = command.split()
        assert program == "kubectl"
        done = subprocess.run(
            [VENV / "bin" / program, "--kubeconfig", empty.kubeconfig, *arguments],
            cwd=out,
            capture_output=True,
            text=True,
            check=False,
            timeout=700,
        )
        assert done.returncode == 0, f"{command}\n{done.stderr}"
    return live(empty, out)


def live(stack: LiveStack, out: Path) -> list[Mapping[str, Any]]:
    """The objects of the render as the cluster has them, without what changes by itself."""
    folders = [argument for folder in sorted(out.glob("[0-9]*-*")) for argument in ("-f", str(folder))]
    listed = json.loads(stack.kubectl("get", "--output", "json", *folders))["items"]
    return [_own(item) | {"out": str(out)} for item in listed]


def _own(item: Mapping[str, Any]) -> dict[str, Any]:
    changing = ("managedFields", "resourceVersion", "annotations")
    metadata = {name: value for name, value in item["metadata"].items() if name not in changing}
    annotations = item["metadata"].get("annotations") or {}
    kept = {
        name: value
        for name, value in annotations.items()
        if not _MARKS.search(name) and not name.startswith("deployment.kubernetes.io/")
    }
    fields = {name: value for name, value in item.items() if name != "status"}
    return fields | {"metadata": metadata | {"annotations": kept}}


def test_both_hosts_answer_through_envoy(applied: list[Mapping[str, Any]], empty: LiveStack) -> None:
    assert applied
    address = empty.kubectl(
        "get", "gateway", "app-gateway", "-n", "synergychat", "-o", "jsonpath={.status.addresses[0].value}"
    )
    for url in HOSTS:
        host, _, path = url.removeprefix("http://").partition("/")
        command = ["curl", "-sS", "-o", "/dev/null", "-w", "%{http_code}", "-H", f"Host: {host}"]

        def answers(command: list[str] = [*command, f"http://{address}/{path}"]) -> bool:  # noqa: B006 # bound now
            return subprocess.run(command, capture_output=True, text=True, check=False).stdout == "200"

        wait_until(answers)


def test_pulumi_refuses_the_objects_until_they_are_adopted(
    applied: list[Mapping[str, Any]], empty: LiveStack
) -> None:
    assert applied
    done = empty.cli("preview")
    assert done.returncode != 0
    assert "has no mark of a stack" in done.stdout


def test_pulumi_adopts_the_render_and_changes_nothing_but_its_marks(
    applied: list[Mapping[str, Any]], empty: LiveStack
) -> None:
    empty.configure(adopt=["*"])
    empty.up()
    assert live(empty, Path(applied[0]["out"])) == applied  # with the same UIDs and generations
    done = empty.cli("preview", "--expect-no-changes")
    assert done.returncode == 0, done.stdout
