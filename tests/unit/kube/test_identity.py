"""Identity: a run is refused on another cluster, and before it takes objects that are not the stack's own."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any
from unittest import mock

import pulumi
import pytest

from kube import identity
from kube.manifest import ObjectName
from tests.unit.kube.clusters import CONTEXT, FakeCluster

MAP, NAMESPACE, ROUTE = "ConfigMap/chat/page", "Namespace/chat", "HTTPRoute.gateway.networking.k8s.io/chat/web"
OURS = "organization/synergychat/dev/ours"
THEIRS = "organization/synergychat/dev/theirs"


def record(*objects: str, cluster: str | None = "uid-of-kube-system") -> dict[str, Any]:
    return {"input": {"id": "ours", "cluster": cluster, "objects": list(objects)}}


def in_state(*objects: tuple[str, str]) -> dict[str, Any]:
    """The answer of the engine for a state with these objects, by path and UID."""

    def manifest(path: str, uid: str) -> dict[str, Any]:
        name = ObjectName.from_path(path)
        namespace = {"namespace": name.namespace} if name.namespace else {}
        version = f"{name.group}/v1".removeprefix("/")
        return {"apiVersion": version, "kind": name.kind, "metadata": {"name": name.name, "uid": uid} | namespace}

    component = {"urn:component": {"type": "synergychat:index:Chat", "outputs": {}}}
    kubernetes = {
        f"urn:{path}": {"type": "kubernetes:core/v1:Any", "outputs": manifest(path, uid)} for path, uid in objects
    }
    return {"outputs": component | kubernetes}


def refusal(
    cluster: FakeCluster,
    *,
    new: Mapping[str, Any],
    old: Mapping[str, Any] | None = None,
    state: Mapping[str, Any] | None = None,
    adopt: Sequence[str] = (),
    is_reachable: bool = True,
) -> str:
    """The message with which the run ends; empty when it goes on."""
    logged: list[str] = []

    async def run() -> None:
        live: asyncio.Future[str | None] = asyncio.get_running_loop().create_future()
        live.set_result(cluster.uid if is_reachable else None)
        checks = identity._Checks(CONTEXT, adopt, live)  # type: ignore[reportPrivateUsage]
        await checks.new_objects(mock.Mock(new_inputs=new, old_inputs=old))

    async def invoke(_: str, arguments: Mapping[str, str]) -> Mapping[str, Any]:
        assert arguments == {"stackName": "organization/synergychat/dev"}
        assert state is not None, "the state is read in a run that does not need it"
        return state

    with (
        mock.patch.object(identity, "kubectl", lambda _: cluster.run),
        mock.patch.object(pulumi, "get_stack", lambda: "dev"),
        mock.patch.object(pulumi, "get_project", lambda: "synergychat"),
        mock.patch.object(pulumi, "get_organization", lambda: "organization"),
        mock.patch.object(pulumi.runtime, "invoke_async", invoke),
        mock.patch.object(pulumi.log, "error", logged.append),
        mock.patch.object(pulumi.log, "warn", lambda text: logged.append(f"warning: {text}")),
    ):
        try:
            asyncio.run(run())
        except identity.Refused:
            assert logged
            return "\n".join(logged)
    assert not [line for line in logged if not line.startswith("warning: ")]
    return "\n".join(logged)


# Objects


def test_a_new_stack_on_a_cluster_without_its_objects_goes_on() -> None:
    other = {"ConfigMap/chat/other": ("1", ""), "ConfigMap/elsewhere/page": ("2", THEIRS)}
    assert refusal(FakeCluster(objects=other), new=record(MAP, NAMESPACE), state=in_state()) == ""


def test_an_object_that_no_stack_created_is_refused_with_the_key_that_adopts_it() -> None:
    message = refusal(FakeCluster(objects={NAMESPACE: ("1", "")}), new=record(MAP, NAMESPACE), state=in_state())
    assert f"{NAMESPACE}: exists on the cluster, and has no mark of a stack [object-without-stack]" in message
    assert "add them to the list synergychat:adopt in Pulumi.dev.yaml" in message
    assert "1 problem in stack dev" in message


def test_the_second_of_two_people_with_one_stack_name_is_refused_with_the_owner() -> None:
    message = refusal(FakeCluster(objects={MAP: ("1", THEIRS)}), new=record(MAP), state=in_state())
    assert f"{MAP}: exists on the cluster, and belongs to the stack {THEIRS} [object-of-other-stack]" in message


def test_all_objects_of_others_are_in_one_message() -> None:
    live = {MAP: ("1", THEIRS), NAMESPACE: ("2", ""), ROUTE: ("3", OURS)}
    message = refusal(FakeCluster(objects=live), new=record(*live), state=in_state())
    assert message.startswith("2 problems in stack dev:")


@pytest.mark.parametrize("adopt", [[MAP, NAMESPACE], ["ConfigMap/*", "Namespace/ch?t"], ["*"]])
def test_what_the_config_adopts_may_exist(adopt: list[str]) -> None:
    live = {MAP: ("1", THEIRS), NAMESPACE: ("2", "")}
    assert refusal(FakeCluster(objects=live), new=record(*live), state=in_state(), adopt=adopt) == ""


def test_what_a_killed_run_created_is_the_stacks_own() -> None:
    assert refusal(FakeCluster(objects={MAP: ("1", OURS)}), new=record(MAP), state=in_state()) == ""


def test_only_new_objects_are_checked_once_the_state_has_the_record() -> None:
    live = {MAP: ("1", THEIRS), ROUTE: ("2", THEIRS)}
    message = refusal(FakeCluster(objects=live), new=record(MAP, ROUTE), old=record(MAP))
    assert ROUTE in message
    assert MAP not in message


def test_a_run_that_only_deletes_objects_lists_none() -> None:
    cluster = FakeCluster()
    assert refusal(cluster, new=record(MAP), old=record(MAP, ROUTE)) == ""
    assert cluster.asked == []


def test_a_thousand_objects_take_one_list_per_namespace() -> None:
    names = [f"ConfigMap/chat/{number}" for number in range(1000)]
    cluster = FakeCluster(objects=dict.fromkeys(names, ("1", "")))
    message = refusal(cluster, new=record(*names, ROUTE, NAMESPACE), state=in_state())
    assert message.startswith("1000 problems")
    lists = [arguments for arguments in cluster.asked if arguments[0] == "get"]
    assert sorted(arguments[1:4:2] for arguments in lists)[0] == (
        "configmaps,httproutes.gateway.networking.k8s.io",
        "chat",
    )
    assert len(lists) == 2
    assert all("--request-timeout" in arguments for arguments in cluster.asked)


def test_no_contents_are_read_because_an_object_may_be_a_secret() -> None:
    cluster = FakeCluster()
    refusal(cluster, new=record("Secret/chat/users"), state=in_state())
    (output,) = [arguments[arguments.index("--output") + 1] for arguments in cluster.asked if arguments[0] == "get"]
    assert output.startswith("jsonpath=")
    assert "data" not in output.replace("metadata", "")


def test_kinds_that_the_cluster_does_not_have_are_not_listed() -> None:
    cluster = FakeCluster()
    assert refusal(cluster, new=record("TCPRoute.gateway.networking.k8s.io/chat/x"), state=in_state()) == ""
    assert [arguments for arguments in cluster.asked if arguments[0] == "get"] == []


def test_a_kind_that_may_not_be_listed_is_a_warning_and_the_others_are_checked() -> None:
    live = {MAP: ("1", THEIRS), "Secret/chat/users": ("2", THEIRS)}
    cluster = FakeCluster(objects=live, forbidden=("secrets",))
    message = refusal(cluster, new=record(*live), state=in_state())
    assert message.startswith("warning: ")
    assert "secrets is forbidden" in message
    assert f"{MAP}: " in message


def test_a_cluster_that_stops_answering_is_a_warning() -> None:
    message = refusal(FakeCluster(is_silent=True), new=record(MAP), state=in_state())
    assert message.startswith("warning: ")
    assert "timeout" in message


def test_without_a_cluster_nothing_is_asked() -> None:
    cluster = FakeCluster(objects={MAP: ("1", THEIRS)})
    assert refusal(cluster, new=record(MAP), is_reachable=False) == ""
    assert cluster.asked == []


# The cluster


def test_an_old_state_is_taken_over_silently_when_the_cluster_has_its_objects() -> None:
    live = {MAP: ("1", ""), NAMESPACE: ("2", ""), "ConfigMap/chat/new": ("9", OURS)}
    # One was deleted and created again by hand: it has another UID.
    state = in_state((MAP, "1"), (NAMESPACE, "recreated"))
    assert refusal(FakeCluster(objects=live), new=record(*live), state=state) == ""


def test_an_old_state_whose_objects_belong_to_another_stack_by_now_is_refused() -> None:
    live = {MAP: ("1", THEIRS), NAMESPACE: ("2", "")}
    message = refusal(FakeCluster(objects=live), new=record(*live), state=in_state((MAP, "1"), (NAMESPACE, "2")))
    assert f"{MAP}: exists on the cluster, and belongs to the stack {THEIRS}" in message


@pytest.mark.parametrize("live", [{}, {MAP: ("of another", "")}])
def test_an_old_state_with_no_object_on_the_cluster_is_refused(live: dict[str, tuple[str, str]]) -> None:
    message = refusal(FakeCluster(objects=live), new=record(MAP), state=in_state((MAP, "1"), (NAMESPACE, "2")))
    assert "has none of the 2 objects in the state of the stack" in message
    assert "pulumi state delete --all --force --stack dev" in message
    assert "adopt" not in message


@pytest.mark.parametrize("new", [record(MAP), record(MAP, ROUTE)])
def test_another_cluster_is_refused_before_the_new_names_are_recorded(new: dict[str, Any]) -> None:
    message = refusal(FakeCluster(uid="new"), new=new, old=record(MAP, cluster="old"))
    assert "the UID of its namespace kube-system is new, and was old [cluster-changed]" in message


@pytest.mark.parametrize("recorded", ["uid-of-kube-system", None])
def test_the_same_cluster_or_one_that_was_not_recorded_goes_on(recorded: str | None) -> None:
    assert refusal(FakeCluster(), new=record(MAP), old=record(cluster=recorded)) == ""


@pytest.mark.parametrize(("live", "codes"), [("uid-1", []), (None, []), ("uid-2", ["cluster-changed"])])
def test_a_run_without_new_objects_is_refused_on_another_cluster_too(live: str | None, codes: list[str]) -> None:
    ended: list[str] = []
    with (
        mock.patch.object(identity, "stop", ended.append),
        mock.patch.object(pulumi, "get_stack", lambda: "dev"),
    ):
        checks = identity._Checks(CONTEXT, (), mock.Mock())  # type: ignore[reportPrivateUsage]
        assert checks.cluster({"cluster": "uid-1"}, live) == CONTEXT
    assert [code for message in ended for code in ("cluster-changed",) if f"[{code}]" in message] == codes


def test_the_command_that_empties_the_state_names_a_backend_without_a_password(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("PULUMI_BACKEND_URL", "file:///home/user/state")
    monkeypatch.setenv("PULUMI_CONFIG_PASSPHRASE", "")
    message = refusal(FakeCluster(uid="new"), new=record(), old=record(cluster="old"))
    named = "PULUMI_BACKEND_URL='file:///home/user/state' PULUMI_CONFIG_PASSPHRASE=''"
    assert f"type: {named} pulumi state delete --all" in message
    monkeypatch.setenv("PULUMI_CONFIG_PASSPHRASE_FILE", "/home/user/phrase")
    message = refusal(FakeCluster(uid="new"), new=record(), old=record(cluster="old"))
    assert "PULUMI_CONFIG_PASSPHRASE_FILE='/home/user/phrase' pulumi state delete --all" in message
    monkeypatch.setenv("PULUMI_BACKEND_URL", "postgres://ada:secret@db.example.com/state")
    assert "secret" not in refusal(FakeCluster(uid="new"), new=record(), old=record(cluster="old"))
