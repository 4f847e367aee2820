"""The process that keeps a cluster running: `python -m local.cluster.supervisor NAME`, started by `Cluster.up`.

It starts a node and, in their order, the node's components, and starts again what ends, until it gets SIGTERM. It has
one thread: a process is started by moving that thread, for a moment, into the node's namespaces.
"""

import asyncio
import json
import os
import signal
import sys
from contextlib import suppress
from datetime import UTC, datetime
from functools import partial

from local.cluster import cgroups, config_files, credentials, logs, network, node_namespaces
from local.cluster.directory import Directory
from local.cluster.launch_spec import LaunchSpec
from local.cluster.managed_process import ManagedProcess, pauses_between_tries
from local.cluster.node import OUTSIDE_DESCRIPTOR
from local.cluster.node_components import Component, components
from local.cluster.node_namespaces import Child, NodeNamespaces, start_on_host
from local.cluster.probes import Probes
from local.cluster.process import Process
from local.cluster.settings import Settings
from local.command import exit_code
from local.errors import UserError
from local.files import write_whole
from local.paths import REPOSITORY

_SOON_S, _LATER_S = 0.05, 2.0
_BOUND_LOGS_S = 60.0
_POD_GRACE_S = 10.0
_SYSTEM_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


class Supervisor:
    """Keeps the cluster of `directory` running."""

    def __init__(self, directory: Directory, order: LaunchSpec, settings: Settings) -> None:
        self._directory = directory
        self._order = order
        self._settings = settings
        self._units: dict[str, ManagedProcess] = {}
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
        pauses = pauses_between_tries()
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

        def ended() -> None:
            asyncio.get_running_loop().remove_reader(descriptor)
            os.close(descriptor)
            self._stopping.set()

        asyncio.get_running_loop().add_reader(descriptor, ended)

    async def _live(self) -> None:
        """The life of one node."""
        if left := cgroups.remove(self._directory.cgroup):
            raise UserError(f"An earlier run left what cannot be removed: {', '.join(left)}.", "Restart the machine.")
        for certificate in credentials.ensure(self._directory, self._settings):
            _say(f"made the certificate {certificate}")
        config_files.write(self._directory, self._order.programs)
        cgroups.create(self._directory.cgroup)
        self._made = datetime.now(UTC)
        node, init = node_namespaces.make(self._node(), self._environment(), self._directory.logs / "node.log")
        inside = NodeNamespaces(init.pid, self._directory.cgroup)
        probes = Probes(self._directory, init.pid, self._settings.api_port)
        try:
            init.write(self._directory.node_pid)
            self._write_cloud_settings(init.pid)
            made = components(self._directory, self._order.programs, probes)
            start = partial(self._start, inside)
            self._units = {component.name: ManagedProcess(component, start, self._note) for component in made}
            await self._keep_all(probes, node)
        finally:
            probes.close()
            inside.close()
            node.send(signal.SIGKILL)
            await node.ended()
            self._directory.node_pid.unlink(missing_ok=True)
            cgroups.remove(self._directory.cgroup)

    async def _keep_all(self, probes: Probes, node: Child) -> None:
        """Until SIGTERM or the node's end, whichever comes first; then everything is stopped, in order."""
        tasks = [asyncio.create_task(unit.keep(self._units)) for unit in self._units.values()]
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

    def _node(self) -> dict[str, object]:
        """What process 1 of the node is to make: its name, what stays visible in it, and what lies where."""
        directory = self._directory
        shown = {str(path.resolve().parent) for path in self._order.programs.values()}
        return {
            "hostname": directory.name,
            "keep": sorted({str(directory.root), *shown}),
            "binds": {
                "/var/lib/containerd": str(directory.containerd),
                "/var/lib/kubelet": str(directory.kubelet),
                "/var/log/pods": str(directory.pod_logs),
            },
        }

    def _start(self, inside: NodeNamespaces, component: Component) -> Child:
        with (self._directory.logs / f"{component.name}.log").open("ab") as log:
            if component.on_host:
                return start_on_host(component.command, self._environment(), log)
            return inside.start(component.command, self._environment(), log)

    def _note(self, problem: str | None) -> None:
        """A component has changed; `_watch` looks at all of them right after."""
        if problem is not None:
            _say(problem)
            self._problem = problem
        self._report()

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
                await asyncio.wait_for(self._changed.wait(), _SOON_S if soon else _LATER_S)

    async def _find_problem(self, probes: Probes) -> str | None:
        for unit in self._units.values():
            if not unit.healthy.is_set():
                return f"{unit.component.name} is {unit.state}"
        problem = await probes.node_problem(self._units["kubelet"].since)
        if problem is not None:
            return problem
        return None if await probes.dns() else "the cluster's DNS does not answer"

    async def _bound_logs(self) -> None:
        while True:
            logs.bound(self._directory.logs)
            await asyncio.sleep(_BOUND_LOGS_S)

    async def _stop_all(self) -> None:
        """Pods first, while nothing starts them again; then the components, what others need last."""
        await self._units["kubelet"].stop()
        await self._end_pods()
        for unit in reversed(self._units.values()):
            await unit.stop()

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
            await asyncio.sleep(_SOON_S)

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
        try:
            write_whole(self._directory.status, json.dumps(report, indent=1))
        except OSError as error:
            _say(f"the status cannot be written: {error}")  # a full disk is no reason to end what runs


def _say(text: str) -> None:
    print(f"{datetime.now(UTC).isoformat(timespec='milliseconds')} {text}", flush=True)


def main() -> int:
    directory = Directory(sys.argv[1])
    order, settings = LaunchSpec.read(directory), Settings.kept(directory)
    if order is None or settings is None:
        print("error: `python -m local.cluster up` writes what to run and starts this process.", file=sys.stderr)
        return 1
    own = Process.of(os.getpid())
    if own is not None:
        own.write(directory.supervisor_pid)

    def supervise() -> int:
        asyncio.run(Supervisor(directory, order, settings).run())
        return 0

    try:
        return exit_code(supervise)  # `up` shows the end of this process' log to the user
    finally:
        for file in (directory.supervisor_pid, directory.status):
            file.unlink(missing_ok=True)


if __name__ == "__main__":
    sys.exit(main())
