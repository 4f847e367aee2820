"""The process that keeps a cluster running: `python -m local.cluster.supervisor NAME`, started by `Cluster.up`.

It starts a node and, in their order, the node's components, and starts again what ends, until it gets SIGTERM. It has
one thread: a process is started by moving that thread, for a moment, into the node's namespaces.
"""

import asyncio
import json
import os
import select
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

from local.cluster import cgroups, configuration, credentials, kernel, network
from local.cluster.components import Component, components
from local.cluster.directory import Directory
from local.cluster.files import write_whole
from local.cluster.namespaces import Child, Namespaces, start_on_host
from local.cluster.node import OUTSIDE_DESCRIPTOR
from local.cluster.order import Order
from local.cluster.probes import Probes
from local.cluster.process import Process
from local.cluster.settings import Settings
from local.errors import UserError
from local.paths import REPOSITORY

_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 0.2, 10.0
_STEADY_S = 30.0
_PROBE_S = 0.05
_WATCH_S = 2.0
_NODE_S = 20.0
_POD_GRACE_S, _COMPONENT_GRACE_S = 10.0, 5.0
_LARGEST_LOG = 16 << 20
_SYSTEM_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


class Unit:
    """One component as it is kept: its process, and how it fares."""

    def __init__(self, component: Component) -> None:
        self.component = component
        self.healthy = asyncio.Event()
        self.child: Child | None = None
        self.state = "waiting"
        self.since = datetime.now(UTC)
        self.restarts = 0
        self.last_end: str | None = None

    def become(self, state: str) -> None:
        self.state = state
        self.since = datetime.now(UTC)

    def row(self) -> dict[str, object]:
        return {
            "name": self.component.name,
            "state": self.state,
            "pid": self.child.pid if self.child else None,
            "since": self.since.isoformat(timespec="seconds"),
            "restarts": self.restarts,
            "last_end": self.last_end,
        }


