"""Process 1 of the node: prepares its mounts and networks, then reaps what the others leave, until it is killed.

Its end is the end of every process of the node, as the kernel kills all of a pid namespace with its process 1.
Started by the supervisor in namespaces of its own; it says `ready` on its standard output.
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

# This process holds the network beyond the node by this descriptor: /proc/<pid>/fd/10 for the host.
OUTSIDE_DESCRIPTOR = 10
_SHADOWED = ("/run", "/var/log", "/var/lib", "/opt")
# kubelet asks for these values and would write them. None of them belongs to a namespace: the host would get them.
_KERNEL_SETTINGS = {
    "vm/overcommit_memory": "1",
    "vm/panic_on_oom": "0",
    "kernel/panic": "10",
    "kernel/panic_on_oops": "1",
    "kernel/keys/root_maxkeys": "1000000",
    "kernel/keys/root_maxbytes": "25000000",
}


def main() -> None:
    order = json.loads(sys.argv[1])
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGCHLD})
    socket.sethostname(order["hostname"])
    _network()
    _mounts(order["keep"], order["binds"])
    print("ready", flush=True)
    while True:
        try:
            os.wait()
        except ChildProcessError:
            signal.sigwait({signal.SIGCHLD})  # blocked, so one that came meanwhile is still pending


def _network() -> None:
    """The node's network and, at the other end of a veth pair, the network outside, where clients come from."""
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
    kernel.enter(OUTSIDE_DESCRIPTOR)
    _ip(
        "link set lo up",
        f"address add {network.OUTSIDE}/24 dev node0",
        "link set node0 up",
        f"route add {network.PODS} via {network.NODE}",
        # Whatever address the node answers to, a process in here has it: clients keep their own.
        "route add local 0.0.0.0/0 dev lo table 100",
        "rule add iif node0 lookup 100",
    )
    # Else 28,000 short connections use up all ports for the minute that each stays reserved.
    _sysctl({"tcp_tw_reuse": "1", "ip_local_port_range": "1024 65535"})
    kernel.enter(node)
    os.close(node)


def _ip(*commands: str) -> None:
    done = subprocess.run(
        ["ip", "-batch", "-"],
        input="\n".join(commands),
        pass_fds=(OUTSIDE_DESCRIPTOR,),
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        sys.exit(f"the node's network cannot be made: {done.stderr.strip()}")


def _sysctl(values: Mapping[str, str]) -> None:
    """Settings that belong to the network namespace this process is in."""
    for name, value in values.items():
        Path("/proc/sys/net/ipv4", name).write_text(value)


def _mounts(keep: Sequence[str], binds: Mapping[str, str]) -> None:
    """Cover what components write at fixed places of the host; `keep` stays as it is, `binds` maps target to source."""
    kernel.mount("none", "/", flags=kernel.MS_REC | kernel.MS_PRIVATE)
    kept = {path: os.open(path, os.O_PATH) for path in [*keep, *binds.values()] if Path(path).exists()}
    for shadowed in _SHADOWED:
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
    kernel.mount("none", "/", flags=kernel.MS_REC | kernel.MS_SHARED)  # for pods that ask for mount propagation


def _is_shadowed(path: Path) -> bool:
    return any(path.resolve().is_relative_to(Path(shadowed).resolve()) for shadowed in _SHADOWED)


def _bind(descriptor: int, target: str) -> None:
    Path(target).mkdir(parents=True, exist_ok=True)
    kernel.mount(f"/proc/self/fd/{descriptor}", target, flags=kernel.MS_BIND | kernel.MS_REC)


def _own_sysfs() -> None:
    """A sysfs that shows this network's interfaces, with the host's cgroups where they were."""
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
