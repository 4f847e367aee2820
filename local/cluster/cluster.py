"""The class Cluster starts, stops and inspects a local cluster. supervisor.py keeps the cluster running."""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from local.cluster import archive_reader, cgroups, preflight
from local.cluster.directory import DEFAULT_NAME, Directory
from local.cluster.etcd_space import NO_SPACE
from local.cluster.launch_spec import LaunchSpec
from local.cluster.logs import tail
from local.cluster.node_components import PROGRAMS
from local.cluster.node_images import Images
from local.cluster.process import Process
from local.cluster.settings import Settings, name_flag
from local.cluster.status import Status
from local.errors import UserError
from local.lock import locked
from local.paths import REPOSITORY
from local.toolchain import Tools
from local.toolchain.pins import KUBERNETES
from local.toolchain.progress import Progress

_START_TIMEOUT_S = 120.0
_PODS_TIMEOUT_S = 60.0
_STOP_TIMEOUT_S = 60.0
_POLL_INTERVAL_S = 0.05
_MAX_RESTARTS = 5


class _NoSpace(UserError):
    """etcd has no space left. The user makes some in the cluster that runs."""


class Cluster:
    """The cluster `name` of this user. Its port and addresses are fixed at its first start."""

    def __init__(
        self, name: str = DEFAULT_NAME, *, api_port: int | None = None, first_address: str | None = None
    ) -> None:
        self.directory = Directory(name)
        self._api_port = api_port
        self._first_address = first_address

    def up(
        self,
        tools: Tools,
        archives: Sequence[Path],
        progress: Progress,
        *,
        ports_to_serve: Sequence[int] = (),
        lives_with: Process | None = None,
    ) -> None:
        """Start the cluster and wait until it is ready and has the images of `archives`. Idempotent.

        `ports_to_serve` are load balancer ports, which must be free. With `lives_with`, the cluster stops when that
        process ends. UserError lists every reason why it cannot start here, or says why it does not become ready.
        """
        spec = LaunchSpec({name: tools.program(name) for name in PROGRAMS}, tuple(archives), lives_with)
        with self._locked(progress.say):
            supervisor = Process.read(self.directory.supervisor_pid)
            kept = LaunchSpec.read(self.directory)
            if supervisor is not None and (kept is None or kept.programs != spec.programs):
                with progress.step("stop the cluster to update its programs"):
                    self._stop(supervisor)
                supervisor = None
            if supervisor is not None:
                spec.write(self.directory)
                self._start_up(spec, progress)
                return
            settings = Settings.of(self.directory, self._api_port, self._first_address)
            self._clear()
            preflight.check(self.directory, settings, ports_to_serve)
            self.directory.create()
            settings.keep(self.directory)  # only after the checks, so that a port in use can be changed
            spec.write(self.directory)
            started = self._start()
            try:
                with progress.step(f"start Kubernetes {KUBERNETES}"):
                    self._start_up(spec, progress)
                self._wait_for_pods(progress)
            except _NoSpace:
                raise  # without the node, nothing can be deleted
            except (UserError, OSError):
                self._stop(started)  # leave nothing half-started
                self._clear()
                raise

    def down(self, *, purge: bool = False, say: Callable[[str], None] = print) -> None:
        """Stop the cluster and keep its data; with `purge`, delete the data too. Idempotent."""
        with self._locked(say):
            supervisor = Process.read(self.directory.supervisor_pid)
            if supervisor is not None:
                self._stop(supervisor)
            self._clear()
            if purge:
                shutil.rmtree(self.directory.root, ignore_errors=False, onerror=_raise_unremovable)

    def status(self) -> Status:
        return Status.of(self.directory)

    def load_image(self, archive: Path, *, by_user: bool = True) -> list[str]:
        """Import an archive of `docker save`; it replaces images of the same names. Return the names.

        Without `by_user`, import only missing or outdated images, and never replace images that the user loaded.
        """
        status = self.status()
        if status.state in ("absent", "stopped"):
            raise UserError(f"The cluster {self.directory.name} is not running.", self._hint("up"))
        return self._images().import_archives([archive], by_user=by_user)

    def log(self, component: str) -> Path:
        """Return the log file of a component."""
        known = sorted(file.stem for file in self.directory.logs.glob("*.log"))
        if component not in known:
            raise UserError(
                f"The component {component!r} has no log.",
                f"Use one of: {', '.join(known)}." if known else self._hint("up"),
            )
        return self.directory.logs / f"{component}.log"

    def kubeconfig(self) -> Path:
        """Return the path of a kubeconfig with one context, for use from the host."""
        if not self.directory.kubeconfig.exists():
            raise UserError(f"The cluster {self.directory.name} has never been started.", self._hint("up"))
        return self.directory.kubeconfig

    @contextmanager
    def _locked(self, say: Callable[[str], None]) -> Iterator[None]:
        with locked(self.directory.lock, lambda holder: say(f"Waiting for {holder}, which is changing this cluster.")):
            yield

    def _start(self) -> Process:
        directory = self.directory
        directory.status.unlink(missing_ok=True)
        with (directory.logs / "supervisor.log").open("ab") as log:
            started = subprocess.Popen(
                [sys.executable, "-m", "local.cluster.supervisor", directory.name],
                cwd="/",
                env=os.environ | {"PYTHONPATH": str(REPOSITORY)},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        process = Process.of(started.pid)
        if process is None:
            raise self._supervisor_ended()
        # `down` must find the supervisor even before it writes this file itself.
        process.write(directory.supervisor_pid)
        return process

    def _start_up(self, spec: LaunchSpec, progress: Progress) -> None:
        # The node continues to start while the images that it does not need itself are imported.
        self._wait(lambda status: any(row["name"] == "first-images" and _done(row) for row in status.components))
        self._import(spec, progress)
        self._wait(lambda status: status.state == "ready")

    def _wait_for_pods(self, progress: Progress) -> None:
        """Wait for the pods that ran before a restart, and name those that are not ready in time."""
        if not self.status().returning:
            return
        with progress.step("wait for the pods that ran before the restart"):
            deadline = time.monotonic() + _PODS_TIMEOUT_S
            while (returning := self.status().returning) and time.monotonic() < deadline:
                time.sleep(_POLL_INTERVAL_S)
        if returning:
            progress.say(f"  not ready after {_PODS_TIMEOUT_S:.0f} s: {', '.join(returning)}")

    def _import(self, spec: LaunchSpec, progress: Progress) -> None:
        def importing(archive: Path) -> None:
            names = ", ".join(name for image in archive_reader.read(archive) for name in image.names)
            progress.say(f"  importing {names}")

        self._images().import_archives(spec.archives, importing=importing)

    def _images(self) -> Images:
        spec, init = LaunchSpec.read(self.directory), Process.read(self.directory.node_pid)
        if spec is None or init is None:
            raise UserError(f"The node of {self.directory.name} is not running.", self._hint("status"))
        return Images(self.directory, init.pid, spec.programs["ctr"])

    def _wait(self, reached: Callable[[Status], bool]) -> None:
        """Poll the status until `reached`. UserError on a timeout, or with the failure that keeps it from that.

        An etcd without space is such a failure. The node does not become ready with it, and it needs no log.
        """
        deadline = time.monotonic() + _START_TIMEOUT_S
        while not reached(status := self.status()):
            if status.state == "stopped":
                raise self._supervisor_ended()
            if (status.problem or "").startswith(NO_SPACE):
                raise _NoSpace(
                    f"{status.problem}.", "The node is left running for this. Then type the same command again."
                )
            unready = [row for row in status.components if not _done(row)]
            for row in unready:
                if row["restarts"] >= _MAX_RESTARTS:
                    raise self._not_ready(f"{row['name']} keeps failing ({row['last_end']})", row["name"])
            if time.monotonic() > deadline:
                # If all components run, kubelet is the one that has not started the node or its pods.
                late = next((row["name"] for row in unready), "kubelet")
                raise self._not_ready(
                    f"The cluster is not ready after {_START_TIMEOUT_S:.0f} s: {status.problem}", late
                )
            time.sleep(_POLL_INTERVAL_S)

    def _supervisor_ended(self) -> UserError:
        log = self.directory.logs / "supervisor.log"
        return UserError(
            f"The cluster's supervisor ended. The end of its log:\n{tail(log)}", f"Read the full log: {log}"
        )

    def _not_ready(self, problem: str, component: str) -> UserError:
        log = self.directory.logs / f"{component}.log"
        fix = f"Read the full log: {log}"
        if component == "etcd":
            fix += f"\n  If its data is damaged, delete the cluster and all data. {self._hint('down --purge')}"
        return UserError(f"{problem}. The end of the log of {component}:\n{tail(log)}", fix)

    def _stop(self, supervisor: Process) -> None:
        if not supervisor.end(_STOP_TIMEOUT_S):
            raise UserError(f"The supervisor (PID {supervisor.pid}) does not end.", f"Run: kill -9 {supervisor.pid}")

    def _clear(self) -> None:
        """Remove what a killed supervisor left behind."""
        try:
            settings = Settings.kept(self.directory)
        except UserError:
            settings = None  # `up` has reported the damaged file, and `down` must work without it
        if settings is not None and (left := cgroups.remove(settings.cgroup)):
            raise UserError(f"These cgroups cannot be removed: {', '.join(left)}.", "Restart the machine.")
        for file in (self.directory.supervisor_pid, self.directory.node_pid, self.directory.status):
            file.unlink(missing_ok=True)

    def _hint(self, command: str) -> str:
        return f"Run: python -m local.cluster {name_flag(self.directory)}{command}"


def _done(row: Mapping[str, object]) -> bool:
    return row["state"] in ("running", "done")


def _raise_unremovable(_: object, path: str, problem: tuple[type[BaseException], BaseException, object]) -> None:
    if not isinstance(problem[1], FileNotFoundError):
        raise UserError(f"{path} cannot be removed: {problem[1]}.", "Run the same command again.") from problem[1]
