"""Processes known by more than their pid: a number that is used again is never taken for the old process."""

import json
import os
import select
import signal
from dataclasses import asdict, dataclass
from pathlib import Path

from local.files import write_whole

_BOOT = Path("/proc/sys/kernel/random/boot_id")


@dataclass(frozen=True)
class Process:
    """One process. `started` is its start in clock ticks since the machine's start, which `boot` names."""

    pid: int
    started: int
    boot: str

    @classmethod
    def of(cls, pid: int) -> "Process | None":
        """None when there is no such process, or only what its parent has not reaped yet."""
        try:
            stat = Path(f"/proc/{pid}/stat").read_bytes()
        except (FileNotFoundError, ProcessLookupError):
            return None
        fields = stat.rpartition(b")")[2].split()  # the command's name may hold any bytes, brackets among them
        return None if fields[0] in b"ZX" else cls(pid, int(fields[19]), _BOOT.read_text().strip())

    @classmethod
    def read(cls, path: Path) -> "Process | None":
        """The process that `path` names while it lives; None for a missing, damaged or outdated file."""
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
        """SIGTERM, and SIGKILL after `grace_s`. False when the process is still there after that."""
        for number, patience_s in ((signal.SIGTERM, grace_s), (signal.SIGKILL, 5.0)):
            try:
                descriptor = os.pidfd_open(self.pid)
            except ProcessLookupError:
                return True
            try:
                if not self.alive:
                    return True
                signal.pidfd_send_signal(descriptor, number)
                if select.select([descriptor], [], [], patience_s)[0]:
                    return True
            except ProcessLookupError:
                return True  # it ended between the look and the signal
            finally:
                os.close(descriptor)
        return not self.alive
