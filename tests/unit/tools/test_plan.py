"""The losses in a plan, and the confirmation of a change on a cluster that make did not start."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from local.errors import UserError
from tools import confirmation, lifecycle
from tools.plan import losses
from tools.stack import Stack

STAGING = Stack("staging", "kind-one", named=True)


def step(operation: str, type_: str, name: str, *, retained: bool = False, **inputs: Any) -> dict[str, Any]:
    metadata = {"name": name, "namespace": "chat"}
    old = {"inputs": {"metadata": metadata, **inputs}, "retainOnDelete": retained}
    urn = f"urn:pulumi:staging::synergychat::kubernetes:{type_}::{name}"
    return {"op": operation, "urn": urn, "type": f"kubernetes:{type_}", "old": old, "new": None}


CLAIM, GATEWAY = "core/v1:PersistentVolumeClaim", "gateway.networking.k8s.io/v1:Gateway"


@pytest.mark.parametrize(
    ("type_", "line"),
    [
        (CLAIM, "delete PersistentVolumeClaim chat/one: its data is lost unless its volume is retained"),
        (
            "core/v1:Namespace",
            "delete Namespace chat/one: with everything in it, also objects that are not of this stack",
        ),
        (
            "apiextensions.k8s.io/v1:CustomResourceDefinition",
            "delete CustomResourceDefinition chat/one: with every object of its kind in the cluster",
        ),
        (GATEWAY, "delete Gateway chat/one: its address may change"),
        ("networking.istio.io/v1:Gateway", None),
        ("apps/v1:Deployment", None),
        ("core/v1:ConfigMap", None),
    ],
)
def test_what_holds_data_or_an_address_is_listed_with_what_is_lost(type_: str, line: str | None) -> None:
    assert list(losses([step("delete", type_, "one")])) == ([line] if line else [])


def test_a_service_is_listed_only_if_it_is_a_load_balancer() -> None:
    balancer = step("delete", "core/v1:Service", "one", spec={"type": "LoadBalancer"})
    inner = step("delete", "core/v1:Service", "two", spec={"type": "ClusterIP"})
    assert list(losses([balancer, inner, step("delete", "core/v1:Service", "three")])) == [
        "delete Service chat/one: its address may change"
    ]


@pytest.mark.parametrize("operation", ["replace", "delete-replaced", "create-replacement"])
def test_a_replacement_is_listed(operation: str) -> None:
    (line,) = losses([step(operation, CLAIM, "one")])
    assert line.startswith("replace PersistentVolumeClaim chat/one: ")


@pytest.mark.parametrize("operation", ["same", "update", "create", "refresh", "read"])
def test_other_operations_lose_nothing(operation: str) -> None:
    assert list(losses([step(operation, CLAIM, "one")])) == []


def test_an_object_that_the_cluster_keeps_is_not_lost() -> None:
    assert list(losses([step("delete", CLAIM, "one", retained=True)])) == []


def test_a_new_object_has_no_old_state() -> None:
    assert list(losses([step("create", CLAIM, "one") | {"old": None}])) == []


def test_an_object_that_another_resource_takes_over_is_listed() -> None:
    route = "gateway.networking.k8s.io/v1:HTTPRoute"
    removed, added = step("delete", route, "web"), step("create", route, "web")
    removed["urn"] = "urn:pulumi:staging::synergychat::synergychat:index:Extras$kubernetes:HTTPRoute::web"
    added |= {"new": added["old"], "old": None, "urn": added["urn"].replace("::web", "::route-web")}
    (line,) = losses([removed, added])
    assert line.startswith("delete HTTPRoute chat/web: the config declares it under another key now")
    assert line.endswith(f": pulumi state delete '{removed['urn']}'")
    assert list(losses([removed, step("create", route, "other") | {"old": None}])) == []


def test_names_that_two_resources_exchange_are_listed() -> None:
    route = "gateway.networking.k8s.io/v1:HTTPRoute"

    def renamed(old: str, new: str) -> list[dict[str, Any]]:
        after = {"inputs": {"metadata": {"name": new, "namespace": "chat"}}}
        return [step(operation, route, old) | {"new": after} for operation in ("create-replacement", "delete-replaced")]

    lines = set(losses([*renamed("web", "api"), *renamed("api", "web")]))
    assert [line.partition(":")[0] for line in sorted(lines)] == [
        "replace HTTPRoute chat/api",
        "replace HTTPRoute chat/web",
    ]
    assert all("give one of the two a third name first" in line for line in lines)
    assert list(losses(renamed("web", "other"))) == []


def test_a_component_that_moves_loses_nothing() -> None:
    component = {"type": "synergychat:index:App", "old": {}, "new": {}}
    urns = [f"urn:pulumi:staging::synergychat::synergychat:index:{parent}App::web" for parent in ("", "Apps$")]
    moved = [component | {"op": op, "urn": urn} for op, urn in zip(("create", "delete"), urns, strict=True)]
    assert list(losses(moved)) == []


@pytest.mark.parametrize("metadata", ["[secret]", {"name": {"a": 1}, "namespace": {"a": 1}}, None])
def test_an_object_whose_name_is_no_text_has_the_name_of_its_resource(metadata: object) -> None:
    of = step("delete", CLAIM, "one")
    of["old"]["inputs"]["metadata"] = metadata
    created = step("create", CLAIM, "two") | {"old": None, "new": {"inputs": "[secret]"}}
    assert list(losses([of, created])) == [
        "delete PersistentVolumeClaim one: its data is lost unless its volume is retained"
    ]


@pytest.fixture
def called(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, without_set_up: None) -> Callable[[], list[str]]:
    """A `pulumi` whose plans delete a claim. Return the commands that it was called with."""
    program = tmp_path / "bin" / "pulumi"
    program.parent.mkdir()
    events = [json.dumps({"resourcePreEvent": {"metadata": step("delete", CLAIM, "one")}})]
    (tmp_path / "events").write_text("\n".join(events))
    (tmp_path / "state").write_text(json.dumps({"deployment": {"resources": [{"type": CLAIM}]}}))
    program.write_text(f"""#!/bin/sh
