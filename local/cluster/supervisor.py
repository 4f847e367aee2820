"""The supervisor of a cluster: `python -m local.cluster.supervisor NAME`, started by `Cluster.up`.

It starts a node and the node's components in order, and restarts them when they end, until it gets SIGTERM. It has
one thread, because it enters the node's PID namespace for a moment to start a process there.
"""

import asyncio
import json
import logging
import os
import signal
import sys
from contextlib import suppress
from functools import partial
from pathlib import Path

from kube.atomic_write import write_whole
from local.cluster import cgroups, config_files, credentials, kernel, logs, network, node_namespaces
from local.cluster.directory import Directory
from local.cluster.etcd_space import EtcdSpace
from local.cluster.launch_spec import LaunchSpec
from local.cluster.managed_process import ManagedProcess, restart_backoffs_s
from local.cluster.moment import Moment
from local.cluster.node import OUTSIDE_DESCRIPTOR
from local.cluster.node_components import Component, components
from local.cluster.node_http import NoAnswer
from local.cluster.node_namespaces import Child, NodeNamespaces, start_on_host
from local.cluster.probes import Probes
from local.cluster.process import Process
from local.cluster.repeated_write import RepeatedWrite
from local.cluster.settings import Settings
from local.command import exit_code
from local.errors import UserError
from local.paths import REPOSITORY

_UNREADY_INTERVAL_S, _READY_INTERVAL_S = 0.05, 2.0
_ROTATE_INTERVAL_S = 60.0
_RENEW_INTERVAL_S = 60.0
_SPACE_INTERVAL_S = 5.0
_POD_GRACE_PERIOD_S = 10.0
_SYSTEM_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
log = logging.getLogger("supervisor")


