"""Operations that a killed run left in the state: objects that they may have made are not forgotten."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from local.errors import UserError
from tools import lifecycle, pulumi_processes, stack, unfinished
from tools.stack import Stack

STACK = Stack("staging", "kind-one", named=True)
ROUTE = "kubernetes:gateway.networking.k8s.io/v1:HTTPRoute"
State = dict[str, Any]


def resource(name: str, type_: str = ROUTE, *, urn: str = "", **more: Any) -> State:
    metadata = {"name": name} if type_.endswith(":Namespace") else {"name": name, "namespace": "chat"}
    inputs = {"apiVersion": "v1", "kind": type_.rpartition(":")[2], "metadata": metadata}
    return {"urn": f"urn:pulumi:staging::synergychat::{type_}::{urn or name}", "type": type_, "inputs": inputs, **more}


def state(*operations: tuple[str, State], resources: tuple[State, ...] = ()) -> State:
    pending = [{"type": type_, "resource": of} for type_, of in operations]
    return {"deployment": {"resources": list(resources), "pending_operations": pending}}


def created(*operations: tuple[str, State], resources: tuple[State, ...] = ()) -> list[State]:
    return list(unfinished.created(state(*operations, resources=resources)))


def test_an_object_of_an_unfinished_creation_gets_the_id_that_the_provider_would_give_it() -> None:
    (route,) = created(("creating", resource("one")))
    assert route["id"] == "chat/one"
    assert "delete" not in route
    (namespace,) = created(("creating", resource("chat", "kubernetes:core/v1:Namespace")))
    assert namespace["id"] == "chat"


def test_its_outputs_say_what_the_provider_needs_to_delete_it() -> None:
    (route,) = created(("creating", resource("one")))
    assert route["outputs"]["kind"] == "HTTPRoute"
    assert route["outputs"]["__inputs"] == route["inputs"]


def test_an_object_that_the_state_has_by_now_is_not_added() -> None:
    assert created(("creating", resource("one")), resources=(resource("one", id="chat/one"),)) == []


def test_an_object_is_added_once_however_often_its_creation_was_interrupted() -> None:
    assert len(created(("creating", resource("one")), ("creating", resource("one")))) == 1


def test_the_successor_of_an_object_that_is_still_there_is_only_to_be_deleted() -> None:
    (new,) = created(
        ("creating", resource("new", urn="route")), resources=(resource("old", urn="route", id="chat/old"),)
    )
    assert (new["id"], new["delete"]) == ("chat/new", True)


def test_the_successor_of_an_object_that_was_deleted_first_is_to_be_deleted_too() -> None:
    """Pulumi would only forget the deleted one."""
    (new,) = created(
        ("creating", resource("one")), resources=(resource("one", id="chat/one", pendingReplacement=True),)
    )
    assert (new["id"], new["delete"]) == ("chat/one", True)


@pytest.mark.parametrize(
    ("operation", "of"),
    [
        ("deleting", resource("one")),
        ("updating", resource("one")),
        ("creating", resource("one", "pulumi:pulumi:Stash")),
        ("creating", resource("one") | {"inputs": {"metadata": {"4dabf18193072939515e22adb298388d": "a secret"}}}),
        ("creating", resource("one") | {"inputs": {}}),
    ],
)
def test_other_operations_and_what_is_not_an_object_add_nothing(operation: str, of: State) -> None:
    assert created((operation, of)) == []


def test_objects_of_unfinished_deletions_are_named_as_kubectl_takes_them() -> None:
    found = state(
        ("deleting", resource("one")),
        ("deleting", resource("chat", "kubernetes:core/v1:Namespace")),
        ("creating", resource("two")),
    )
    assert list(unfinished.deleted(found)) == [
        ("HTTPRoute.v1.gateway.networking.k8s.io", "one", "--namespace=chat"),
        ("Namespace.v1.", "chat"),
    ]


@pytest.fixture
def pulumi(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[State], list[list[str]]]:
    """A `pulumi` with this state, which an update leaves as it is. Return the commands that it is called with."""
    program = tmp_path / "bin" / "pulumi"
    program.parent.mkdir()
    program.write_text(f"""#!/bin/sh
shift 2
echo "$*" >> {tmp_path}/called
case "$1 $2" in
  "stack export") cat {tmp_path}/state ;;
  "stack import") [ -e {tmp_path}/locked ] && exit 1; cp "$6" {tmp_path}/state ;;