shift 2
[ "$1 $2" = "stack export" ] && exec cat {tmp_path}/state
echo "$1" >> {tmp_path}/called
echo "the display of $1"
while [ $# -gt 0 ]; do [ "$1" = --event-log ] && cp {tmp_path}/events "$2"; shift; done
exit 0
""")
    program.chmod(0o755)
    monkeypatch.setattr("sys.stdin.isatty", lambda: False)
    return lambda: (tmp_path / "called").read_text().split()


Called = Callable[[], list[str]]


def up(confirmed: str = "") -> int:
    return lifecycle.up(STAGING, confirmed=confirmed)


def purge(confirmed: str = "") -> int:
    return lifecycle.down(STAGING, purge=True, confirmed=confirmed)


@pytest.mark.parametrize(
    ("command", "planned", "typed"),
    [
        (up, "preview", "make up STACK=staging CONTEXT=kind-one CONFIRM=staging"),
        (purge, "destroy", "make down PURGE=1 STACK=staging CONTEXT=kind-one CONFIRM=staging"),
    ],
)
def test_without_a_terminal_the_plan_is_all_that_happens(
    called: Called, command: Callable[..., int], planned: str, typed: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(UserError) as refused:
        command()
    assert refused.value.fix == f"Type: {typed}"
    assert called() == [planned]
    out = capsys.readouterr().out
    assert out.index("delete PersistentVolumeClaim chat/one") < out.index(f"the display of {planned}")


@pytest.mark.parametrize(("command", "steps"), [(up, ["preview", "up"]), (purge, ["destroy", "destroy"])])
def test_confirm_with_the_stacks_name_goes_on(called: Called, command: Callable[..., int], steps: list[str]) -> None:
    assert command("staging") == 0
    assert called() == steps


@pytest.mark.parametrize("state", [{"deployment": {"manifest": {}}}, {}])
def test_a_stack_without_resources_is_removed_without_asking_its_cluster(
    called: Called, tmp_path: Path, state: dict[str, Any]
) -> None:
    (tmp_path / "state").write_text(json.dumps(state))
    with pytest.raises(UserError, match="Nothing was changed"):
        purge()
    assert purge("staging") == 0
    assert not (tmp_path / "called").exists()


@pytest.mark.parametrize("command", [up, purge])
def test_confirm_with_another_name_is_refused_before_anything_runs(
    called: Called, command: Callable[..., int], tmp_path: Path
) -> None:
    with pytest.raises(UserError, match="CONFIRM='prod' does not name the stack of this command: staging"):
        command("prod")
    assert not (tmp_path / "called").exists()


@pytest.mark.parametrize(
    ("command", "answer", "steps"),
    [
        (up, "yes", ["preview", "up"]),
        (up, "staging", None),
        (up, "", None),
        (purge, "staging", ["destroy", "destroy"]),
        (purge, "yes", None),
    ],
)
def test_on_a_terminal_the_answer_decides(
    called: Called,
    command: Callable[..., int],
    answer: str,
    steps: list[str] | None,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("sys.stdin.isatty", lambda: True)
    monkeypatch.setattr("builtins.input", lambda _: answer)
    if steps is None:
        with pytest.raises(UserError, match="Nothing was changed"):
            command()
        assert len(called()) == 1
    else:
        assert command() == 0
        assert called() == steps


def test_a_plan_without_changes_needs_no_answer(called: Called, tmp_path: Path) -> None:
    same = {"resourcePreEvent": {"metadata": step("same", CLAIM, "one")}}
    (tmp_path / "events").write_text(json.dumps(same))
    assert up() == 0
    assert called() == ["preview", "up"]


def test_the_local_cluster_is_never_asked_about() -> None:
    confirmation.check(Stack("dev", "synergychat-local", named=False), "")


def test_a_preview_shows_the_losses_first(called: Called, capsys: pytest.CaptureFixture[str]) -> None:
    assert lifecycle.preview(STAGING, with_fields=False) == 0
    out = capsys.readouterr().out
    assert out.index("delete PersistentVolumeClaim chat/one") < out.index("the display of preview")
