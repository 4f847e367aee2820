"""Run a Pulumi program without an engine and a cluster, and record what it registers."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, NoReturn
from unittest import mock

import pulumi
import pulumi.runtime.settings
import pulumi.runtime.stack
from google.protobuf import json_format
from pulumi.runtime import rpc
from pulumi.runtime.mocks import MockCallArgs, MockMonitor, MockResourceArgs, Mocks
from pulumi.runtime.proto.source_pb2 import StackTrace

UNKNOWN = "<known after up>"
"""A value that a preview does not know."""


@dataclass(frozen=True)
class Secret:
    """A value that the engine keeps encrypted and never shows."""

    value: Any


@dataclass(frozen=True, kw_only=True)
class Recorded:
    """One registered resource. It refers to other resources by their URNs."""

    urn: str
    type: str
    name: str
    parent: str
    provider: str
    """Empty for components and for the provider itself."""
    inputs: dict[str, Any]
    depends_on: frozenset[str]
    """Resources that it comes after, by `depends_on` or because a value of theirs is used."""
    delete_before_replace: bool
    ignored_changes: tuple[str, ...]
    protect: bool
    retain_on_delete: bool
    aliases: frozenset[str]
    """URNs that it had before by its own aliases. The engine derives those of its children from them."""
    timeouts: dict[str, str]
    before_create: frozenset[str]
    """Names of the hooks that run before it is created."""

    @property
    def kind(self) -> str:
        return self.type.rpartition(":")[2]

    @property
    def is_kubernetes(self) -> bool:
        return self.type.startswith("kubernetes:")


@dataclass
class Recording:
    resources: dict[str, Recorded] = field(default_factory=dict[str, Recorded])
    """All resources by URN."""
    outputs: dict[str, dict[str, Any]] = field(default_factory=dict[str, dict[str, Any]])
    """Outputs of components by URN; those of the stack are its exports."""
    log: list[str] = field(default_factory=list[str])
    """Warnings and errors."""
    exit_code: int | None = None
    """Exit code; None when the program ran to its end."""

    def end(self, code: int) -> NoReturn:
        """Stand in for `os._exit`: resources that are declared but not yet registered never will be."""
        self.exit_code = code
        raise SystemExit(code)

    def unless_ended(self, wait: Callable[..., Awaitable[None]]) -> Callable[..., Awaitable[None]]:
        """The same function, which does nothing once the program has ended."""

        async def waiting(*arguments: Any) -> None:
            if self.exit_code is None:
                await wait(*arguments)

        return waiting

    def __getitem__(self, name: str) -> Recorded:
        """The only resource with this name."""
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
        """Whether the resource `later` comes after `earlier`, directly or through other resources."""
        goal, seen, queue = self[earlier].urn, set[str](), [self[later].urn]
        while queue:
            urn = queue.pop()
            if urn not in seen:
                seen.add(urn)
                queue.extend(self.resources[urn].depends_on)
        return goal in seen and later != earlier


class Preview(Mocks):
    """Answer as the engine does in a preview: a new resource has its inputs, and neither an ID nor a UID yet."""

    def new_resource(self, args: MockResourceArgs) -> tuple[str, dict[str, Any]]:
        if args.typ == "pulumi:index:Stash":
            return f"{args.name}-id", args.inputs | {"output": args.inputs["input"]}
        metadata = {"metadata": args.inputs["metadata"] | {"uid": rpc.UNKNOWN}} if "metadata" in args.inputs else {}
        return "", args.inputs | metadata

    def call(self, args: MockCallArgs) -> tuple[dict[str, Any], None]:
        raise NotImplementedError(f"the program calls {args.token}: without an engine nothing answers")


def record(program: Callable[[], object], *, project: str, stack: str, mocks: Mocks | None = None) -> Recording:
    """Run `program` as a whole stack, as Pulumi's language host does, until every resource is registered.

    `mocks` answer for the engine. Without them it is a preview.
    """
    recording = Recording()
    preview = mocks is None
    logger = logging.Logger("pulumi", logging.WARNING)
    logger.addHandler(_Collector(recording.log))

    async def run() -> None:
        answers = Preview() if mocks is None else mocks
        monitor = _Monitor(answers, project, stack, recording)
        pulumi.runtime.set_mocks(answers, project, stack, preview, logger, monitor, "organization")
        # set_mocks made a stack whose exports nobody registers; run_in_stack makes the real one.
        pulumi.runtime.settings.set_root_resource(None)  # type: ignore[arg-type] # the SDK has no way to unset it
        recording.resources.clear()
        await pulumi.runtime.run_in_stack(lambda: (program(), None)[1])

    try:
        # The mocks have no engine that could call a hook.
        error_hooks = mock.patch("pulumi.resource_hooks.register_error_hook", _registered)
        hooks = mock.patch("pulumi.resource_hooks.register_resource_hook", _registered)
        # Only the engine needs stack traces; collecting them takes a sixth of a run.
        traces = mock.patch("pulumi.runtime.resource._get_stack_trace", StackTrace)
        # A process that has ended waits for nothing.
        wait = recording.unless_ended(pulumi.runtime.stack.wait_for_rpcs)
        waiting = mock.patch("pulumi.runtime.stack.wait_for_rpcs", wait)
        with error_hooks, hooks, traces, waiting, mock.patch("os._exit", recording.end):
            asyncio.run(run())
    except SystemExit as error:
        if error.code != recording.exit_code:
            raise
    finally:
        # The SDK keeps unfinished tasks of all event loops in one set: those of a failed run would hang the next one.
        pulumi.runtime.settings.SETTINGS.outputs.clear()  # type: ignore[attr-defined] # a property that is made at run time
    return recording


def _registered(_: object) -> asyncio.Future[None]:
    done = asyncio.get_running_loop().create_future()
    done.set_result(None)
    return done


class _Monitor(MockMonitor):
    """Record the requests to the engine, which have the parents, order and outputs that mocks do not get."""

    def __init__(self, mocks: Mocks, project: str, stack: str, recording: Recording) -> None:
        super().__init__(mocks)
        self._project = project
        self._stack = stack
        self._recording = recording

    def make_urn(self, parent: str, type_: str, name: str) -> str:
        """The URN as the engine makes it: with the types of all ancestors. The SDK's mock has only one of them."""
        above = parent.split("::")[2] if parent else ""
        qualified = type_ if above in ("", "pulumi:pulumi:Stack") else f"{above}${type_}"
        return f"urn:pulumi:{self._stack}::{self._project}::{qualified}::{name}"

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
            retain_on_delete=request.retainOnDelete,
            aliases=frozenset(self._alias(alias.spec, answer.urn, request) for alias in request.aliases),
            timeouts={key: getattr(timeouts, key) for key in ("create", "update", "delete") if getattr(timeouts, key)},
            before_create=frozenset(request.hooks.before_create),
        )
        return answer

    def _alias(self, spec: Any, urn: str, request: Any) -> str:
        """The URN that an alias stands for: what it does not name is the same as today."""
        parent = "" if spec.noParent else spec.parentUrn or request.parent
        return self.make_urn(parent, spec.type or request.type, spec.name or request.name)

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
    """A struct as plain JSON: sorted keys, whole numbers as int, UNKNOWN and Secret for special values.

    The SDK's own reader makes a whole dict secret if one value in it is.
    """

    def visit(value: Any) -> Any:
        if isinstance(value, str):
            return UNKNOWN if value == rpc.UNKNOWN else value
        if isinstance(value, dict):
            if value.get(rpc._special_sig_key) == rpc._special_secret_sig:
                return Secret(visit(value["value"]))
            return {key: visit(value[key]) for key in sorted(value)}
        if isinstance(value, list):
            return [visit(item) for item in value]
        return int(value) if isinstance(value, float) and value.is_integer() else value

    return visit(json_format.MessageToDict(struct))
