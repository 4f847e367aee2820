"""Operations that a killed run left in the state: objects that they have made are not forgotten."""

import json
import os
import socket
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from kube.manifest import ObjectName
from local.errors import UserError
from local.venv import VENV
from tools import lifecycle, stack, unfinished
from tools.stack import Stack

STACK = Stack("staging", "kind-one", named=True)
ROUTE = "kubernetes:gateway.networking.k8s.io/v1:HTTPRoute"
NAMESPACE = "kubernetes:core/v1:Namespace"
MARK, OTHER_MARK = "organization/synergychat/staging/ours", "organization/synergychat/prod/theirs"
ENCRYPTED = {"4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270", "ciphertext": "v1:a"}
State = dict[str, Any]


def urn(name: str, type_: str = ROUTE) -> str:
    return f"urn:pulumi:staging::synergychat::{type_}::{name}"


ROOT = urn("synergychat-staging", "pulumi:pulumi:Stack")
PROVIDER = urn("cluster", "pulumi:providers:kubernetes")
GONE_PARENT = urn("shop", "synergychat:index:App")
BASE: tuple[State, ...] = (
    {"urn": ROOT, "custom": False, "type": "pulumi:pulumi:Stack"},
    {"urn": PROVIDER, "custom": True, "id": "1", "type": "pulumi:providers:kubernetes", "parent": ROOT},
)


def resource(name: str, type_: str = ROUTE, *, key: str = "", metadata: object = None, **more: Any) -> State:
    described: State = {"name": name, "annotations": {"synergychat/stack": MARK, "pulumi.com/waitFor": "condition=A"}}
    if type_ != NAMESPACE:
        described["namespace"] = "chat"
    group_version, _, kind = type_.removeprefix("kubernetes:").partition(":")
    inputs = {"apiVersion": group_version.removeprefix("core/"), "kind": kind, "metadata": metadata or described}
    links = {"parent": ROOT, "provider": f"{PROVIDER}::1"}
    return {"urn": urn(key or name, type_), "custom": True, "type": type_, "inputs": inputs, **links, **more}


def state(*operations: tuple[str, State], resources: tuple[State, ...] = ()) -> State:
    pending = [{"type": type_, "resource": of} for type_, of in operations]
    manifest = {"time": "2026-03-01T00:00:00Z", "magic": "", "version": ""}
    deployment = {"manifest": manifest, "resources": [*BASE, *resources], "pending_operations": pending}
    return {"version": 3, "deployment": json.loads(json.dumps(deployment))}


def completed(*operations: tuple[str, State], resources: tuple[State, ...] = ()) -> list[State]:
    """The resources of a state when the cluster has every object that it asks for, without the stack and provider."""
    of = state(*operations, resources=resources)
    unfinished.complete(of, unfinished.marks(of))
    assert "pending_operations" not in of["deployment"]
    return of["deployment"]["resources"][len(BASE) :]


def test_an_object_of_an_unfinished_creation_gets_the_id_that_the_provider_would_give_it() -> None:
    (route,) = completed(("creating", resource("one")))
    assert route["id"] == "chat/one"
    assert "delete" not in route
    (namespace,) = completed(("creating", resource("chat", NAMESPACE)))
    assert namespace["id"] == "chat"


def test_its_outputs_say_what_the_provider_needs_to_delete_it() -> None:
    (route,) = completed(("creating", resource("one")))
    assert route["outputs"]["kind"] == "HTTPRoute"
    assert route["outputs"]["__inputs"] == route["inputs"]


def test_the_next_update_waits_until_it_is_ready() -> None:
    (route,) = completed(("creating", resource("one")))
    assert route["inputs"]["metadata"]["annotations"] == {"synergychat/stack": MARK}


def test_an_object_that_the_cluster_does_not_have_is_forgotten() -> None:
    of = state(("creating", resource("one")), ("creating", resource("two")))
    unfinished.complete(of, {ObjectName("gateway.networking.k8s.io", "HTTPRoute", "chat", "two")})
    assert [each.get("id") for each in of["deployment"]["resources"][len(BASE) :]] == ["chat/two"]