class Supervisor:
    """Keeps the cluster of `directory` running."""

    def __init__(self, directory: Directory, order: Order, settings: Settings) -> None:
        self._directory = directory
        self._order = order
        self._settings = settings
        self._units: dict[str, Unit] = {}
        self._problem: str | None = "the node is being made"
        self._made = datetime.now(UTC)
        self._returning: list[str] = []
        self._stopping = asyncio.Event()
        self._changed = asyncio.Event()

    async def run(self) -> None:
        """Until SIGTERM: one node, and after that another when its process 1 has ended."""
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, self._stopping.set)
        self._live_with(self._order.lives_with)
        pauses = _pauses()
        while not self._stopping.is_set():
            await self._live()
            with suppress(TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), next(pauses))

    def _live_with(self, process: Process | None) -> None:
        if process is None:
            return
        try:
            descriptor = os.pidfd_open(process.pid)
        except ProcessLookupError:
            self._stopping.set()
            return
        if not process.alive:
            self._stopping.set()
        asyncio.get_running_loop().add_reader(descriptor, self._stopping.set)

    async def _live(self) -> None:
        """The life of one node."""
        if left := cgroups.remove(self._directory.cgroup):
            raise UserError(f"An earlier run left what cannot be removed: {', '.join(left)}.", "Restart the machine.")
        for certificate in credentials.have(self._directory, self._settings):
            _say(f"made the certificate {certificate}")
        configuration.write(self._directory, self._order.programs)
        cgroups.create(self._directory.cgroup)
        self._made = datetime.now(UTC)
        node, init = self._start_node()
        namespaces = Namespaces(init.pid, self._directory.cgroup)
        probes = Probes(self._directory, init.pid, self._settings.api_port)
        try:
            init.write(self._directory.node_pid)
            self._write_cloud_settings(init.pid)
            made = components(self._directory, self._order.programs, probes)
            self._units = {component.name: Unit(component) for component in made}
            await self._keep_all(namespaces, probes, node)
        finally:
            probes.close()
            namespaces.close()
            node.send(signal.SIGKILL)
            await node.ended()
            self._directory.node_pid.unlink(missing_ok=True)
            cgroups.remove(self._directory.cgroup)

    async def _keep_all(self, namespaces: Namespaces, probes: Probes, node: Child) -> None:
        """Until SIGTERM or the node's end, whichever comes first; then everything is stopped, in order."""
        tasks = [asyncio.create_task(self._keep(unit, namespaces)) for unit in self._units.values()]
        tasks += [asyncio.create_task(self._watch(probes)), asyncio.create_task(self._bound_logs())]
        ends = [asyncio.create_task(node.ended()), asyncio.create_task(self._stopping.wait())]
        failing = asyncio.gather(*tasks)
        await asyncio.wait([*ends, failing], return_when=asyncio.FIRST_COMPLETED)
        for task in [*tasks, *ends]:
            task.cancel()
        if not self._stopping.is_set():
            self._problem = "the node's process 1 has ended: it is made anew"
            _say(self._problem)
        else:
            self._problem = "it is being stopped"
        self._report()
        await self._stop_all()
        with suppress(asyncio.CancelledError):
            await failing  # a defect in a task ends the supervisor, with its cause in the log

    def _start_node(self) -> tuple[Child, Process]:
        """`unshare`, and the process 1 that it started in new namespaces, its mounts and networks made."""
        directory = self._directory
        shown = {str(path.resolve().parent) for path in self._order.programs.values()}
        order = {
            "hostname": directory.name,
            "keep": sorted({str(directory.root), *shown}),
            "binds": {
                "/var/lib/containerd": str(directory.containerd),
                "/var/lib/kubelet": str(directory.kubelet),
                "/var/log/pods": str(directory.pod_logs),
            },
        }
        unshare = ["unshare", "--fork", "--pid", "--mount", "--net", "--uts", "--ipc", "--mount-proc", "--kill-child"]
        with (directory.logs / "node.log").open("ab") as log:
            process = subprocess.Popen(
                [*unshare, "--", sys.executable, "-m", "local.cluster.node", json.dumps(order)],
                preexec_fn=kernel.die_with_parent,
                cwd="/",
                env=self._environment(),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=log,
            )
        if process.stdout is None or not select.select([process.stdout], [], [], _NODE_S)[0]:
            process.kill()
            raise UserError(f"The node said nothing for {_NODE_S:.0f} s.", f"Its log is {directory.logs / 'node.log'}")
        with process.stdout:
            said = process.stdout.readline()
        if said != b"ready\n":
            process.kill()
            raise UserError(f"The node could not be made.\n{tail(directory.logs / 'node.log')}")
        children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
        init = Process.of(int(children[0]))
        if init is None:
            raise UserError("The node ended as soon as it was made.", f"Its log is {directory.logs / 'node.log'}")
        return Child(process), init

    async def _keep(self, unit: Unit, namespaces: Namespaces) -> None:
        """Start the component once its needs are met, and again whenever it has ended."""
        pauses = _pauses()
        clock = asyncio.get_running_loop().time
        while True:
            for need in unit.component.needs:
                if not self._units[need].healthy.is_set():
                    unit.become(f"waiting for {need}")
                    self._report()
                    await self._units[need].healthy.wait()
            started = clock()
            unit.child = child = self._start(unit.component, namespaces)
            unit.become("starting")
            self._report()
            becoming = asyncio.create_task(self._until_healthy(unit))
            try:
                code = await child.ended()
            finally:
                becoming.cancel()
            unit.child = None
            if unit.component.once and code == 0:
                unit.become("done")
                unit.healthy.set()
                self._report()
                return
            unit.healthy.clear()
            unit.restarts += 1
            unit.last_end = _end(code)
            if clock() - started > _STEADY_S:
                pauses = _pauses()
            pause = next(pauses)
            unit.become(f"{unit.last_end}, again in {pause:.1f} s")
            self._problem = f"{unit.component.name} {unit.state}"
            _say(self._problem)
            self._report()
            await asyncio.sleep(pause)

    async def _until_healthy(self, unit: Unit) -> None:
        if unit.component.once:
            return
        while unit.component.probe is not None and not await unit.component.probe():
            await asyncio.sleep(_PROBE_S)
        unit.become("running")
        unit.healthy.set()
        self._report()

    def _start(self, component: Component, namespaces: Namespaces) -> Child:
        with (self._directory.logs / f"{component.name}.log").open("ab") as log:
            if component.on_host:
                return start_on_host(component.command, self._environment(), log)
            return namespaces.start(component.command, self._environment(), log)

    async def _watch(self, probes: Probes) -> None:
        while True:
            self._changed.clear()
            problem = await self._find_problem(probes)
            # Once all of a restarted node's pods are back, what happens to them is Kubernetes' to tell.
            if problem is None and (self._returning or self._problem is not None):
                returning = await probes.pods_not_back(self._made)
            else:
                returning = self._returning
            if (problem, returning) != (self._problem, self._returning):
                _say(problem or (f"ready; coming back: {', '.join(returning)}" if returning else "ready"))
                self._problem, self._returning = problem, returning
                self._report()
            soon = problem is not None or bool(returning)
            with suppress(TimeoutError):
                await asyncio.wait_for(self._changed.wait(), _PROBE_S if soon else _WATCH_S)

    async def _find_problem(self, probes: Probes) -> str | None:
        for unit in self._units.values():
            if not unit.healthy.is_set():
                return f"{unit.component.name} is {unit.state}"
        problem = await probes.node_problem(self._units["kubelet"].since)
        if problem is not None:
            return problem
        return None if await probes.dns() else "the cluster's DNS does not answer"

    async def _bound_logs(self) -> None:
        """Components append to their logs for weeks: keep the newest part of each, and the one before."""
        while True:
            for log in self._directory.logs.glob("*.log"):
                if log.stat().st_size > _LARGEST_LOG:
                    shutil.copyfile(log, log.with_suffix(".log.1"))
                    os.truncate(log, 0)
            await asyncio.sleep(60)

    async def _stop_all(self) -> None:
        """Pods first, while nothing starts them again; then the components, what others need last."""
        await self._stop(self._units["kubelet"])
        await self._end_pods()
        for unit in reversed(self._units.values()):
            await self._stop(unit)

    async def _end_pods(self) -> None:
        deadline = asyncio.get_running_loop().time() + _POD_GRACE_S
        told: set[int] = set()
        while pids := set(cgroups.processes(self._directory.cgroup, of_pods=True)):
            for pid in pids - told:
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGTERM)
            told |= pids
            if asyncio.get_running_loop().time() > deadline:
                return  # the end of the node is theirs
            await asyncio.sleep(_PROBE_S)

    async def _stop(self, unit: Unit) -> None:
        if unit.child is None:
            return
        unit.child.send(signal.SIGTERM)
        try:
            await asyncio.wait_for(unit.child.ended(), _COMPONENT_GRACE_S)
        except TimeoutError:
            unit.child.send(signal.SIGKILL)
            await unit.child.ended()
        unit.child = None

    def _write_cloud_settings(self, init: int) -> None:
        directory = self._directory
        settings = {
            "api_port": self._settings.api_port,
            "first_address": self._settings.first_address,
            "node_address": network.NODE,
            "outside_netns": f"/proc/{init}/fd/{OUTSIDE_DESCRIPTOR}",
            "kubeconfig": str(credentials.kubeconfig_of(directory, credentials.CLOUD)),
            "volumes": str(directory.volumes),
        }
        write_whole(directory.cloud_settings, json.dumps(settings))

    def _environment(self) -> dict[str, str]:
        """Nothing of the user's: a proxy set for a browser would stand between the components."""
        programs = dict.fromkeys(str(path.parent) for path in self._order.programs.values())
        return {
            "PATH": os.pathsep.join([*programs, _SYSTEM_PATH]),
            "HOME": str(self._directory.scratch),
            "TMPDIR": str(self._directory.scratch),
            "XDG_STATE_HOME": str(self._directory.root.parents[2]),
            "PYTHONPATH": str(REPOSITORY),
            "PYTHONUNBUFFERED": "1",
        }

    def _report(self) -> None:
        self._changed.set()
        rows = [unit.row() for unit in self._units.values()]
        report = {"problem": self._problem, "returning": self._returning, "components": rows}
        write_whole(self._directory.status, json.dumps(report, indent=1))


def tail(log: Path, lines: int = 8) -> str:
    """The end of a log, to show to a user."""
    said = log.read_text(errors="replace").splitlines()[-lines:] if log.exists() else []
    return "\n".join(f"    {line[:300]}" for line in said)


def _pauses() -> Iterator[float]:
    pause = _FIRST_PAUSE_S
    while True:
        yield pause
        pause = min(pause * 2, _LONGEST_PAUSE_S)


def _end(code: int) -> str:
    return f"ended by {signal.Signals(-code).name}" if code < 0 else f"ended with exit code {code}"


def _say(text: str) -> None:
    print(f"{datetime.now(UTC).isoformat(timespec='milliseconds')} {text}", flush=True)


def main() -> int:
    directory = Directory(sys.argv[1])
    order, settings = Order.read(directory), Settings.kept(directory)
    if order is None or settings is None:
        print("error: `python -m local.cluster up` writes what to run and starts this process.", file=sys.stderr)
        return 1
    own = Process.of(os.getpid())
    if own is not None:
        own.write(directory.supervisor_pid)
    try:
        asyncio.run(Supervisor(directory, order, settings).run())
    except UserError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    finally:
        for file in (directory.supervisor_pid, directory.status):
            file.unlink(missing_ok=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
