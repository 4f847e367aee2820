"""What a machine must have before a cluster is started on it: every failing condition at once, each with its cure."""

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

_FREE_DISK = 3 << 30
_FREE_MEMORY = 1500 << 20
_FILE_SYSTEMS = {"overlay": "overlay", "tmpfs": "tmpfs"}


def check_possible() -> None:
    """UserError where no set-up would help: to be asked before tools are fetched and built for a cluster."""
    _refuse("The local cluster", list(_impossible()))


def check(directory: Directory, settings: Settings, ports_to_serve: Sequence[int] = ()) -> None:
    """UserError with all that keeps a cluster from starting here. Nothing is changed.

    `ports_to_serve` are the TCP ports that its first load balancer will be asked for.
    """
    problems = list(_impossible()) or list(_problems(directory, settings, ports_to_serve))
    _refuse(f"The cluster {directory.name}", problems)


def _refuse(what: str, problems: Sequence[UserError]) -> None:
    if problems:
        count = "one thing" if len(problems) == 1 else f"{len(problems)} things"
        listed = "\n".join(f"- {problem.message}\n    {problem.cure}" for problem in problems)
        raise UserError(f"{what} cannot be started here, for {count}:\n{listed}")


def _impossible() -> Iterator[UserError]:
    if platform.system() != "Linux":
        yield UserError(
            f"This is {platform.system()}; the local cluster needs Linux.",
            "Use a cluster that you have: make up CONTEXT=NAME",
        )
    elif os.geteuid() != 0:
        yield UserError(
            "It needs root, to make namespaces and mounts.",
            "Become root first (sudo -i), or use a cluster that you have: make up CONTEXT=NAME",
        )


def _problems(directory: Directory, settings: Settings, ports_to_serve: Sequence[int]) -> Iterator[UserError]:
    yield from _kernel()
    if missing := cgroups.missing_controllers():
        yield UserError(
            f"The kernel offers no cgroup controller {', '.join(missing)}.",
            "Mount the cgroup file system, or boot with cgroup_enable=memory (and what else is missing).",
        )
    if busy := cgroups.busy_roots():
        yield UserError(
            f"The cgroup {busy[0]} holds processes of its own, so it cannot hand controllers down to the cluster's: "
            "it is the root of a container.",
            "Start the container with the host's cgroups (docker run --privileged --cgroupns=host), or in it type: "
            f"mkdir -p {busy[0]}/init && xargs -rn1 < {busy[0]}/cgroup.procs > {busy[0]}/init/cgroup.procs",
        )
    wanted = [("127.0.0.1", settings.api_port), *((settings.first_address, port) for port in ports_to_serve)]
    for address, port in wanted:
        try:
            host_ports.listen("TCP", address, port).close()
        except host_ports.NoRight:
            continue  # a load balancer's port is then offered as a high one
        except UserError as error:
            yield UserError(error.message, "Stop that process, then type the same command again.")
    yield from _room(directory)


def _kernel() -> Iterator[UserError]:
    probe = subprocess.run(
        ["unshare", "--fork", "--pid", "--mount", "--net", "--uts", "--ipc", "nft", "list", "ruleset"],
        capture_output=True,
        text=True,
        check=False,
    )
    if probe.returncode != 0:
        yield UserError(
            f"New namespaces with nftables cannot be had: {probe.stderr.strip() or probe.returncode}",
            "In a container, run it privileged; elsewhere load the kernel's modules: modprobe nf_tables veth overlay",
        )
    known = Path("/proc/filesystems").read_text().split()
    for name, module in _FILE_SYSTEMS.items():
        if name not in known and subprocess.run(["modprobe", module], check=False, capture_output=True).returncode:
            yield UserError(f"The kernel has no file system {name}.", f"modprobe {module}")


def _room(directory: Directory) -> Iterator[UserError]:
    there = next(path for path in (directory.root, *directory.root.parents) if path.exists())
    free = shutil.disk_usage(there).free
    if free < _FREE_DISK:
        yield UserError(
            f"{there} has {free / (1 << 30):.1f} GiB free; images and data need {_FREE_DISK >> 30} GiB.",
            "Free some space, or name another place with XDG_STATE_HOME.",
        )
    lines = dict(line.split(":") for line in Path("/proc/meminfo").read_text().splitlines())
    available = int(lines["MemAvailable"].split()[0]) << 10
    if available < _FREE_MEMORY:
        yield UserError(
            f"{available >> 20} MiB of memory are available; node and stack need about {_FREE_MEMORY >> 20} MiB.",
            "End what uses it.",
        )