def test_an_object_that_the_state_has_by_now_is_not_added_in_any_version_of_its_group() -> None:
    for version in ("v1", "v1beta1"):
        there = resource("one", ROUTE.replace("v1", version), id="chat/one")
        assert completed(("creating", resource("one")), resources=(there,)) == [there]


def test_an_object_is_added_once_however_often_its_creation_was_interrupted() -> None:
    assert len(completed(("creating", resource("one")), ("creating", resource("one")))) == 1


def test_a_successor_takes_the_place_of_an_object_that_is_then_to_be_deleted() -> None:
    old = resource("old", key="route", id="chat/old")
    user = resource("user", id="chat/user", dependencies=[urn("route")])
    found = completed(("creating", resource("new", key="route")), resources=(old, user))
    assert [(each["id"], each.get("delete", False)) for each in found] == [
        ("chat/new", False),
        ("chat/old", True),
        ("chat/user", False),
    ]


def test_a_successor_replaces_an_object_that_was_deleted_first() -> None:
    gone = resource("one", id="chat/one", pendingReplacement=True)
    (new,) = completed(("creating", resource("one")), resources=(gone,))
    assert new["id"] == "chat/one"
    assert not {"delete", "pendingReplacement"} & new.keys()


def test_what_is_to_be_deleted_anyway_has_no_successor() -> None:
    old = resource("old", key="route", id="chat/old", delete=True)
    found = completed(("creating", resource("new", key="route")), resources=(old,))
    assert [(each["id"], each.get("delete", False)) for each in found] == [("chat/old", True), ("chat/new", False)]


def test_it_refers_only_to_resources_of_the_state() -> None:
    there = resource("there", id="chat/there")
    both = [urn("there"), urn("gone")]
    links = {"parent": GONE_PARENT, "provider": f"{PROVIDER}::0", "dependencies": both}
    pending = resource("one", **links, propertyDependencies={"spec": both})
    _, added = completed(("creating", pending), resources=(there,))
    assert (added["parent"], added["provider"]) == (ROOT, f"{PROVIDER}::1")
    assert (added["dependencies"], added["propertyDependencies"]) == ([urn("there")], {"spec": [urn("there")]})


def test_a_parent_that_the_state_has_stays() -> None:
    parent = {"urn": GONE_PARENT, "custom": False, "type": "synergychat:index:App", "parent": ROOT}
    assert completed(("creating", resource("one", parent=GONE_PARENT)), resources=(parent,))[1]["parent"] == GONE_PARENT


def test_nothing_is_added_to_a_state_without_a_provider_as_after_a_removal() -> None:
    of = state(("creating", resource("one")))
    of["deployment"]["resources"] = None
    unfinished.complete(of, unfinished.marks(of))
    assert not of["deployment"]["resources"]


@pytest.mark.parametrize(
    ("operation", "of"),
    [
        ("deleting", resource("one")),
        ("updating", resource("one")),
        ("creating", resource("one", "pulumi:pulumi:Stash")),
        ("creating", resource("one", metadata=ENCRYPTED)),
        ("creating", resource("one", metadata={"name": ENCRYPTED, "namespace": "chat"})),
        ("creating", resource("one", metadata={"name": "one", "namespace": ENCRYPTED})),
        ("creating", resource("one", metadata={"name": "one", "annotations": ENCRYPTED})),
        ("creating", resource("one", metadata={"name": "one", "annotations": {"synergychat/stack": ENCRYPTED}})),
        ("creating", resource("one", metadata={"name": "one"})),
        ("creating", resource("one") | {"inputs": {}}),
        ("creating", resource("one") | {"inputs": ENCRYPTED}),
    ],
)
def test_other_operations_and_what_has_no_name_or_mark_add_nothing(operation: str, of: State) -> None:
    assert completed((operation, of)) == []


