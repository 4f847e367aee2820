"""The status of a cluster, as JSON or as text."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from rich.console import Console
from rich.table import Table

from diagnostics.terminal import printable
from local.cluster import credentials
from local.cluster.directory import Directory
from local.cluster.process import Process
from local.cluster.settings import name_flag


@dataclass(frozen=True)
class Status:
    """The status of a cluster. `state` is absent, stopped, starting or ready; `problem` says why it is not ready.

    `returning` lists pods (namespace/name) that ran before the node was restarted and are not ready again yet.
    `components` are rows of the supervisor's report. `services` are the load balancers that the cloud reports.
    `expiring` are certificates within 30 days of their end by name, with the end.
    """

    name: str
    state: str
    problem: str | None
    returning: tuple[str, ...] = ()
    components: tuple[Mapping[str, Any], ...] = ()
    services: tuple[Mapping[str, Any], ...] = ()
    errors: tuple[str, ...] = ()
    expiring: Mapping[str, str] = field(default_factory=dict[str, str])

    @classmethod
    def of(cls, directory: Directory) -> "Status":
        if not directory.settings.exists():
            return cls(directory.name, "absent", "it has never been started")
        if Process.read(directory.supervisor_pid) is None:
            return cls(directory.name, "stopped", "it is not running")
        report = _read(directory.status) or {"problem": "it is starting", "returning": [], "components": []}
        cloud = _read(directory.cloud_status) or {}
        # What the API server says may hold text of others.
        problem = printable(report["problem"]) if report["problem"] else None
        return cls(
            directory.name,
            "starting" if problem else "ready",
            problem,
            tuple(map(printable, report["returning"])),
            tuple(report["components"]),
            tuple(cloud.get("services", [])),
            tuple(map(printable, cloud.get("errors", []))),
            {name: end.isoformat() for name, end in credentials.expiring(directory).items()},
        )

    @property
    def healthy(self) -> bool:
        return self.state == "ready" and not self.errors and not self.returning

    def json(self) -> str:
        return json.dumps(asdict(self), indent=1)

    def print(self, console: Console) -> None:
        """Print the status as text."""
        console.print(f"cluster {self.name}: {self.state}{f' ({self.problem})' if self.problem else ''}", markup=False)
        if self.components:
            table = Table("component", "state", "pid", "restarts", "since", box=None, pad_edge=False)
            for row in self.components:
                table.add_row(
                    row["name"], row["state"], str(row["pid"] or ""), str(row["restarts"] or ""), row["since"][11:19]
                )
            console.print(table)
        if self.services:
            table = Table("load balancer", "address", "ports", box=None, pad_edge=False)
            for row in self.services:
                served = ", ".join(f"{port['listening'] or 'not served'} {port['protocol']}" for port in row["ports"])
                table.add_row(f"{row['namespace']}/{row['name']}", row["address"] or "none", served)
            console.print(table)
        if self.returning:
            console.print(f"pods not ready again yet: {', '.join(self.returning)}", markup=False, soft_wrap=True)
        if self.expiring:
            ends = ", ".join(f"{name} ({end[:10]})" for name, end in self.expiring.items())
            console.print(f"warning: certificates near their end: {ends}", markup=False, soft_wrap=True)
            console.print(
                "A running cluster renews them within a minute, but CAs only at a start. If this stays: "
                f"python -m local.cluster {name_flag(Directory(self.name))}down, then up",
                soft_wrap=True,
            )
        for error in self.errors:
            console.print(f"error: {error}", markup=False, soft_wrap=True)


def _read(path: Any) -> dict[str, Any] | None:
    try:
        return json.loads(path.read_text())
    except (FileNotFoundError, ValueError):
        return None
