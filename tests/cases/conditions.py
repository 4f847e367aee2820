"""Conditions: what a status says, in the words of the cases."""

from collections.abc import Iterator, Sequence

from tests.cases.builders import Manifest
from tests.cases.case import SILENT, Case

_BAD = ("Accepted=False", "ResolvedRefs=False", "Conflicted=True", "RouteRulesOverlap=True", "PartiallyInvalid=True")


def conditions(manifest: Manifest) -> Iterator[str]:
    """Every condition of the current generation of an object and of its listeners."""
    status = manifest.get("status", {})
    subject = f"{manifest['kind']} {manifest['metadata']['name']}"
    places = [("", status), *((f"/{listener['name']}", listener) for listener in status.get("listeners") or ())]
    places += [("", place) for place in (*(status.get("parents") or ()), *(status.get("ancestors") or ()))]
    found = [
        f"{subject}{part}: {condition['type']}={condition['status']} {condition['reason']}"
        for part, place in places
        for condition in place.get("conditions") or ()
        if condition.get("observedGeneration") == manifest["metadata"]["generation"]
    ]
    is_waiting = len(status.get("parents") or ()) < len(manifest["spec"].get("parentRefs", []))
    yield from [f"{subject}: {SILENT}"] if is_waiting or not found else found


def agrees(case: Case, found: Sequence[str]) -> bool:
    """Whether these conditions are what the case expects."""
    if case.envoy_gateway == SILENT:
        return case.problem is not None and f"{case.problem.object}: {SILENT}" in found
    if case.envoy_gateway:
        return case.envoy_gateway in found
    # No pod is behind the Services of the cases.
    others = [condition for condition in found if not condition.endswith("EndpointsNotFound")]
    return bool(found) and not any(bad in condition for condition in others for bad in (*_BAD, SILENT))
