"""The plan of an update or a removal. Objects with data or an address that it deletes or replaces come first."""

import json
import shlex
import sys
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kube.read import read
from tools.stack import Stack

_ADDRESS = "its address may change"
_COSTS: Mapping[tuple[str, str], str] = {
    ("core", "PersistentVolumeClaim"): "its data is lost unless its volume is retained",
    ("core", "PersistentVolume"): "its data is lost unless the volume is retained",
    ("core", "Namespace"): "with everything in it, also objects that are not of this stack",
    ("core", "Service"): _ADDRESS,
    ("apiextensions.k8s.io", "CustomResourceDefinition"): "with every object of its kind in the cluster",
    ("gateway.networking.k8s.io", "Gateway"): _ADDRESS,
}
_MOVED = (
    "the config declares it under another key now, so it is updated and then deleted. To keep it, first take the old "
    "resource out of the state, and the new one takes the object over: pulumi state delete "
)
_EXCHANGED = (
    "another resource takes this name in the same update, and the deletion then takes the object away from it. Change "
    "the names in two updates: give one of the two a third name first"
)
_VERBS = {"delete": "delete", "replace": "replace", "delete-replaced": "replace", "create-replacement": "replace"}
_UNCHANGED = ("same", "read", "refresh")


@dataclass(frozen=True, kw_only=True)
class Plan:
    """The plan as Pulumi shows it, and the losses in it, one line for each."""

    exit_code: int
    text: str
    losses: tuple[str, ...]
    changes: bool

    @classmethod
    def of(cls, stack: Stack, *command: str) -> "Plan":
        """Run a command that plans: `preview`, or `destroy --preview-only`."""
        color = ("--color", "always") if sys.stdout.isatty() else ()
        print(f"  ... preview the stack {stack.name}", flush=True)
        with tempfile.TemporaryDirectory() as scratch:
            log = Path(scratch) / "events"
            done = stack.pulumi(
                *command,
                *color,
                "--suppress-progress",
                "--event-log",
                str(log),
                "--stack",
                stack.name,
                *stack.configuration(),
                capture=True,
                # Pulumi has the flag --event-log for its Automation API, and hides it from users.
                PULUMI_DEBUG_COMMANDS="true",
            )
            events = [json.loads(line) for line in log.read_text().splitlines()] if log.exists() else []
        steps = [event["resourcePreEvent"]["metadata"] for event in events if "resourcePreEvent" in event]
        return cls(
            exit_code=done.returncode,
            text=done.stdout,
            losses=tuple(sorted(set(losses(steps)))),
            changes=any(step["op"] not in _UNCHANGED for step in steps),
        )

    def print(self) -> None:
        if self.losses:
            print("\nThis deletes or replaces objects that hold data or an address, or that are in use:")
            print("\n".join(f"  {line}" for line in self.losses))
        print(f"\n{self.text.strip()}", flush=True)


def losses(steps: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    """Yield a line for each step that takes data, an address or an object in use. A replacement is several steps."""
    steps = [step for step in steps if step["type"].startswith("kubernetes:")]
    made = {_identity(step, "new"): step["urn"] for step in steps if step["op"] in ("create", "create-replacement")}
    for step in steps:
        old = step.get("old") or {}
        if step["op"] not in _VERBS or old.get("retainOnDelete"):
            continue
        identity = _identity(step, "old")
        if made.get(identity, step["urn"]) == step["urn"]:
            cost = _cost(step["type"], old.get("inputs") or {})
        elif step["op"] == "delete":
            cost = _MOVED + shlex.quote(step["urn"])
        else:
            cost = _EXCHANGED
        if cost is not None:
            kind, namespace, name = identity
            place = f"{namespace}/" if namespace else ""
            yield f"{_VERBS[step['op']]} {kind.rpartition(':')[2]} {place}{name}: {cost}"


def _identity(step: Mapping[str, Any], side: str) -> tuple[str, str, str]:
    """The kind with its group, the namespace and the name of a step's object. The version does not matter."""
    package, _, rest = step["type"].partition(":")
    group_version, _, kind = rest.partition(":")
    namespace, name = (read(step, side, "inputs", "metadata", field) for field in ("namespace", "name"))
    # What is encrypted is not text.
    namespace = namespace if isinstance(namespace, str) else ""
    name = name if isinstance(name, str) and name else step["urn"].rpartition("::")[2]
    return f"{package}:{group_version.partition('/')[0]}:{kind}", namespace, name


def _cost(type_: str, inputs: Mapping[str, Any]) -> str | None:
    """Return what the loss of an object costs; None for an object that holds neither data nor an address."""
    version, _, kind = type_.removeprefix("kubernetes:").partition(":")
    if kind == "Service" and read(inputs, "spec", "type") != "LoadBalancer":
        return None
    return _COSTS.get((version.partition("/")[0], kind))
