"""System calls on namespaces, mounts and processes that Python 3.11 does not offer. Each raises OSError."""

import ctypes
import os
import signal
from pathlib import Path

ANY_NAMESPACE = 0
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


def setns(descriptor: int, kind: int = ANY_NAMESPACE) -> None:
    """Move the calling thread into the namespace of an open /proc/<pid>/ns file, which must be of this `kind`.

    A PID namespace is the exception: the thread stays, and its next children start there.
    """
    _call("setns", descriptor, kind)


def unshare(flags: int) -> None:
    """Move the calling process into new namespaces."""
    _call("unshare", flags)


def mount(source: str, target: str, kind: str = "none", flags: int = 0, options: str | None = None) -> None:
    """Mount `source` at `target`, as mount(2) does."""
    data = options.encode() if options else None
    _call("mount", source.encode(), target.encode(), kind.encode(), ctypes.c_ulong(flags), data)


def die_with_parent() -> None:
    """Have the kernel kill this process when the thread that started it ends, for any reason."""
    _call("prctl", _PR_SET_PDEATHSIG, int(signal.SIGKILL), 0, 0, 0)


def may_lower_oom_score() -> bool:
    """Report whether this process has CAP_SYS_RESOURCE. Some virtual machines and containers have a root without it."""
    status = Path("/proc/self/status").read_text()
    return bool(int(status.split("CapEff:")[1].split()[0], 16) >> _CAP_SYS_RESOURCE & 1)
