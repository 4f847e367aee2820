"""Runs Pulumi code with no engine and no cluster, and keeps what it would have told the engine."""

import asyncio
import logging
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, NoReturn
from unittest import mock

import pulumi
import pulumi.runtime.settings
from pulumi.runtime import rpc
from pulumi.runtime.mocks import MockCallArgs, MockMonitor, MockResourceArgs, Mocks
from pulumi.runtime.proto.source_pb2 import StackTrace

PROJECT = "synergychat"
UNKNOWN = "<known after up>"
"""What a value reads as that a preview cannot know."""


@dataclass(frozen=True)
class Secret:
    """What the engine is told to keep encrypted, and to show to nobody."""

    value: Any


ADDRESS = "203.0.113.7"
"""The address that Gateways get here."""

UID = "5f2c8f0e-0000-4000-8000-000000000000"
"""What the API server calls every object here."""

# What a controller or the API server would write after an update, by kind.
_STATUS: Mapping[str, Any] = {"Gateway": {"addresses": [{"type": "IPAddress", "value": ADDRESS}]}}


@dataclass(frozen=True, kw_only=True)
class Recorded:
    """One resource as it was registered; others are named by their URN."""

    urn: str
    type: str
    name: str
    parent: str
    provider: str
    """Empty for components and for the provider itself."""
    inputs: dict[str, Any]
    depends_on: frozenset[str]
    """All that it waits for, whether named by `depends_on` or by a value."""
    delete_before_replace: bool
    ignored_changes: tuple[str, ...]
    protect: bool
    timeouts: dict[str, str]

    @property
    def kind(self) -> str:
        return self.type.rpartition(":")[2]

    @property
    def is_kubernetes(self) -> bool:
        return self.type.startswith("kubernetes:")


@dataclass
class Recording:
    resources: dict[str, Recorded] = field(default_factory=dict[str, Recorded])
    """By URN."""
    outputs: dict[str, dict[str, Any]] = field(default_factory=dict[str, dict[str, Any]])
    """What components registered, by URN; the stack's own are its exports."""
    log: list[str] = field(default_factory=list[str])
    """Warnings and errors."""
    exit_code: object = None
    """None when the program ran to its end, else what it gave up with."""

    def end(self, code: int) -> NoReturn:
        """The program's process is gone: what it had declared and not sent, it never will."""
        self.exit_code = code
        raise SystemExit(code)

    def __getitem__(self, name: str) -> Recorded:
        """The one resource of this name."""
        (found,) = [resource for resource in self if resource.name == name]
        return found

    def __iter__(self) -> Iterator[Recorded]:
        return iter(sorted(self.resources.values(), key=lambda resource: resource.urn))

    @property
    def kubernetes(self) -> list[Recorded]:
        return [resource for resource in self if resource.is_kubernetes]

    @property
    def exports(self) -> dict[str, Any]:
        (found,) = [outputs for urn, outputs in self.outputs.items() if "::pulumi:pulumi:Stack::" in urn]
        return found

    def of_kind(self, kind: str) -> list[Recorded]:
        return [resource for resource in self.kubernetes if resource.kind == kind]

    def waits_for(self, later: str, earlier: str) -> bool:
        """Whether the resource named `later` comes after `earlier`, directly or by way of others."""
        goal, seen, open_ends = self[earlier].urn, set[str](), [self[later].urn]
        while open_ends:
            urn = open_ends.pop()
            if urn not in seen:
                seen.add(urn)
                open_ends.extend(self.resources[urn].depends_on)
        return goal in seen and later != earlier


def record(program: Callable[[], object], *, preview: bool = False, stack: str = "dev") -> Recording:
    """Run `program` as the whole of a stack, as Pulumi's language host does, until all is registered."""
    recording = Recording()
    logger = logging.Logger("pulumi", logging.WARNING)
    logger.addHandler(_Collector(recording.log))

    async def run() -> None:
        mocks = _Echo(preview)
        monitor = _Monitor(mocks, stack, recording)
        pulumi.runtime.set_mocks(mocks, PROJECT, stack, preview, logger, monitor)
        # It made a stack of its own, whose exports nobody registers; running in a stack makes the real one.
        pulumi.runtime.settings.set_root_resource(None)  # type: ignore[arg-type] # the SDK has no way to unset it
        recording.resources.clear()
        await pulumi.runtime.run_in_stack(lambda: (program(), None)[1])

    try:
        # The mocks have no engine that could call a hook back.
        hooks = mock.patch("pulumi.resource_hooks.register_error_hook", _registered)
        # Where in the sources each resource is made is for the engine; to find it takes a sixth of a run.
        traces = mock.patch("pulumi.runtime.resource._get_stack_trace", StackTrace)
        with hooks, traces, mock.patch("os._exit", recording.end):
            asyncio.run(run())
    except SystemExit as error:
        assert error.code == recording.exit_code
    finally:
        # The SDK keeps unfinished tasks for all loops in one set: those of a failed run would hang the next one.
        pulumi.runtime.settings.SETTINGS.outputs.clear()  # type: ignore[attr-defined] # a property that is made at run time
    return recording


