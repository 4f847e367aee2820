"""Run a program as a stack that is previewed or updated, on a cluster that accepts everything."""

from collections.abc import Callable, Mapping
from typing import Any

from pulumi.runtime.mocks import MockResourceArgs

from plans import recording
from plans.recording import Recording

PROJECT = "synergychat"
ADDRESS = "203.0.113.7"
"""Address of every Gateway."""

UID = "5f2c8f0e-0000-4000-8000-000000000000"
"""UID of every object."""

_STATUS: Mapping[str, Any] = {"Gateway": {"addresses": [{"type": "IPAddress", "value": ADDRESS}]}}
"""Status after an update, by kind."""


def record(program: Callable[[], object], *, preview: bool = False, stack: str = "dev") -> Recording:
    """Run `program` until every resource is registered."""
    return recording.record(program, project=PROJECT, stack=stack, mocks=None if preview else _Update())


class _Update(recording.Preview):
    """Return the inputs of every resource, its ID and its status."""

    def new_resource(self, args: MockResourceArgs) -> tuple[str, dict[str, Any]]:
        if args.typ == "pulumi:index:Stash":
            return super().new_resource(args)
        kind = args.typ.rpartition(":")[2]
        status = {"status": _STATUS[kind]} if kind in _STATUS else {}
        metadata = {"metadata": args.inputs["metadata"] | {"uid": UID}} if "metadata" in args.inputs else {}
        return f"{args.name}-id", args.inputs | metadata | status
