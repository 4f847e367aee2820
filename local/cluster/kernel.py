"""System calls on namespaces, mounts and processes that Python 3.11 does not offer. Each raises OSError."""

import ctypes
import os
import signal
from contextlib import suppress
from pathlib import Path

ANY_NAMESPACE = 0
NEW_NET = 0x40000000
MS_BIND = 0x1000
MS_REC = 0x4000
MS_PRIVATE = 1 << 18
MS_SHARED = 1 << 20
_MNT_DETACH = 2
_AT_FDCWD = -100
_AT_RECURSIVE = 0x8000
_MOUNT_ATTR_RDONLY = 1
_SYS_MOUNT_SETATTR = 442  # on all architectures but Alpha; the C library has no function for it
_PR_SET_PDEATHSIG = 1
_CAP_SYS_RESOURCE = 24
# The score of kubeadm's control plane. Pods have higher ones, so the kernel kills them first when memory runs out.
_OOM_SCORE = -997
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


def make_read_only(target: str) -> None:
    """Make the mount `target` and all mounts below it read-only. It needs Linux 5.12; kube-proxy needs 5.13."""
    attributes = (ctypes.c_uint64 * 4)(_MOUNT_ATTR_RDONLY)
    number, flags, size = (ctypes.c_long(n) for n in (_SYS_MOUNT_SETATTR, _AT_RECURSIVE, ctypes.sizeof(attributes)))
    _call("syscall", number, ctypes.c_long(_AT_FDCWD), target.encode(), flags, attributes, size)


def pivot_root(new: str, old: str) -> None:
    """Make the mount `new` the root of this mount namespace. The previous root is then at `old`, which is below it."""
    _call("pivot_root", new.encode(), old.encode())


def detach(target: str) -> None:
    """Unmount `target` and all mounts below it. Files that are open there stay open."""
    _call("umount2", target.encode(), _MNT_DETACH)


def die_with_parent() -> None:
    """Have the kernel kill this process when the thread that started it ends, for any reason."""
    _call("prctl", _PR_SET_PDEATHSIG, int(signal.SIGKILL), 0, 0, 0)


def may_lower_oom_score() -> bool:
    """Report whether this process has CAP_SYS_RESOURCE. Some virtual machines and containers have a root without it."""
    status = Path("/proc/self/status").read_text()
    return bool(int(status.split("CapEff:")[1].split()[0], 16) >> _CAP_SYS_RESOURCE & 1)


def lower_oom_score() -> None:
    """Have the kernel spare this process and its later children when memory runs out. Not every root may do so."""
    with suppress(PermissionError):
        Path("/proc/self/oom_score_adj").write_text(str(_OOM_SCORE))