class Supervisor:
    """The supervisor of the cluster in `directory`."""

    def __init__(self, directory: Directory, spec: LaunchSpec, settings: Settings) -> None:
        self._directory = directory
        self._spec = spec
        self._settings = settings
        self._processes: dict[str, ManagedProcess] = {}
        self._problem: str | None = "the node is being created"
        self._created = Moment()
        self._status = RepeatedWrite(directory.status)
        self._returning: list[str] = []
        self._are_back = False
        self._full: str | None = None
        self._has_run = False
        self._stopping = asyncio.Event()
        self._changed = asyncio.Event()

    async def run(self) -> None:
        """Run nodes until SIGTERM: create a new one whenever process 1 of the last one has ended."""
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, self._stopping.set)
        self._stop_with(self._spec.lives_with)
        backoffs_s = restart_backoffs_s()
        while not self._stopping.is_set():
            try:
                await self._run_node()
            except Exception as error:
                if not self._has_run:
                    raise  # the first node: `up` shows the error and what to do
                self._problem = f"the node cannot be created again: {str(error) or type(error).__name__}"
                log.exception("%s; it is retried", self._problem)
                self._report()
            with suppress(TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), next(backoffs_s))

    def _stop_with(self, process: Process | None) -> None:
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

    async def _run_node(self) -> None:
        """Run one node until it ends."""
        if left := cgroups.remove(self._settings.cgroup):
            raise UserError(
                f"These cgroups of an earlier run cannot be removed: {', '.join(left)}.", "Restart the machine."
            )
        for certificate in credentials.ensure(self._directory, self._settings):
            log.info("issued the certificate %s", certificate)
        config_files.write(self._directory, self._settings, self._spec.programs)
        cgroups.create(self._settings.cgroup)
        self._created = Moment()
        node, init = node_namespaces.create(self._node(), self._environment(), self._directory.logs / "node.log")
        inside = NodeNamespaces(init.pid, self._settings.cgroup)
        probes = Probes(self._directory, init.pid, self._settings.api_port)
        space = EtcdSpace(self._directory, init.pid)
        self._are_back, self._full = False, None
        try:
            init.write(self._directory.node_pid)
            self._write_cloud_settings(init.pid)
            listed = components(self._directory, self._spec.programs, probes)
            start = partial(self._start, inside)
            self._processes = {component.name: ManagedProcess(component, start, self._note) for component in listed}
            self._has_run = True
            await self._keep_all(probes, space, node)
        finally:
            probes.close()
            space.close()
            inside.close()
            node.send(signal.SIGKILL)
            await node.ended()
            self._directory.node_pid.unlink(missing_ok=True)
            cgroups.remove(self._settings.cgroup)

    async def _keep_all(self, probes: Probes, space: EtcdSpace, node: Child) -> None:
        """Run all components until SIGTERM or the node's end, then stop them in order."""
        tasks = [asyncio.create_task(process.keep_running(self._processes)) for process in self._processes.values()]
        tasks += [asyncio.create_task(self._watch(probes)), asyncio.create_task(self._rotate_logs())]
        tasks += [asyncio.create_task(self._renew_certificates(probes)), asyncio.create_task(self._keep_space(space))]
        ends = [asyncio.create_task(node.ended()), asyncio.create_task(self._stopping.wait())]
        failing = asyncio.gather(*tasks)
        await asyncio.wait([*ends, failing], return_when=asyncio.FIRST_COMPLETED)
        for task in [*tasks, *ends]:
            task.cancel()
        if self._stopping.is_set():
            self._problem = "the cluster is stopping"
        else:
            what = "a task of the supervisor has failed" if failing.done() else "the node's process 1 has ended"
            self._problem = f"{what}; a new node is being created"
            log.warning(self._problem)
        self._report()
        await self._stop_all()
        with suppress(asyncio.CancelledError):
            await failing  # a bug in a task ends the node and is logged

    def _node(self) -> dict[str, object]:
        """Return the settings of the node's process 1: host name, visible directories and bind mounts."""
        directory = self._directory
        programs = {parent for path in self._spec.programs.values() for parent in (path.parent, path.resolve().parent)}
        return {
            "hostname": directory.name,
            "pid_max": Path("/proc/sys/kernel/pid_max").read_text(),
            "read_only": sorted(map(str, {*programs, directory.config, directory.pki})),
            "writable": sorted(map(str, (directory.etcd, directory.scratch, directory.volumes))),
            "binds": {
                "/var/lib/containerd": str(directory.containerd),
                "/var/lib/kubelet": str(directory.kubelet),
                "/var/log/pods": str(directory.pod_logs),
            },
        }

    def _start(self, inside: NodeNamespaces, component: Component) -> Child:
        with (self._directory.logs / f"{component.name}.log").open("ab") as output:
            if component.on_host:
                return start_on_host(component.command, self._environment(), output, self._settings.cgroup)
            return inside.start(component.command, self._environment(), output)

    def _note(self, problem: str | None) -> None:
        """Report a changed component. `_watch` then checks all of them."""
        if problem is not None:
            log.warning(problem)
            self._problem = problem
        self._report()

    async def _watch(self, probes: Probes) -> None:
        while True:
            self._changed.clear()
            await self._check(probes)
            self._write_status()  # again, if the last one could not be written
            interval_s = _UNREADY_INTERVAL_S if self._problem is not None or self._returning else _READY_INTERVAL_S
            with suppress(TimeoutError):
                await asyncio.wait_for(self._changed.wait(), interval_s)

    async def _check(self, probes: Probes) -> None:
        """Report the node's problem if it has changed. A check that fails is a problem too, and is repeated."""
        returning, failure = self._returning, None
        try:
            problem = await self._find_problem(probes)
            # Track only the pods that ran before a restart. Once they are ready, Kubernetes reports their state, and
            # the times in it tell nothing more: the clock may be set.
            if problem is None and not self._are_back:
                returning = await probes.pods_not_back(self._created)
                self._are_back = not returning
        except NoAnswer as error:
            problem = f"kube-apiserver does not answer: {error}"
        except Exception as error:  # noqa: BLE001 - no answer of a component may end the node
            problem, failure = f"the node's health is not known: {type(error).__name__}: {error}", error
        if (problem, returning) == (self._problem, self._returning):
            return
        text = problem or (f"ready; pods not ready again yet: {', '.join(returning)}" if returning else "ready")
        log.info(text, exc_info=failure)
        self._problem, self._returning = problem, returning
        self._report()

    async def _find_problem(self, probes: Probes) -> str | None:
        if self._full is not None:
            return self._full  # the cause of much else
        for process in self._processes.values():
            if process.problem is not None:
                return process.problem
        return await probes.node_problem(self._processes["kubelet"].started) or await probes.dns()

    async def _rotate_logs(self) -> None:
        while True:
            try:
                logs.rotate(self._directory.logs)
            except Exception:
                log.exception("the logs are not rotated; it is repeated in %.0f s", _ROTATE_INTERVAL_S)
            await asyncio.sleep(_ROTATE_INTERVAL_S)

    async def _renew_certificates(self, probes: Probes) -> None:
        while True:
            await asyncio.sleep(_RENEW_INTERVAL_S)
            try:
                renewed = credentials.renew(self._directory, self._settings)
            except Exception:
                log.exception("the certificates are not renewed; it is repeated in %.0f s", _RENEW_INTERVAL_S)
                continue
            for certificate in renewed:
                log.info("renewed the certificate %s", certificate)
            if renewed:
                probes.reload_certificate()

    async def _keep_space(self, space: EtcdSpace) -> None:
        while True:
            await self._processes["etcd"].healthy.wait()  # until then it is the problem itself, or starts
            try:
                full = await space.keep()
            except NoAnswer as error:
                log.warning("the space of etcd is not known: %s", error)
            except Exception:
                log.exception("the space of etcd is not known; it is asked again in %.0f s", _SPACE_INTERVAL_S)
            else:
                if full != self._full:
                    self._full = full
                    self._changed.set()
            await asyncio.sleep(_SPACE_INTERVAL_S)

    async def _stop_all(self) -> None:
        """Stop the pods, after kubelet, which would restart them; then the components in reverse order."""
        await self._processes["kubelet"].stop()
        await self._end_pods()
        for process in reversed(self._processes.values()):
            await process.stop()

    async def _end_pods(self) -> None:
        deadline = asyncio.get_running_loop().time() + _POD_GRACE_PERIOD_S
        signalled: set[int] = set()
        while pids := set(cgroups.processes(self._settings.cgroup, of_pods=True)):
            for pid in pids - signalled:
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGTERM)
            signalled |= pids
            if asyncio.get_running_loop().time() > deadline:
                return  # they end with the node
            await asyncio.sleep(_UNREADY_INTERVAL_S)

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
        """Return a clean environment: a proxy setting of the user would apply between the components."""
        programs = dict.fromkeys(str(path.parent) for path in self._spec.programs.values())
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
        self._write_status()

    def _write_status(self) -> None:
        """Write the status if it has changed since it was last written."""
        rows = [process.row() for process in self._processes.values()]
        report = {"problem": self._problem, "returning": self._returning, "components": rows}
        self._status.write(json.dumps(report, indent=1))


def main() -> int:
    # A handler of `logging` survives a full disk.
    logging.basicConfig(format="%(asctime)s %(message)s", level=logging.INFO, stream=sys.stdout)
    directory = Directory(sys.argv[1])
    spec, settings = LaunchSpec.read(directory), Settings.kept(directory)
    if spec is None or settings is None:
        print("error: no launch spec; start the cluster with `python -m local.cluster up`", file=sys.stderr)
        return 1
    own = Process.of(os.getpid())
    if own is not None:
        own.write(directory.supervisor_pid)
    kernel.lower_oom_score()  # all components inherit it

    def supervise() -> int:
        asyncio.run(Supervisor(directory, spec, settings).run())
        return 0

    try:
        return exit_code(supervise)  # `up` shows the end of this log to the user
    finally:
        for file in (directory.supervisor_pid, directory.status):
            file.unlink(missing_ok=True)


if __name__ == "__main__":
    sys.exit(main())