def test_objects_of_unfinished_deletions_are_named() -> None:
    found = state(
        ("deleting", resource("one")),
        ("deleting", resource("chat", NAMESPACE)),
        ("deleting", resource("three", metadata={"name": ENCRYPTED})),
        ("creating", resource("two")),
    )
    assert [str(name) for name in unfinished.deleted(found)] == ["HTTPRoute chat/one", "Namespace chat"]


def test_pulumi_accepts_such_a_state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pulumi = VENV / "bin" / "pulumi"
    if not pulumi.exists():
        pytest.skip("pulumi is not installed; `make test` installs it")
    environment = {"PULUMI_HOME": str(tmp_path), "PULUMI_BACKEND_URL": tmp_path.as_uri()}
    for name, value in (environment | {"PULUMI_CONFIG_PASSPHRASE": "a"}).items():
        monkeypatch.setenv(name, value)
    (tmp_path / "Pulumi.yaml").write_text("name: synergychat\nruntime: python\n")
    of = state(
        ("creating", resource("left-over", parent=GONE_PARENT, dependencies=[urn("gone")])),
        ("creating", resource("new", key="route", dependencies=[urn("later")])),
        ("creating", resource("again")),
        resources=(
            resource("old", key="route", id="chat/old"),
            resource("user", id="chat/user", dependencies=[urn("route")]),
            resource("later", id="chat/later"),
            resource("again", id="chat/again", pendingReplacement=True),
        ),
    )
    unfinished.complete(of, unfinished.marks(of))
    (tmp_path / "state").write_text(json.dumps(of))
    for command in (("init", "staging"), ("import", "--file", "state")):
        words = [pulumi, "--cwd", tmp_path, "stack", *command, "--non-interactive"]
        done = subprocess.run(words, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr


@pytest.fixture
def pulumi(tmp_path: Path, without_set_up: None) -> Callable[..., None]:
    """A `pulumi` with this state, which an update leaves as it is, and a cluster with these objects and their marks."""
    directory = tmp_path / "bin"
    directory.mkdir()
    (tmp_path / "deleting").touch()
    programs = {
        "pulumi": f"""
echo "$*" >> {tmp_path}/called
case "$1 $2" in
  "stack export") cat {tmp_path}/state; [ ! -e {tmp_path}/changing ] || echo '{{}}' > {tmp_path}/state ;;
  "stack import") [ -e {tmp_path}/locked ] && exit 1; cp "$6" {tmp_path}/state ;;
esac
""",
        "kubectl": f"""
echo "$*" >> {tmp_path}/asked
case "$*" in
  api-resources*)
    [ -e {tmp_path}/objects ] || {{ echo "no route to host" >&2; exit 1; }}
    echo "httproutes gateway.networking.k8s.io/v1 true HTTPRoute" ;;
  get*deletionTimestamp*) grep -o "$3 .*" {tmp_path}/deleting | cut -d " " -f 2- | tr ' ' '\\t' || true ;;
  get*) cat {tmp_path}/objects ;;
  wait*) [ ! -e {tmp_path}/stuck ] && : > {tmp_path}/deleting ;;
esac
""",
    }
    for name, text in programs.items():
        (directory / name).write_text(f"#!/bin/sh\nshift 2\n{text}")
        (directory / name).chmod(0o755)

    def install(state: State, objects: Mapping[str, str] | None = None) -> None:
        (tmp_path / "state").write_text(json.dumps(state))
        start = "gateway.networking.k8s.io/v1\tHTTPRoute\tchat"
        lines = [f"{start}\t{name}\tuid\t{mark}\n" for name, mark in (objects or {}).items()]
        (tmp_path / "objects").write_text("".join(lines))

    return install


Pulumi = Callable[..., None]


def changes(directory: Path) -> list[tuple[str, bool]]:
    """The commands that plan or change something, and whether each compares the state with the cluster first."""
    called = [line.split() for line in (directory / "called").read_text().splitlines()]
    return [
        ("import" if words[:2] == ["stack", "import"] else words[0], "--refresh" in words)
        for words in called
        if words[:2] != ["stack", "export"]
    ]


def ids(directory: Path) -> list[str]:
    """The IDs of the objects in the state, which has no unfinished operations."""
    left = json.loads((directory / "state").read_text())["deployment"]
    assert "pending_operations" not in left
    return [each["id"] for each in left["resources"][len(BASE) :]]


def test_an_update_has_the_objects_of_a_killed_run_in_its_plan(pulumi: Pulumi, tmp_path: Path) -> None:
    pulumi(state(("creating", resource("left-over"))), {"left-over": MARK})
    assert lifecycle.up(STACK, confirmed="staging") == 0
    assert changes(tmp_path) == [("import", False), ("preview", True), ("up", True)]
    assert ids(tmp_path) == ["chat/left-over"]


@pytest.mark.parametrize("objects", [{}, {"one": ""}, {"one": OTHER_MARK}])
def test_an_object_that_does_not_exist_or_is_of_others_is_left_alone(
    pulumi: Pulumi, tmp_path: Path, objects: Mapping[str, str]
) -> None:
    pulumi(state(("creating", resource("one"))), objects)
    assert lifecycle.up(STACK, confirmed="staging") == 0
    assert ids(tmp_path) == []


def test_the_cluster_is_not_asked_for_objects_that_the_state_has(pulumi: Pulumi, tmp_path: Path) -> None:
    pulumi(state(("creating", resource("one")), resources=(resource("one", id="chat/one"),)))
    assert lifecycle.up(STACK, confirmed="staging") == 0
    assert changes(tmp_path) == [("import", False), ("preview", True), ("up", True)]
    assert not (tmp_path / "asked").exists()


def test_an_update_after_a_run_that_ended_by_itself_does_none_of_this(pulumi: Pulumi, tmp_path: Path) -> None:
    pulumi({"deployment": {"resources": [resource("one", id="chat/one")]}})
    assert lifecycle.up(STACK, confirmed="staging") == 0
    assert changes(tmp_path) == [("preview", False), ("up", False)]


def test_a_preview_leaves_the_state_as_it_is(pulumi: Pulumi, tmp_path: Path) -> None:
    pulumi(state(("creating", resource("one"))), {"one": MARK})
    assert lifecycle.preview(STACK, with_fields=False) == 0
    assert changes(tmp_path) == [("preview", False)]


def test_a_removal_has_the_objects_of_a_killed_run_in_its_plan(
    pulumi: Pulumi, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin.isatty", lambda: False)
    pulumi(state(("creating", resource("one"))), {"one": MARK})
    with pytest.raises(UserError, match="Nothing was changed"):
        lifecycle.down(STACK, purge=True, confirmed="")
    assert changes(tmp_path) == [("import", False), ("destroy", False)]
    assert ids(tmp_path) == ["chat/one"]
    assert lifecycle.down(STACK, purge=True, confirmed="staging") == 0
    assert changes(tmp_path)[2:] == [("destroy", False), ("destroy", False)]


def test_a_removal_stops_if_the_state_cannot_be_changed(pulumi: Pulumi, tmp_path: Path) -> None:
    pulumi(state(("creating", resource("one"))), {"one": MARK})
    (tmp_path / "locked").touch()
    with pytest.raises(UserError, match="The state of the stack staging could not be written"):
        lifecycle.down(STACK, purge=True, confirmed="staging")
    assert changes(tmp_path) == [("import", False)]


def test_the_state_that_another_run_has_changed_meanwhile_is_not_overwritten(pulumi: Pulumi, tmp_path: Path) -> None:
    pulumi(state(("creating", resource("one"))), {"one": MARK})
    (tmp_path / "changing").touch()
    with pytest.raises(UserError, match="Another run has changed the state of the stack staging"):
        lifecycle.up(STACK, confirmed="staging")
    assert changes(tmp_path) == []


def test_the_state_of_a_run_on_another_machine_is_left_to_it(
    pulumi: Pulumi, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pulumi(state(("creating", resource("one"))), {"one": MARK})
    lock = tmp_path / ".pulumi" / "locks" / "organization" / "synergychat" / "staging" / "one.json"
    lock.parent.mkdir(parents=True)
    lock.write_text(json.dumps({"hostname": f"not-{socket.gethostname()}", "pid": os.getpid()}))
    assert lifecycle.up(STACK, confirmed="staging") == 0
    assert changes(tmp_path) == [("preview", False), ("up", False)]
    assert "no run has finished" not in capsys.readouterr().out


def test_operations_stay_in_the_state_when_the_cluster_does_not_answer(
    pulumi: Pulumi, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pulumi(state(("creating", resource("one"))))
    (tmp_path / "objects").unlink()
    assert lifecycle.up(STACK, confirmed="staging") == 0
    assert changes(tmp_path) == [("preview", True), ("up", True)]
    said = capsys.readouterr().out
    assert "The state of the stack staging has operations that no run has finished" in said
    assert "HTTPRoute.gateway.networking.k8s.io/chat/one" in said
    assert "no route to host" in said


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


def test_a_backend_that_does_not_answer_is_named(
    pulumi: Pulumi, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "bin" / "pulumi").write_text("#!/bin/sh\nexec sleep 60\n")
    monkeypatch.setattr(stack, "_STATE_S", 0.2)
    with pytest.raises(UserError) as refused:
        lifecycle.up(STACK, confirmed="staging")
    assert "could not be read" in refused.value.message
    assert tmp_path.as_uri() in (refused.value.fix or "")


DELETIONS = (("deleting", resource("one")), ("deleting", resource("two")))


def test_an_update_waits_for_objects_that_a_killed_run_was_deleting(pulumi: Pulumi, tmp_path: Path) -> None:
    pulumi(state(*DELETIONS))
    (tmp_path / "deleting").write_text("one 2026-03-01T00:00:00Z\n")
    assert lifecycle.up(STACK, confirmed="staging") == 0
    asked = [line.split() for line in (tmp_path / "asked").read_text().splitlines()]
    which = ["HTTPRoute.gateway.networking.k8s.io", "--namespace=chat"]
    assert [(words[0], *(word for word in words if word in ("one", "two"))) for words in asked] == [
        ("get", "one"),
        ("wait", "one"),
        ("get", "two"),
    ]
    assert all(set(which) < set(words) for words in asked)


@pytest.mark.parametrize(
    ("finalizers", "words"),
    [("example.com/a example.com/b", "Its finalizers: example.com/a, example.com/b."), ("", "It has no finalizers.")],
)
def test_one_that_is_not_deleted_in_time_is_named_with_its_finalizers(
    pulumi: Pulumi, tmp_path: Path, finalizers: str, words: str
) -> None:
    pulumi(state(*DELETIONS))
    (tmp_path / "deleting").write_text(f"one 2026-03-01T00:00:00Z {finalizers}\n")
    (tmp_path / "stuck").touch()
    with pytest.raises(UserError) as refused:
        lifecycle.up(STACK, confirmed="staging")
    assert refused.value.message == f"HTTPRoute chat/one is still being deleted after 120 s. {words}"
    command = "get HTTPRoute.gateway.networking.k8s.io one --namespace=chat -o yaml"
    assert f"kubectl --context kind-one {command}" in (refused.value.fix or "")
    assert (tmp_path / "called").read_text().splitlines() == ["stack export --stack staging"]


def test_all_objects_have_one_deadline(pulumi: Pulumi, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = tmp_path / "asked"
    asked.touch()
    monkeypatch.setattr(stack.time, "monotonic", lambda: 100.0 * asked.read_text().count("wait"))
    pulumi(state(*DELETIONS))
    (tmp_path / "deleting").write_text("one 2026-03-01T00:00:00Z\ntwo 2026-03-01T00:00:00Z\n")
    kubectl = tmp_path / "bin" / "kubectl"
    kubectl.write_text(kubectl.read_text().replace(f": > {tmp_path}/deleting", "true"))
    assert lifecycle.up(STACK, confirmed="staging") == 0
    waits = [line for line in asked.read_text().splitlines() if line.startswith("wait")]
    assert [line.split()[-1] for line in waits] == ["--timeout=120s", "--timeout=20s"]