esac
""")
    program.chmod(0o755)
    monkeypatch.setattr(stack, "VENV", tmp_path)
    monkeypatch.setenv("PULUMI_BACKEND_URL", tmp_path.as_uri())
    monkeypatch.setattr(pulumi_processes, "end_orphaned_plugins", lambda: None)
    monkeypatch.setattr(lifecycle, "check_reach", lambda _: None)
    monkeypatch.setattr(lifecycle.supplies, "for_stack", lambda _: None)
    monkeypatch.setattr(lifecycle.supplies, "for_program", lambda _: None)
    monkeypatch.setattr(lifecycle.stacks, "prepare", lambda _: None)
    monkeypatch.setattr(lifecycle, "print_access", lambda *_: None)
    monkeypatch.setattr(Stack, "configuration", lambda _: [])
    monkeypatch.setattr(Stack, "select", lambda _: True)
    monkeypatch.setattr(Stack, "remove", lambda _, force: 0)
    monkeypatch.setattr(Stack, "outputs", lambda _: {})

    def install(state: State) -> list[list[str]]:
        (tmp_path / "state").write_text(json.dumps(state))
        return called(tmp_path)

    return install


def called(directory: Path) -> list[list[str]]:
    file = directory / "called"
    return [line.split() for line in file.read_text().splitlines()] if file.exists() else []


def changes(directory: Path) -> list[tuple[str, bool]]:
    """The commands that plan or change something, and whether each compares the state with the cluster first."""
    return [
        ("import" if words[:2] == ["stack", "import"] else words[0], "--refresh" in words)
        for words in called(directory)
        if words[:2] != ["stack", "export"]
    ]


def test_an_update_after_a_killed_run_compares_the_state_with_the_cluster_and_deletes_what_is_left_over(
    pulumi: Callable[[State], object], tmp_path: Path
) -> None:
    pulumi(state(("creating", resource("left-over"))))
    assert lifecycle.up(STACK, confirmed="staging") == 0
    assert changes(tmp_path) == [("preview", True), ("up", True), ("import", False), ("up", False)]
    left = json.loads((tmp_path / "state").read_text())["deployment"]
    assert [each["id"] for each in left["resources"]] == ["chat/left-over"]
    assert "pending_operations" not in left


def test_an_update_that_completed_the_unfinished_creations_only_forgets_them(
    pulumi: Callable[[State], object], tmp_path: Path
) -> None:
    pulumi(state(("creating", resource("one")), resources=(resource("one", id="chat/one"),)))
    assert lifecycle.up(STACK, confirmed="staging") == 0
    assert changes(tmp_path) == [("preview", True), ("up", True), ("import", False)]


def test_an_update_after_a_run_that_ended_by_itself_does_none_of_this(
    pulumi: Callable[[State], object], tmp_path: Path
) -> None:
    pulumi({"deployment": {"resources": [resource("one", id="chat/one")]}})
    assert lifecycle.up(STACK, confirmed="staging") == 0
    assert changes(tmp_path) == [("preview", False), ("up", False)]


def test_a_removal_deletes_what_unfinished_creations_may_have_made(
    pulumi: Callable[[State], object], tmp_path: Path
) -> None:
    pulumi(state(("creating", resource("one")), resources=(resource("two", id="chat/two"),)))
    assert lifecycle.down(STACK, purge=True, confirmed="staging") == 0
    assert changes(tmp_path) == [("destroy", False), ("import", False), ("destroy", False)]
    left = json.loads((tmp_path / "state").read_text())["deployment"]
    assert [each["id"] for each in left["resources"]] == ["chat/two", "chat/one"]


def test_a_removal_that_is_not_confirmed_leaves_the_state_as_it_is(
    pulumi: Callable[[State], object], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin.isatty", lambda: False)
    pulumi(state(("creating", resource("one")), resources=(resource("two", id="chat/two"),)))
    with pytest.raises(UserError, match="Nothing was changed"):
        lifecycle.down(STACK, purge=True, confirmed="")
    assert changes(tmp_path) == [("destroy", False)]


def test_a_removal_stops_if_the_state_cannot_be_changed(pulumi: Callable[[State], object], tmp_path: Path) -> None:
    pulumi(state(("creating", resource("one")), resources=(resource("two", id="chat/two"),)))
    (tmp_path / "locked").touch()
    with pytest.raises(UserError, match="The state of the stack staging could not be written"):
        lifecycle.down(STACK, purge=True, confirmed="staging")
    assert changes(tmp_path) == [("destroy", False), ("import", False)]


@pytest.mark.parametrize(
    ("stored", "may_be"), [('{"resources": []}', False), ('{"pending_operations": []}', True), (None, True)]
)
def test_pulumi_is_asked_only_if_its_file_may_have_an_unfinished_operation(
    tmp_path: Path, stored: str | None, may_be: bool
) -> None:
    file = tmp_path / ".pulumi" / "stacks" / "synergychat" / "staging.json"
    file.parent.mkdir(parents=True)
    if stored is not None:
        file.write_text(stored)
    assert unfinished.may_be("staging", tmp_path.as_uri()) == may_be
    assert unfinished.may_be("staging", "s3://bucket")


def test_an_update_waits_for_objects_that_a_killed_run_was_deleting(
    pulumi: Callable[[State], object], tmp_path: Path
) -> None:
    kubectl = tmp_path / "bin" / "kubectl"
    kubectl.write_text(f"""#!/bin/sh
shift 2
echo "$*" >> {tmp_path}/asked
case "$*" in get*one*) echo 2026-03-01T00:00:00Z ;; esac
""")
    kubectl.chmod(0o755)
    pulumi(state(("deleting", resource("one")), ("deleting", resource("two"))))
    assert lifecycle.up(STACK, confirmed="staging") == 0
    asked = [line.split() for line in (tmp_path / "asked").read_text().splitlines()]
    assert [(words[0], words[-3] if words[0] == "wait" else words[2]) for words in asked] == [
        ("get", "one"),
        ("wait", "one"),
        ("get", "two"),
    ]
