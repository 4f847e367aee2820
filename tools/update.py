"""Run `pulumi up`: with Pulumi's own display on a terminal, else with a log that a person can read.

Pulumi's own log without a terminal repeats the status of an object whenever the provider polls it. The log here is made
from the events that `pulumi up --json` prints.
"""

import json
import re
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Self

from diagnostics.terminal import printable
from kube.read import read
from tools.stack import Stack

_DONE = {
    "create": "created",
    "update": "updated",
    "create-replacement": "replaced",
    "delete": "deleted",
    "import": "imported",
}
_COUNTED = {"create": "+ {} created", "update": "~ {} updated", "replace": "+-{} replaced", "delete": "- {} deleted"}
_COUNTED |= {"import": "= {} imported", "same": "{} unchanged"}
_PROVIDERS_OWN = {"Job": "Complete"}
"""Conditions that the provider waits for by itself, where another word than Ready names them."""


def run(stack: Stack, *, refresh: bool = False) -> int:
    """Update the stack and return Pulumi's exit code. `refresh` compares the state with the cluster first."""
    options = ("--yes", "--skip-preview", *(["--refresh"] if refresh else []))
    command = ("up", *options, "--stack", stack.name, *stack.configuration())
    if sys.stdout.isatty():
        return stack.pulumi(*command).returncode
    title, log, started = f"update the stack {stack.name}", UpdateLog(), time.monotonic()
    print(f"  ... {title}", flush=True)
    with stack.started_pulumi(*command, "--json") as process:
        for line in process.stdout or ():
            for text in log.lines(line):
                print(printable(text), flush=True)
        result = "failed" if process.wait() else "done"
        print(f"  {result} {title} ({time.monotonic() - started:.1f} s)\n\n{log.summary}".rstrip(), flush=True)
    return process.returncode


@dataclass(frozen=True, kw_only=True)
class _Operation:
    """The operation of Pulumi on one Kubernetes object. `started` is in seconds, as the events have it."""

    name: str
    kind: str
    object: str
    waits: bool
    started: int

    @classmethod
    def of(cls, metadata: Mapping[str, Any], started: int) -> Self:
        described = read(metadata["new"] or metadata["old"], "inputs", "metadata", default={})
        name = read(described, "name")
        kind = metadata["type"].rpartition(":")[2]
        return cls(
            name=metadata["op"],
            kind=kind,
            object=f"{kind} {name if isinstance(name, str) and name else metadata['urn'].rpartition('::')[2]}",
            waits=read(described, "annotations", "pulumi.com/skipAwait") != "true",
            started=started,
        )

    def awaited(self, message: str) -> str:
        """Return in words what a message of the provider waits for. It quotes a JSONPath of kube.readiness, if any."""
        if self.name.startswith("delete"):
            return "deletion"
        if "$.spec.replicas" in message:
            return "rolled out"
        condition = re.search(r"@\.type=='([^']+)'", message)
        if condition is None:
            return _PROVIDERS_OWN.get(self.kind, "Ready")
        # Of one entry no such condition, or of a list no entry without it.
        is_absent = "!@.conditions" in message and "{$[" not in message
        return f"not {condition[1]}" if is_absent else condition[1]

    def took(self, ended: int) -> str:
        return f" ({ended - self.started} s)" if ended > self.started else ""


class UpdateLog:
    """Turns events into lines. `summary` is there once Pulumi has counted the resources."""

    def __init__(self) -> None:
        self.summary = ""
        self._running: dict[str, _Operation] = {}
        """Objects by URN."""
        self._waits: set[str] = set()

    def lines(self, text: str) -> Iterator[str]:
        """Yield the readable lines for one line of Pulumi's output. Anything that is not an event passes unchanged."""
        try:
            event = json.loads(text)
        except ValueError:
            event = None
        match event:
            case {"resourcePreEvent": {"metadata": {"type": str(type_), "urn": urn} as metadata}, "timestamp": now}:
                if type_.startswith("kubernetes:"):
                    self._running[urn] = _Operation.of(metadata, now)
            case {"resOutputsEvent": {"metadata": {"urn": urn}}, "timestamp": now}:
                yield from self._ended(urn, now)
            case {"resOpFailedEvent": {"metadata": {"urn": urn}}, "timestamp": now}:
                yield from self._failed(urn, now)
            case {"diagnosticEvent": {"severity": "debug"}}:
                pass
            case {"diagnosticEvent": {"ephemeral": True, "severity": severity, "urn": urn, "message": message}}:
                if severity == "info":
                    yield from self._waiting(urn, message)
            case {"diagnosticEvent": {"message": message} as diagnostic}:
                yield f"{diagnostic.get('prefix', '')}{message}".rstrip("\n")
            case {"stdoutEvent": {"message": message}}:
                yield message.rstrip("\n")
            case {"errorEvent": {"error": message}}:
                yield f"error: {message}"
            case {"summaryEvent": {"resourceChanges": changes}}:
                self.summary = _summary(changes)
            case dict():
                pass
            case _:
                yield text.rstrip("\n")

    def _ended(self, urn: str, now: int) -> Iterator[str]:
        operation = self._running.pop(urn, None)
        if operation is not None and operation.name in _DONE:
            yield f"  {_DONE[operation.name]} {operation.object}{operation.took(now)}"

    def _failed(self, urn: str, now: int) -> Iterator[str]:
        operation = self._running.pop(urn, None)
        if operation is not None:
            yield f"  failed to {operation.name.partition('-')[0]} {operation.object}{operation.took(now)}"

    def _waiting(self, urn: str, message: str) -> Iterator[str]:
        operation = self._running.get(urn)
        if operation is None or not operation.waits or not message.strip() or message.startswith("Found "):
            return
        line = f"  waiting for {operation.object}: {operation.awaited(message)}"
        if line not in self._waits:
            self._waits.add(line)
            yield line


def _summary(changes: Mapping[str, int]) -> str:
    """Count the resources as Pulumi's own display does."""
    order = [*_COUNTED, *(name for name in changes if name not in _COUNTED)]
    counted = [_COUNTED.get(name, f"{{}} {name}").format(changes[name]) for name in order if changes.get(name)]
    return "\n".join(["Resources:", *(f"    {line}" for line in counted)]) if counted else ""
