"""Preflight checks of the machine. They report every failed check at once, each with its fix."""

import os
import platform
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path

from local.cluster import cgroups
from local.cluster.cloud import host_ports
from local.cluster.directory import Directory
from local.cluster.settings import Settings
from local.errors import UserError

MIN_FREE_DISK = 3 << 30
_MIN_FREE_MEMORY = 1500 << 20
_FILE_SYSTEMS = {"overlay": "overlay", "tmpfs": "tmpfs"}


def check_possible() -> None:
    """Raise UserError if this machine can never run a cluster. Call it before set-up downloads and builds tools."""
    _refuse("The local cluster", list(_impossible()))


def check(directory: Directory, settings: Settings, ports_to_serve: Sequence[int] = ()) -> None:
    """Raise UserError with every reason why the cluster cannot start here. Changes nothing.

    `ports_to_serve` are the TCP ports that its first load balancer will serve.
    """
    problems = list(_impossible()) or list(_problems(directory, settings, ports_to_serve))
    _refuse(f"The cluster {directory.name}", problems)


def _refuse(what: str, problems: Sequence[UserError]) -> None:
    if problems:
        count = "one reason" if len(problems) == 1 else f"{len(problems)} reasons"
        listed = "\n".join(f"- {problem.message}\n    {problem.fix}" for problem in problems)
        raise UserError(f"{what} cannot be started here, for {count}:\n{listed}")


def _impossible() -> Iterator[UserError]:
    if platform.system() != "Linux":
        yield UserError(
            f"The local cluster needs Linux, and this is {platform.system()}.",
            "Use an existing cluster: make up CONTEXT=NAME",
        )
    elif os.geteuid() != 0:
        yield UserError(
            "The local cluster needs root to create namespaces and mounts.",
            "Become root (sudo -i), or use an existing cluster: make up CONTEXT=NAME",
        )


def _problems(directory: Directory, settings: Settings, ports_to_serve: Sequence[int]) -> Iterator[UserError]:
    yield from _kernel()
    if missing := cgroups.missing_controllers():
        yield UserError(
            f"These cgroup controllers are not available: {', '.join(missing)}.",
            "Mount the cgroup file system, or enable them at boot: cgroup_enable=memory (and the others).",
        )
    if busy := cgroups.busy_roots():
        yield UserError(
            f"The cgroup {busy[0]} holds processes of its own, so it cannot delegate controllers to the cluster. "
            "It is the root cgroup of a container.",
            "Start the container with the host's cgroups (docker run --privileged --cgroupns=host), or run in it: "
            f"mkdir -p {busy[0]}/init && xargs -rn1 < {busy[0]}/cgroup.procs > {busy[0]}/init/cgroup.procs",
        )
    wanted = [("127.0.0.1", settings.api_port), *((settings.first_address, port) for port in ports_to_serve)]
    for address, port in wanted:
        try:
            host_ports.listen("TCP", address, port).close()
        except host_ports.PermissionDenied:
            continue  # the cloud then serves this port on a high one
        except UserError as error:
            yield UserError(error.message, "Stop that process, then run the same command again.")
    yield from _resources(directory)


def _kernel() -> Iterator[UserError]:
    probe = subprocess.run(
        ["unshare", "--fork", "--pid", "--mount", "--net", "--uts", "--ipc", "nft", "list", "ruleset"],
        capture_output=True,
        text=True,
        errors="replace",
        check=False,
    )
    if probe.returncode != 0:
        yield UserError(
            f"Namespaces with nftables cannot be created: {probe.stderr.strip() or probe.returncode}",
            "In a container, run it privileged. Elsewhere, load the kernel modules: modprobe -a nf_tables veth overlay",
        )
    known = Path("/proc/filesystems").read_text().split()
    for name, module in _FILE_SYSTEMS.items():
        if name not in known and subprocess.run(["modprobe", module], check=False, capture_output=True).returncode:
            yield UserError(f"The kernel does not support the file system {name}.", f"Load it: modprobe {module}")


def _resources(directory: Directory) -> Iterator[UserError]:
    existing = next(path for path in (directory.root, *directory.root.parents) if path.exists())
    free = shutil.disk_usage(existing).free
    if free < MIN_FREE_DISK:
        yield UserError(
            f"{existing} has {free / (1 << 30):.1f} GiB free; images and data need {MIN_FREE_DISK >> 30} GiB.",
            "Free some space, or set XDG_STATE_HOME to a directory on another disk.",
        )
    lines = dict(line.split(":") for line in Path("/proc/meminfo").read_text().splitlines())
    available = int(lines["MemAvailable"].split()[0]) << 10
    if available < _MIN_FREE_MEMORY:
        yield UserError(
            f"{available >> 20} MiB of memory are available; node and stack need about {_MIN_FREE_MEMORY >> 20} MiB.",
            "Stop programs that use much memory.",
        )
