"""Cluster: bring a local cluster up, stop it, and look at it. What keeps it running is supervisor.py."""

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
from local.cluster.launch_spec import LaunchSpec
from local.cluster.logs import tail
from local.cluster.node_components import PROGRAMS
from local.cluster.node_images import Images
from local.cluster.process import Process
from local.cluster.settings import Settings, named
from local.cluster.status import Status
from local.errors import UserError
from local.lock import locked
from local.paths import REPOSITORY
from local.toolchain import Tools
from local.toolchain.pins import KUBERNETES
from local.toolchain.progress import Progress

_START_S = 120.0
_PODS_S = 60.0
_STOP_S = 60.0
_LOOK_S = 0.05
_RESTARTS = 5


class Cluster:
    """The cluster `name` of this user; its ports and addresses are chosen at its first start and kept."""

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
        """Have it run, ready, with the images of `archives`. Does nothing when it is so already.

        It is not started where one of `ports_to_serve`, which a load balancer will be asked for, is taken.
        With `lives_with` it is stopped when that process ends, however it ends.
        UserError with every reason when it cannot be started here, or with what keeps it from becoming ready.
        """
        order = LaunchSpec({name: tools.program(name) for name in PROGRAMS}, tuple(archives), lives_with)
        with self._locked(progress.say):
            supervisor = Process.read(self.directory.supervisor_pid)
            kept = LaunchSpec.read(self.directory)
            if supervisor is not None and (kept is None or kept.programs != order.programs):
                with progress.step("stop the cluster, as its programs have changed"):
                    self._stop(supervisor)
                supervisor = None
            if supervisor is not None:
                order.write(self.directory)
                self._bring_up(order, progress)
                return
            settings = Settings.of(self.directory, self._api_port, self._first_address)
            self._clear()
            preflight.check(self.directory, settings, ports_to_serve)
            self.directory.create()
            settings.keep(self.directory)  # after the checks: a port that is taken can be given up for another
            order.write(self.directory)
            started = self._start()
            try:
                with progress.step(f"start Kubernetes {KUBERNETES}"):
                    self._bring_up(order, progress)
                self._wait_for_pods(progress)
            except (UserError, OSError):
                self._stop(started)  # nothing half-done
                self._clear()
                raise

    def down(self, *, purge: bool = False, say: Callable[[str], None] = print) -> None:
        """Stop it and keep its data, or with `purge` remove that too. Does nothing when it is so already."""
        with self._locked(say):
            supervisor = Process.read(self.directory.supervisor_pid)
            if supervisor is not None:
                self._stop(supervisor)
            self._clear()
            if purge:
                shutil.rmtree(self.directory.root, ignore_errors=False, onerror=_tell)

    def status(self) -> Status:
        return Status.of(self.directory)

    def load_image(self, archive: Path, *, by_user: bool = True) -> list[str]:
        """Import an archive as `docker save` writes it, over images of the same names; gives the names.

        When it is not the user's own, only what is missing or outdated is imported, and nothing of the user's replaced.
        """
        status = self.status()
        if status.state in ("absent", "stopped"):
            raise UserError(f"The cluster {self.directory.name} is not running.", self._command("up"))
        return self._images().bring([archive], by_user=by_user)

    def log(self, component: str) -> Path:
        """The log file of a component."""
        known = sorted(file.stem for file in self.directory.logs.glob("*.log"))
        if component not in known:
            raise UserError(f"There is no log {component}.", f"There are: {', '.join(known) or 'none yet'}.")
        return self.directory.logs / f"{component}.log"

    def kubeconfig(self) -> Path:
        """A kubeconfig with one context, for use from the host."""
        if not self.directory.kubeconfig.exists():
            raise UserError(f"The cluster {self.directory.name} was never started.", self._command("up"))
        return self.directory.kubeconfig

    @contextmanager
    def _locked(self, say: Callable[[str], None]) -> Iterator[None]:
        with locked(self.directory.lock, lambda holder: say(f"Waiting for {holder}, which changes this cluster.")):
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
            raise UserError(f"The supervisor ended at once.\n{tail(directory.logs / 'supervisor.log')}")
        process.write(directory.supervisor_pid)  # before it does so itself: `down` must find it from the start
        return process

    def _bring_up(self, order: LaunchSpec, progress: Progress) -> None:
        # Once the node's own images are in, it goes on starting while the others follow.
        self._wait(lambda status: any(row["name"] == "first-images" and _done(row) for row in status.components))
        self._import(order, progress)
        self._wait(lambda status: status.state == "ready")

    def _wait_for_pods(self, progress: Progress) -> None:
        """A node that was started again first has its pods back, as far as they come."""
        if not self.status().returning:
            return
        with progress.step("wait for the pods that ran before"):
            deadline = time.monotonic() + _PODS_S
            while (returning := self.status().returning) and time.monotonic() < deadline:
                time.sleep(_LOOK_S)
        if returning:
            progress.say(f"  not back after {_PODS_S:.0f} s: {', '.join(returning)}")

    def _import(self, order: LaunchSpec, progress: Progress) -> None:
        def importing(archive: Path) -> None:
            names = ", ".join(name for image in archive_reader.read(archive) for name in image.names)
            progress.say(f"  importing {names}")

        self._images().bring(order.archives, importing=importing)

    def _images(self) -> Images:
        order, init = LaunchSpec.read(self.directory), Process.read(self.directory.node_pid)
        if order is None or init is None:
            raise UserError(f"The node of {self.directory.name} is not running.", self._command("status"))
        return Images(self.directory, init.pid, order.programs["ctr"])

    def _wait(self, reached: Callable[[Status], bool]) -> None:
        """Look at the supervisor's report until it says so, or says why it never will."""
        deadline = time.monotonic() + _START_S
        while not reached(status := self.status()):
            if status.state == "stopped":
                raise UserError(f"The cluster's supervisor ended.\n{tail(self.directory.logs / 'supervisor.log')}")
            unready = [row for row in status.components if not _done(row)]
            for row in unready:
                if row["restarts"] >= _RESTARTS:
                    raise self._not_ready(f"{row['name']} ends again and again ({row['last_end']})", row["name"])
            if time.monotonic() > deadline:
                # While all of them run, it is kubelet that has not brought the node or its pods.
                late = next((row["name"] for row in unready), "kubelet")
                raise self._not_ready(f"The cluster is not ready after {_START_S:.0f} s: {status.problem}", late)
            time.sleep(_LOOK_S)

    def _not_ready(self, problem: str, component: str) -> UserError:
        log = self.directory.logs / f"{component}.log"
        return UserError(f"{problem}. {component} said last:\n{tail(log)}", f"The whole log is {log}")

    def _stop(self, supervisor: Process) -> None:
        if not supervisor.end(_STOP_S):
            raise UserError(f"The supervisor (pid {supervisor.pid}) does not end.", f"Type: kill -9 {supervisor.pid}")

    def _clear(self) -> None:
        """Take away what a supervisor that was killed could not."""
        if left := cgroups.remove(self.directory.cgroup):
            raise UserError(f"What cannot be removed: {', '.join(left)}.", "Restart the machine.")
        for file in (self.directory.supervisor_pid, self.directory.node_pid, self.directory.status):
            file.unlink(missing_ok=True)

    def _command(self, command: str) -> str:
        return f"Type: python -m local.cluster {named(self.directory)}{command}"


def _done(row: Mapping[str, object]) -> bool:
    return row["state"] in ("running", "done")


def _tell(_: object, path: str, problem: tuple[type[BaseException], BaseException, object]) -> None:
    if not isinstance(problem[1], FileNotFoundError):
        raise UserError(f"{path} cannot be removed: {problem[1]}.", "Type the same command again.") from problem[1]
