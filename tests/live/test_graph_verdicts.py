"""What Envoy Gateway says, once they are applied, to the sets of objects that the checks judge without a cluster."""

import json
from collections.abc import Iterator, Sequence
from contextlib import suppress
from functools import partial
from typing import Any

import pytest

from tests.cases.builders import HERE, SYSTEM, THERE, Wire, namespace
from tests.cases.cases import CASES, CLASSES, SILENT, Case
from tests.live.stack import LiveStack
from tests.live.waiting import wait_until

_KINDS = (
    "gateways,listenersets,httproutes,grpcroutes,tlsroutes,tcproutes,udproutes,backends,backendtrafficpolicies,"
    "clienttrafficpolicies,envoyextensionpolicies,envoypatchpolicies,securitypolicies"
)
_BAD = ("Accepted=False", "ResolvedRefs=False", "Conflicted=True", "RouteRulesOverlap=True", "PartiallyInvalid=True")
_LABEL = {"verdicts": "graph"}
_NUMBERED = tuple(enumerate(CASES.values()))

Verdicts = dict[str, list[str]]
"""By namespace, what is said: `Kind name: Condition=Status Reason`, or nothing."""


@pytest.fixture(scope="module")
def verdicts(stack: LiveStack) -> Iterator[Verdicts]:
    """On every set, as soon as each has its verdict of the table; else after a minute, as it is then."""
    latest: Verdicts = {}

    def as_told(cases: Sequence[tuple[int, Case]]) -> bool:
        latest.clear()
        for wire in json.loads(stack.kubectl("get", _KINDS, "-A", "-o", "json"))["items"]:
            latest.setdefault(wire["metadata"]["namespace"], []).extend(_said(wire))
        return all(_agrees(case, _on(latest, number)) for number, case in cases)

    stack.apply(*CLASSES)
    patches = [each for each in _NUMBERED if any(wire["kind"] == "EnvoyPatchPolicy" for wire in each[1].objects)]
    others = [each for each in _NUMBERED if each not in patches]
    stack.apply(*(wire for number, case in others for wire in _placed(case, number)))
    with suppress(AssertionError):  # a test of its own says which set it is
        wait_until(partial(as_told, others))
    # Envoy Gateway 1.9.1 forgets what it has to say of an EnvoyPatchPolicy when it translates another Gateway before
    # that is written, and says it only of a changed one: each change is another chance.
    for priority in range(1, 10):
        stack.apply(*(_of_priority(priority, wire) for number, case in patches for wire in _placed(case, number)))
        with suppress(AssertionError):
            wait_until(partial(as_told, patches), patience_s=5)
            break
    yield latest
    stack.kubectl("delete", "namespaces", "-l", "verdicts=graph", "--wait=false")
    for wire in reversed(CLASSES):
        stack.kubectl("delete", wire["kind"], wire["metadata"]["name"], "-n", SYSTEM, "--wait=false")


@pytest.mark.parametrize(("number", "case"), _NUMBERED, ids=CASES.keys())
def test_envoy_gateway_says_to_a_set_of_objects_what_the_table_says(
    verdicts: Verdicts, number: int, case: Case
) -> None:
    said = _on(verdicts, number)
    assert _agrees(case, said), f"not {case.said or 'all is well'}, but {said}"


def _agrees(case: Case, said: Sequence[str]) -> bool:
    if case.said == SILENT:
        return f"{case.mistake.partition(':')[0]}: {SILENT}" in said
    if case.said:
        return case.said in said
    # No pod is behind the Services of the table.
    others = [each for each in said if not each.endswith("EndpointsNotFound")]
    return bool(said) and not any(bad in each for each in others for bad in (*_BAD, SILENT))


def _of_priority(priority: int, wire: Wire) -> Wire:
    return wire | {"spec": wire["spec"] | {"priority": priority}} if wire["kind"] == "EnvoyPatchPolicy" else wire


def _on(verdicts: Verdicts, number: int) -> list[str]:
    return [*verdicts.get(_place(HERE, number), []), *verdicts.get(_place(THERE, number), [])]


def _placed(case: Case, number: int) -> Iterator[Wire]:
    """The objects in namespaces of their own."""
    yield namespace(_place(HERE, number), **_LABEL)
    if THERE in str(case.objects):
        yield namespace(_place(THERE, number), team="sales", **_LABEL)
    yield from (_renamed(wire, number) for wire in case.objects)


def _renamed(value: Any, number: int) -> Any:
    if isinstance(value, dict):
        return {key: _renamed(each, number) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_renamed(each, number) for each in value]
    return _place(value, number) if value in (HERE, THERE) else value


def _place(name: str, number: int) -> str:
    return f"{name}-{number}"


def _said(wire: Wire) -> Iterator[str]:
    """By every condition of the object and of its listeners that is of the current generation."""
    status = wire.get("status", {})
    subject = f"{wire['kind']} {wire['metadata']['name']}"
    places = [("", status), *((f"/{each['name']}", each) for each in status.get("listeners", []))]
    places += [("", each) for each in (*status.get("parents", []), *status.get("ancestors", []))]
    said = [
        f"{subject}{part}: {condition['type']}={condition['status']} {condition['reason']}"
        for part, place in places
        for condition in place.get("conditions", [])
        if condition.get("observedGeneration") == wire["metadata"]["generation"]
    ]
    waiting = len(status.get("parents", [])) < len(wire["spec"].get("parentRefs", []))
    yield from [f"{subject}: {SILENT}"] if waiting or not said else said
