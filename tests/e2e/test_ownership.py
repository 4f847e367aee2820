"""A stack on another cluster, and a second stack with the same names on one cluster: both are refused."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.live.live_stack import LiveStack, live_stack

OTHER_UID = "00000000-0000-4000-8000-000000000000"


@pytest.fixture(scope="module")
def namesake(stack: LiveStack) -> Iterator[LiveStack]:
    """A stack of the same name and config on the cluster of the first, with another state."""
    with live_stack("test-namesake-stack", stack.kubeconfig, stack.context) as namesake:
        yield namesake


def move(stack: LiveStack) -> None:
    """Let the state say that the stack is on another cluster, as if the context led elsewhere now."""
    (file,) = Path(stack.directory.parent, "state").rglob("stacks/synergychat/dev.json")
    uid = stack.kubectl("get", "namespace", "kube-system", "-o", "jsonpath={.metadata.uid}")
    text = file.read_text()
    here, there = (uid, OTHER_UID) if uid in text else (OTHER_UID, uid)
    file.write_text(text.replace(f'"cluster":"{here}"', f'"cluster":"{there}"').replace(here, there))


@pytest.mark.parametrize("command", [("preview",), ("up", "--yes"), ("refresh", "--yes"), ("destroy", "--yes")])
def test_no_command_touches_another_cluster(stack: LiveStack, command: tuple[str, ...]) -> None:
    move(stack)
    try:
        done = stack.cli(*command, "--skip-preview") if command[0] == "up" else stack.cli(*command)
    finally:
        move(stack)
    assert done.returncode != 0
    assert f"was {OTHER_UID} [cluster-changed]" in done.stdout
    assert stack.request("GET", "http://synchat.internal").status_code == 200


def test_destroy_without_the_program_is_refused(stack: LiveStack) -> None:
    done = stack.cli("destroy", "--yes", "--skip-preview", PULUMI_RUN_PROGRAM="false")
    assert done.returncode != 0
    assert "--run-program" in done.stdout
    assert stack.request("GET", "http://synchat.internal").status_code == 200


@pytest.mark.parametrize(
    "command", [("preview",), ("preview", "--parallel", "1"), ("up", "--yes", "--skip-preview")], ids=" ".join
)
def test_the_second_of_two_states_is_refused_with_the_owner(
    stack: LiveStack, namesake: LiveStack, command: tuple[str, ...]
) -> None:
    done = namesake.cli(*command)
    assert done.returncode != 0
    mark = stack.kubectl("get", "namespace", "synergychat", "-o", r"jsonpath={.metadata.annotations.synergychat/stack}")
    assert mark.startswith("organization/synergychat/dev/")
    assert f"Namespace/synergychat: exists on the cluster, and belongs to the stack {mark}" in done.stdout
    assert set(stack.up()) == {"same"}


def test_the_second_stack_can_be_destroyed_and_the_first_serves_on(stack: LiveStack, namesake: LiveStack) -> None:
    done = namesake.cli("destroy", "--yes", "--skip-preview")
    assert done.returncode == 0, done.stdout
    assert stack.request("GET", "http://synchat.internal").status_code == 200


def test_a_namespace_of_others_is_adopted_by_its_name_and_outlives_the_stack(stack: LiveStack) -> None:
    stack.kubectl("create", "namespace", "team")
    stack.kubectl("create", "configmap", "kept", "-n", "team", "--from-literal=answer=42")
    with live_stack("test-adopting-stack", stack.kubeconfig, stack.context) as guest:
        guest.configure(
            platform="external", namespace="team", **{"web.hostname": "t.internal", "api.hostname": "ta.internal"}
        )
        assert "Namespace/team: exists on the cluster, and has no mark of a stack" in guest.cli("preview").stdout
        guest.configure(adopt=["Namespace/team"])
        guest.up()
        guest.destroy()
    assert stack.kubectl("get", "configmap", "kept", "-n", "team", "-o", "jsonpath={.data.answer}") == "42"
    assert stack.kubectl("get", "deployments", "-n", "team", "-o", "name") == ""
    stack.kubectl("delete", "namespace", "team")
