"""The system calls on namespaces and mounts that Python 3.11 has no functions for. Each raises OSError."""

import ctypes
import os
import signal
from pathlib import Path

NEW_NET = 0x40000000
MS_BIND = 0x1000
MS_REC = 0x4000
MS_PRIVATE = 1 << 18
MS_SHARED = 1 << 20
_PR_SET_PDEATHSIG = 1
_CAP_SYS_RESOURCE = 24
_libc = ctypes.CDLL(None, use_errno=True)


def _call(name: str, *arguments: object) -> None:
    if getattr(_libc, name)(*arguments) != 0:
        code = ctypes.get_errno()
        raise OSError(code, f"{name}: {os.strerror(code)}")


def enter(descriptor: int) -> None:
    """Move the calling thread into the namespace of a /proc/<pid>/ns file (for pid namespaces: its next children)."""
    _call("setns", descriptor, 0)


def unshare(flags: int) -> None:
    _call("unshare", flags)


def mount(source: str, target: str, kind: str = "none", flags: int = 0, options: str | None = None) -> None:
    data = options.encode() if options else None
    _call("mount", source.encode(), target.encode(), kind.encode(), ctypes.c_ulong(flags), data)


def die_with_parent() -> None:
    """The kernel kills this process when the thread that started it ends, however that ends."""
    _call("prctl", _PR_SET_PDEATHSIG, int(signal.SIGKILL), 0, 0, 0)


def may_lower_oom_score() -> bool:
    """Some virtual machines and containers give a root without CAP_SYS_RESOURCE."""
    status = Path("/proc/self/status").read_text()
    return bool(int(status.split("CapEff:")[1].split()[0], 16) >> _CAP_SYS_RESOURCE & 1)
