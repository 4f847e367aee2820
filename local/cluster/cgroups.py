"""The cluster's cgroup in every hierarchy: one leaf for the node's processes; kubelet manages the rest."""

import os
import signal
import time
from pathlib import Path

_LEAF = "node"
_NEEDED = ("cpu", "cpuset", "memory", "pids")
_OPTIONAL = ("hugetlb", "io")
_REMOVE_TIMEOUT_S = 5.0


def hierarchies(mounts: Path = Path("/proc/self/mountinfo")) -> list[Path]:
    """List the roots of all mounted hierarchies: one per version 1 controller, and version 2 if it is mounted."""
    found: dict[Path, None] = {}
    for line in mounts.read_text().splitlines():
        before, _, after = line.partition(" - ")
        if after.split()[0] in ("cgroup", "cgroup2"):
            found[Path(before.split()[4])] = None
    return list(found)


def missing_controllers() -> list[str]:
    """List the controllers that kubelet needs and this machine does not offer, in either version."""
    offered: set[str] = set()
    for root in hierarchies():
        listed = root / "cgroup.controllers"
        if listed.exists():
            offered.update(listed.read_text().split())
        else:
            offered.update(
                controller
                for controller in _NEEDED
                if any(root.glob(f"{controller}.*")) or controller in root.name.split(",")
            )
    return [controller for controller in _NEEDED if controller not in offered]


def busy_roots() -> list[Path]:
    """List the version 2 roots that cannot delegate a needed controller: roots of a container that contain processes.

    See "No Internal Process Constraint" in https://docs.kernel.org/admin-guide/cgroup-v2.html.
    """
    return [root for root in hierarchies() if (root / "cgroup.controllers").exists() and _is_busy(root)]


def _is_busy(root: Path) -> bool:
    offered, enabled = ((root / f"cgroup.{name}").read_text().split() for name in ("controllers", "subtree_control"))
    lacking = any(controller in offered and controller not in enabled for controller in _NEEDED)
    # Only the machine's root cgroup has no type. It may have both processes and delegated controllers.
    return lacking and (root / "cgroup.type").exists() and bool((root / "cgroup.procs").read_text().strip())


def create(group: str) -> None:
    """Create the group in every hierarchy. Processes of the host are not moved."""
    for root in hierarchies():
        own = root / group
        own.mkdir(exist_ok=True)
        if (root / "cgroup.controllers").exists():
            _enable(root)
            _enable(own)
        (own / _LEAF).mkdir(exist_ok=True)
        for made in (own, own / _LEAF):
            _inherit_cpuset(made)


def _enable(group: Path) -> None:
    """Delegate the controllers that pods need, one by one, as one unavailable controller fails the whole write."""
    offered = (group / "cgroup.controllers").read_text().split()
    enabled = (group / "cgroup.subtree_control").read_text().split()
    for controller in (*_NEEDED, *_OPTIONAL):
        if controller in offered and controller not in enabled:
            (group / "cgroup.subtree_control").write_text(f"+{controller}")


def _inherit_cpuset(group: Path) -> None:
    """Copy cpus and mems from the parent: a version 1 cpuset starts empty, and no process can join it before."""
    for name in ("cpuset.cpus", "cpuset.mems"):
        own = group / name
        if (group / "cgroup.controllers").exists() or not own.exists():
            continue
        if not own.read_text().strip():
            own.write_text((group.parent / name).read_text())


def join(group: str) -> None:
    """Move the calling process into the node's leaf in every hierarchy."""
    for root in hierarchies():
        (root / group / _LEAF / "cgroup.procs").write_text("0")


def processes(group: str, *, of_pods: bool = False) -> list[int]:
    """List the PIDs, as seen from the caller, of all processes in the group, or only of its pods."""
    pids: set[int] = set()
    for root in hierarchies():
        for listing in (root / group).rglob("cgroup.procs"):
            if of_pods and listing.parent == root / group / _LEAF:
                continue
            try:
                pids.update(map(int, listing.read_text().split()))
            except OSError:
                continue  # the group was removed while it was read
    return sorted(pids - {0})


def remove(group: str) -> list[str]:
    """Kill the group's processes and remove it everywhere, deepest first. Return what could not be removed."""
    deadline = time.monotonic() + _REMOVE_TIMEOUT_S
    while left := [path for root in hierarchies() for path in _deepest_first(root / group)]:
        for pid in processes(group):
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                continue
        busy = [path for path in left if not _removed(path)]
        if busy and time.monotonic() > deadline:
            return [f"cgroup {path}" for path in busy]
        if busy:
            time.sleep(0.05)  # a group stays busy until its last process is reaped; there is no event to wait for
    return []


def _deepest_first(group: Path) -> list[Path]:
    if not group.exists():
        return []
    nested = [path for path in group.rglob("*") if path.is_dir()]
    return [*sorted(nested, key=lambda path: len(path.parts), reverse=True), group]


def _removed(group: Path) -> bool:
    try:
        group.rmdir()
    except FileNotFoundError:
        return True
    except OSError:
        return False
    return True
