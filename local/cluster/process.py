"""Process identity by PID, start time and boot, so that a reused PID is not mistaken for the old process."""

import json
import os
import select
import signal
from dataclasses import asdict, dataclass
from pathlib import Path

from kube.atomic_write import write_whole

_BOOT = Path("/proc/sys/kernel/random/boot_id")


@dataclass(frozen=True)
class Process:
    """One process. `started` counts clock ticks since the boot of the machine, which `boot` identifies."""

    pid: int
    started: int
    boot: str

    @classmethod
    def of(cls, pid: int) -> "Process | None":
        """Look up a running process. None if there is none, or only a zombie."""
        try:
            stat = Path(f"/proc/{pid}/stat").read_bytes()
        except (FileNotFoundError, ProcessLookupError):
            return None
        fields = stat.rpartition(b")")[2].split()  # the command name can contain any bytes, also brackets
        return None if fields[0] in b"ZX" else cls(pid, int(fields[19]), _BOOT.read_text().strip())

    @classmethod
    def read(cls, path: Path) -> "Process | None":
        """Read the file `path`. None if it is missing or damaged, or if its process has ended."""
        try:
            process = cls(**json.loads(path.read_text()))
        except (FileNotFoundError, ValueError, TypeError):
            return None
        return process if process.alive else None

    def write(self, path: Path) -> None:
        write_whole(path, json.dumps(asdict(self)))

    @property
    def alive(self) -> bool:
        return Process.of(self.pid) == self

    def end(self, grace_s: float) -> bool:
        """Send SIGTERM, and SIGKILL after `grace_s`. False if the process still runs after that."""
        for number, timeout_s in ((signal.SIGTERM, grace_s), (signal.SIGKILL, 5.0)):
            try:
                descriptor = os.pidfd_open(self.pid)
            except ProcessLookupError:
                return True
            try:
                if not self.alive:
                    return True
                signal.pidfd_send_signal(descriptor, number)
                if select.select([descriptor], [], [], timeout_s)[0]:
                    return True
            except ProcessLookupError:
                return True  # it ended just before the signal
            finally:
                os.close(descriptor)
        return not self.alive
