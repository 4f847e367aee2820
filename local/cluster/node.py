"""Process 1 of the node. It sets up mounts and networks, prints `ready`, then reaps orphans until it is killed.

The supervisor starts it in new namespaces. When it ends, the kernel kills every process of its PID namespace.
"""

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from local.cluster import kernel, network

# This process keeps the outside network namespace open under this descriptor: /proc/<pid>/fd/10 for the host.
OUTSIDE_DESCRIPTOR = 10
SHADOWED = ("/run", "/var/log", "/var/lib", "/opt")
# kubelet requires these values and would write them. They are not namespaced, so the host would change.
_KERNEL_SETTINGS = {
    "vm/overcommit_memory": "1",
    "vm/panic_on_oom": "0",
    "kernel/panic": "10",
    "kernel/panic_on_oops": "1",
    "kernel/keys/root_maxkeys": "1000000",
    "kernel/keys/root_maxbytes": "25000000",
}


def main() -> None:
    settings = json.loads(sys.argv[1])
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGCHLD})
    socket.sethostname(settings["hostname"])
    _network()
    _mounts(settings["keep"], settings["binds"])
    print("ready", flush=True)
    while True:
        try:
            os.wait()
        except ChildProcessError:
            signal.sigwait({signal.SIGCHLD})  # it is blocked, so a signal that arrived meanwhile is pending


def _network() -> None:
    """Create the node's network and, at the other end of a veth pair, the outside network of the clients."""
    os.dup2(os.open("/proc/self/ns/net", os.O_RDONLY), OUTSIDE_DESCRIPTOR)
    kernel.unshare(kernel.NEW_NET)
    node = os.open("/proc/self/ns/net", os.O_RDONLY)
    _ip(
        "link set lo up",
        f"link add eth0 type veth peer name node0 netns /proc/self/fd/{OUTSIDE_DESCRIPTOR}",
        f"address add {network.NODE}/24 dev eth0",
        "link set eth0 up",
        f"route add default via {network.OUTSIDE} dev eth0",
    )
    _sysctl({"ip_forward": "1", "conf/all/route_localnet": "1"})
    kernel.setns(OUTSIDE_DESCRIPTOR)
    _ip(
        "link set lo up",
        f"address add {network.OUTSIDE}/24 dev node0",
        "link set node0 up",
        f"route add {network.PODS} via {network.NODE}",
        # Treat every address as local here, so that clients keep their own source address.
        "route add local 0.0.0.0/0 dev lo table 100",
        "rule add iif node0 lookup 100",
    )
    # Each closed connection reserves its port for a minute. By default, 28,000 short connections would use all ports.
    _sysctl({"tcp_tw_reuse": "1", "ip_local_port_range": "1024 65535"})
    kernel.setns(node)
    os.close(node)


def _ip(*commands: str) -> None:
    done = subprocess.run(
        ["ip", "-batch", "-"],
        input="\n".join(commands),
        pass_fds=(OUTSIDE_DESCRIPTOR,),
        capture_output=True,
        text=True,
        errors="replace",
        check=False,
    )
    if done.returncode != 0:
        sys.exit(f"error: the node's network cannot be created: {done.stderr.strip()}")


def _sysctl(values: Mapping[str, str]) -> None:
    """Set kernel parameters of the current network namespace."""
    for name, value in values.items():
        Path("/proc/sys/net/ipv4", name).write_text(value)


def _mounts(keep: Sequence[str], binds: Mapping[str, str]) -> None:
    """Mount over the fixed paths that components write to. `keep` stays visible; `binds` maps target to source."""
    kernel.mount("none", "/", flags=kernel.MS_REC | kernel.MS_PRIVATE)
    kept = {path: os.open(path, os.O_PATH) for path in [*keep, *binds.values()] if Path(path).exists()}
    for shadowed in SHADOWED:
        if Path(shadowed).is_dir():
            kernel.mount("tmpfs", shadowed, "tmpfs", options="mode=755")
    for path in keep:
        if path in kept and _is_shadowed(Path(path)):
            _bind(kept[path], path)
    for target, source in binds.items():
        _bind(kept[source], target)
    for descriptor in kept.values():
        os.close(descriptor)
    _own_sysfs()
    _shadow_kernel_settings()
    kernel.mount("none", "/", flags=kernel.MS_REC | kernel.MS_SHARED)  # pods may request mount propagation


def _is_shadowed(path: Path) -> bool:
    return any(path.resolve().is_relative_to(Path(shadowed).resolve()) for shadowed in SHADOWED)


def _bind(descriptor: int, target: str) -> None:
    Path(target).mkdir(parents=True, exist_ok=True)
    kernel.mount(f"/proc/self/fd/{descriptor}", target, flags=kernel.MS_BIND | kernel.MS_REC)


def _own_sysfs() -> None:
    """Mount a sysfs that shows this network's interfaces, and keep the host's cgroups below it."""
    cgroups = os.open("/sys/fs/cgroup", os.O_PATH)
    kernel.mount("sysfs", "/sys", "sysfs")
    kernel.mount(f"/proc/self/fd/{cgroups}", "/sys/fs/cgroup", flags=kernel.MS_BIND | kernel.MS_REC)
    os.close(cgroups)


def _shadow_kernel_settings() -> None:
    for name, value in _KERNEL_SETTINGS.items():
        setting = Path("/proc/sys", name)
        if setting.exists():
            stand_in = Path("/run/kernel-settings", name)
            stand_in.parent.mkdir(parents=True, exist_ok=True)
            stand_in.write_text(value)
            kernel.mount(str(stand_in), str(setting), flags=kernel.MS_BIND)


if __name__ == "__main__":
    main()
