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
from typing import Any

from local.cluster import kernel, network

# This process keeps the outside network namespace open under this descriptor: /proc/<pid>/fd/10 for the host.
OUTSIDE_DESCRIPTOR = 10
# The host's programs and libraries, which the node sees read-only.
SYSTEM = ("/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32")
_ETC = ("/etc/alternatives", "/etc/ld.so.cache", "/etc/machine-id", "/etc/os-release", "/etc/protocols")
_DIRECTORIES = {
    **dict.fromkeys(("etc", "home", "mnt", "opt", "run", "srv", "var/lib", "var/log"), 0o755),
    **dict.fromkeys(("tmp", "var/tmp"), 0o1777),
    "root": 0o700,
}
_HOST = "/.host"  # the mount point of the host's root until the node has all that it needs from there
# It exists on every machine, and the node mounts its own sysfs, so nothing of it is needed.
_NEW_ROOT = "/sys"
_LOOPBACK_RULES = """\
table inet node {
  chain loopback {
    type filter hook prerouting priority raw;
    iif != "lo" ip daddr 127.0.0.0/8 drop
    iif != "lo" ip saddr 127.0.0.0/8 drop
  }
}
"""
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
    # Since Linux 6.14 each PID namespace has a limit of its own, and kubelet would reserve IDs of one that is too high.
    Path("/proc/sys/kernel/pid_max").write_text(settings["pid_max"])
    os.umask(0o022)  # pods of any user look into the directories that are made here
    _network()
    _file_systems(settings)
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
    _sysctl({"ip_forward": "1"})
    # The kernel drops packets of other machines to 127.0.0.1, but the CNI plugin portmap sets route_localnet for pods
    # with a hostPort: a pod could then reach what listens on the node's loopback, such as etcd's metrics.
    _run(["nft", "--file", "-"], _LOOPBACK_RULES)
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
    _run(["ip", "-batch", "-"], "\n".join(commands))


def _run(command: Sequence[str], given: str) -> None:
    done = subprocess.run(
        command,
        input=given,
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


def _file_systems(settings: Mapping[str, Any]) -> None:
    """Replace the host's root by a tmpfs with the host's programs and the cluster's directories.

    A pod that mounts a directory of the node with hostPath therefore gets no directory of the host, such as /etc or
    /root. `read_only` and `writable` list directories that keep their path; `binds` maps target to source.
    """
    read_only, writable, binds = (settings[key] for key in ("read_only", "writable", "binds"))
    kernel.mount("none", "/", flags=kernel.MS_REC | kernel.MS_PRIVATE)
    wanted = [*SYSTEM, *_ETC, *read_only, *writable, *binds.values(), "/dev", "/sys/fs/cgroup"]
    # Opened before the change of root: a path may contain absolute symbolic links.
    sources = {path: os.open(path, os.O_PATH) for path in wanted if Path(path).exists()}
    links = {path: Path(path).readlink() for path in SYSTEM if Path(path).is_symlink()}
    _change_root()
    for path in (*SYSTEM, *_ETC, *read_only):
        if path in links:
            Path(path).symlink_to(links[path])
        elif path in sources:
            _bind(sources[path], path)
            kernel.make_read_only(path)
    for target, source in {**{path: path for path in writable}, **binds}.items():
        _bind(sources[source], target)
    _devices(sources["/dev"])
    kernel.mount("sysfs", "/sys", "sysfs")  # of this network namespace
    _bind(sources["/sys/fs/cgroup"], "/sys/fs/cgroup")
    _own_etc(settings["hostname"])
    for descriptor in sources.values():
        os.close(descriptor)
    kernel.detach(_HOST)
    Path(_HOST).rmdir()
    _shadow_kernel_settings()
    kernel.mount("none", "/", flags=kernel.MS_REC | kernel.MS_SHARED)  # pods may request mount propagation


def _change_root() -> None:
    """Enter a new root that has empty directories and /proc. The host's root is mounted at _HOST."""
    kernel.mount("tmpfs", _NEW_ROOT, "tmpfs", options="mode=755")
    for name, mode in _DIRECTORIES.items():
        made = Path(_NEW_ROOT, name)
        made.mkdir(parents=True)
        made.chmod(mode)
    for name in ("dev", "proc", "sys", _HOST.lstrip("/")):
        Path(_NEW_ROOT, name).mkdir()
    Path(_NEW_ROOT, "var/run").symlink_to("/run")
    kernel.pivot_root(_NEW_ROOT, _NEW_ROOT + _HOST)
    os.chdir("/")
    kernel.mount(f"{_HOST}/proc", "/proc", flags=kernel.MS_BIND | kernel.MS_REC)


def _bind(descriptor: int, target: str, flags: int = kernel.MS_BIND | kernel.MS_REC) -> None:
    """Mount the open directory or file at `target`, which is created if it is missing."""
    source = f"/proc/self/fd/{descriptor}"
    if Path(source).is_dir():
        Path(target).mkdir(parents=True, exist_ok=True)
    elif not Path(target).exists():
        Path(target).touch()
    kernel.mount(source, target, flags=flags)


def _devices(host: int) -> None:
    """Show the host's device files, without the right to add or remove one, and without its terminals."""
    _bind(host, "/dev", flags=kernel.MS_BIND)
    kernel.make_read_only("/dev")
    own = {
        "pts": ("devpts", "newinstance,ptmxmode=0666,mode=620"),
        "shm": ("tmpfs", "mode=1777"),
        "mqueue": ("mqueue", None),
    }
    for name, (kind, options) in own.items():
        if Path("/dev", name).is_dir():
            kernel.mount(kind, f"/dev/{name}", kind, options=options)


def _own_etc(hostname: str) -> None:
    """Write the files that kubelet reads: hosts for pods of the node's network, passwd to find its own user."""
    Path("/etc/hosts").write_text(f"127.0.0.1 localhost\n::1 localhost\n{network.NODE} {hostname}\n")
    Path("/etc/resolv.conf").touch()  # no DNS server outside is reachable
    Path("/etc/passwd").write_text("root:x:0:0:root:/root:/bin/sh\n")
    Path("/etc/group").write_text("root:x:0:\n")


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