def _registered(_: object) -> asyncio.Future[None]:
    done = asyncio.get_running_loop().create_future()
    done.set_result(None)
    return done


class _Echo(Mocks):
    """Says of every resource what was asked for, and in an update its identifier and status."""

    # Handed over: the SDK asks in threads that have none of the run's settings.
    def __init__(self, preview: bool) -> None:
        self._preview = preview

    def new_resource(self, args: MockResourceArgs) -> tuple[str, dict[str, Any]]:
        if self._preview:
            return "", args.inputs
        kind = args.typ.rpartition(":")[2]
        status = {"status": _STATUS[kind]} if kind in _STATUS else {}
        metadata = {"metadata": args.inputs["metadata"] | {"uid": UID}} if "metadata" in args.inputs else {}
        return f"{args.name}-id", args.inputs | metadata | status

    def call(self, args: MockCallArgs) -> tuple[dict[str, Any], None]:
        raise NotImplementedError(f"the program asks a provider for {args.token}: no cluster can be read in a preview")


class _Monitor(MockMonitor):
    """Mocks hear nothing of parents, order and outputs. The requests to the engine have all of them."""

    def __init__(self, mocks: Mocks, stack: str, recording: Recording) -> None:
        super().__init__(mocks)
        self._stack = stack
        self._recording = recording

    def make_urn(self, parent: str, type_: str, name: str) -> str:
        """As the engine makes it, with the types of all ancestors but the stack's; the SDK's mock has only one."""
        above = parent.split("::")[2] if parent else ""
        qualified = type_ if above in ("", "pulumi:pulumi:Stack") else f"{above}${type_}"
        return f"urn:pulumi:{self._stack}::{PROJECT}::{qualified}::{name}"

    def RegisterResource(self, request: Any) -> Any:
        answer = super().RegisterResource(request)
        if request.type == "pulumi:pulumi:Stack" or self._recording.exit_code is not None:
            return answer
        if answer.urn in self._recording.resources:
            raise ValueError(f"{answer.urn} is registered twice")
        timeouts = request.customTimeouts
        self._recording.resources[answer.urn] = Recorded(
            urn=answer.urn,
            type=request.type,
            name=request.name,
            parent=request.parent,
            provider=request.provider.rpartition("::")[0],
            inputs=_plain(request.object),
            depends_on=frozenset(request.dependencies),
            delete_before_replace=request.deleteBeforeReplace,
            ignored_changes=tuple(request.ignoreChanges),
            protect=request.protect,
            timeouts={key: getattr(timeouts, key) for key in ("create", "update", "delete") if getattr(timeouts, key)},
        )
        return answer

    def RegisterResourceOutputs(self, request: Any) -> Any:
        if outputs := _plain(request.outputs):
            self._recording.outputs[request.urn] = outputs
        return super().RegisterResourceOutputs(request)


class _Collector(logging.Handler):
    def __init__(self, lines: list[str]) -> None:
        super().__init__()
        self._lines = lines

    def emit(self, record: logging.LogRecord) -> None:
        self._lines.append(record.getMessage())


def _plain(struct: Any) -> Any:
    """Keys in order and whole numbers as such (protobuf knows neither), and a word for what is not known."""

    def visit(value: Any) -> Any:
        if isinstance(value, pulumi.output.Unknown):
            return UNKNOWN
        if rpc.is_rpc_secret(value):
            return Secret(visit(rpc.unwrap_rpc_secret(value)))
        if isinstance(value, dict):
            return {key: visit(value[key]) for key in sorted(value)}
        if isinstance(value, list):
            return [visit(item) for item in value]
        return int(value) if isinstance(value, float) and value.is_integer() else value

    return visit(rpc.deserialize_properties(struct, keep_unknowns=True))
