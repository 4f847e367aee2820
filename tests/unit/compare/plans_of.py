"""Plans of a few objects, without a program."""

from collections.abc import Iterable, Sequence
from typing import Any

from compare import Comparison, compare
from plans import Plan, Planned
from tests.cases.builders import Manifest, gateway, namespace, service


def planned(manifest: Manifest, **fields: Any) -> Planned:
    kind, name = manifest["kind"], manifest["metadata"]["name"]
    given = {
        "urn": f"urn:pulumi:dev::chat::kubernetes:{kind}::{name}",
        "name": name,
        "manifest": manifest,
        "delete_before_replace": False,
        "protect": False,
        "retain_on_delete": False,
        "depends_on": frozenset[str](),
        "aliases": frozenset[str](),
    }
    return Planned(**{**given, **fields})


def plan_of(objects: Iterable[Manifest | Planned]) -> Plan:
    return Plan(stack="dev", objects=tuple(each if isinstance(each, Planned) else planned(each) for each in objects))


def compared(base: Sequence[Manifest], head: Sequence[Manifest]) -> Comparison:
    """The comparison of two plans that also have a namespace, a Gateway unless it is given, and two Services."""
    return compare(plan_of(_with_common(base)), plan_of(_with_common(head)))


def _with_common(objects: Sequence[Manifest]) -> list[Manifest]:
    has_gateway = any(each["kind"] == "Gateway" for each in objects)
    return [namespace(), *([] if has_gateway else [gateway()]), service(), service("api"), *objects]
