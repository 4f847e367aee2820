"""The node's own network and files, made in namespaces of the tests' own."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from local.cluster import kernel, network
from local.cluster.directory import Directory
from local.paths import REPOSITORY

Run = Callable[[str], str]
_UNSHARE = ("unshare", "--fork", "--pid", "--mount", "--net", "--uts", "--ipc", "--mount-proc", "--kill-child")
_SHOWN = (str(REPOSITORY), sys.prefix, sys.base_prefix)  # so that these tests can run Python there
_PORT = 2381
_NEIGHBOUR = "10.244.0.9"
# Serves on the node's loopback. In a second network, which is joined to the node as a pod is, it connects to there.
_CONNECT = f"""
import os, socket, subprocess
from local.cluster import kernel

listener = socket.create_server(("127.0.0.1", {_PORT}))
node = os.open("/proc/self/ns/net", os.O_RDONLY)

def ip(commands):
    subprocess.run(["ip", "-batch", "-"], input=commands, text=True, check=True, pass_fds=(node,))

kernel.unshare(kernel.NEW_NET)
ip(f'''link add eth0 type veth peer name pod netns /proc/self/fd/{{node}}
address add {_NEIGHBOUR}/32 dev eth0
link set eth0 up
route add {network.NODE} dev eth0
route add 127.0.0.1 via {network.NODE} dev eth0 src {_NEIGHBOUR}''')
open("/proc/sys/net/ipv4/conf/all/route_localnet", "w").write("1")
neighbour = os.open("/proc/self/ns/net", os.O_RDONLY)
kernel.setns(node)
ip("link set pod up\\nroute add {_NEIGHBOUR} dev pod")
open("/proc/sys/net/ipv4/conf/pod/route_localnet", "w").write("1")  # as the CNI plugin portmap does
kernel.setns(neighbour)
try:
    socket.create_connection(("127.0.0.1", {_PORT}), timeout=2).close()
    print("connected")
except TimeoutError:
    print("refused")
"""


@pytest.fixture
def on_node(directory: Directory) -> Iterator[Run]:
    """Run Python code in a node without components, and return what it prints."""
    if os.geteuid() != 0:
        pytest.skip("namespaces need root")
    if shutil.which("nft") is None:
        pytest.skip("nft is not installed; `make test` installs it")
    settings = {
        "hostname": directory.name,
        "pid_max": Path("/proc/sys/kernel/pid_max").read_text(),
        "read_only": [str(directory.pki), *_SHOWN],
        "writable": [str(directory.etcd)],
        "binds": {"/var/lib/kubelet": str(directory.kubelet)},
    }
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(REPOSITORY)}
    with subprocess.Popen(
        [*_UNSHARE, "--", sys.executable, "-m", "local.cluster.node", json.dumps(settings)],
        stdout=subprocess.PIPE,
        cwd="/",
        env=environment,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"ready\n"
        (init,) = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()

        def run(code: str) -> str:
            command = ["nsenter", f"--target={init}", "--all", "--", sys.executable, "-c", code]
            done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment, cwd="/")
            assert done.returncode == 0, done.stderr
            return done.stdout.strip()

        yield run
        process.kill()


def _listed(run: Run, path: str) -> set[str]:
    return set(json.loads(run(f"import json, os; print(json.dumps(os.listdir({path!r})))")))


def test_a_directory_of_the_node_is_not_the_hosts(on_node: Run, directory: Directory) -> None:
    of_host = {"alternatives", "ld.so.cache", "machine-id", "os-release", "protocols"} & {
        path.name for path in Path("/etc").iterdir()
    }
    assert _listed(on_node, "/etc") == of_host | {"group", "hosts", "passwd", "resolv.conf"}
    assert _listed(on_node, str(directory.root)) == {"etcd", "pki"}
    assert _listed(on_node, "/") & {".host", "boot", "lost+found"} == set()
    shown = [path for mount in _SHOWN for path in (Path(mount), *Path(mount).parents)]
    for name in ("/home", "/mnt", "/opt", "/root", "/srv", "/var/log"):
        assert {path for path in _listed(on_node, name) if Path(name, path) not in shown} == set(), name


def test_the_node_has_shared_memory_of_its_own(on_node: Run) -> None:
    here = Path("/dev/shm").stat().st_dev  # noqa: S108
    assert on_node("import os; print(os.stat('/dev/shm').st_dev)") != str(here)


def test_a_file_written_below_etc_does_not_appear_on_the_host(on_node: Run) -> None:
    on_node("import pathlib; pathlib.Path('/etc/cron.d').mkdir(); pathlib.Path('/etc/cron.d/x-test').touch()")
    assert not Path("/etc/cron.d/x-test").exists()


@pytest.mark.parametrize("place", ["/usr/x-test", "/bin/x-test", "/dev/x-test", "PKI/x-test"])
def test_the_hosts_programs_devices_and_the_clusters_keys_are_read_only(
    on_node: Run, directory: Directory, place: str
) -> None:
    path = place.replace("PKI", str(directory.pki))
    code = f"import errno, os\ntry:\n os.mknod({path!r})\nexcept OSError as e:\n print(errno.errorcode[e.errno])"
    assert on_node(code) == "EROFS"
    assert not Path(path).exists()


def test_what_the_node_writes_into_its_data_is_kept_on_the_host(on_node: Run, directory: Directory) -> None:
    on_node(f"open('{directory.etcd}/data', 'w').write('kept'); open('/var/lib/kubelet/data', 'w').write('kept')")
    assert (directory.etcd / "data").read_text() == (directory.kubelet / "data").read_text() == "kept"


def test_a_neighbour_does_not_reach_the_nodes_loopback(on_node: Run) -> None:
    """A machine of the node's network sends to 127.0.0.1 through the node's address, as CVE-2020-8558 describes."""
    assert on_node(_CONNECT) == "refused"


def test_without_the_rule_a_neighbour_would_reach_the_nodes_loopback(on_node: Run) -> None:
    on_node("import subprocess; subprocess.run(['nft', 'delete', 'table', 'inet', 'node'], check=True)")
    assert on_node(_CONNECT) == "connected"


def test_the_kernel_itself_refuses_packets_to_the_loopback(on_node: Run) -> None:
    assert on_node("print(open('/proc/sys/net/ipv4/conf/all/route_localnet').read())") == "0"


def test_the_node_has_the_process_ids_of_the_machine(on_node: Run) -> None:
    assert (
        on_node("print(open('/proc/sys/kernel/pid_max').read())")
        == Path("/proc/sys/kernel/pid_max").read_text().strip()
    )


def test_the_kernel_spares_the_supervisor_and_its_children_if_its_user_may_ask_for_that() -> None:
    code = (
        "import subprocess\nfrom local.cluster import kernel\n"
        "kernel.lower_oom_score()\nsubprocess.run(['cat', '/proc/self/oom_score_adj'])"
    )
    printed = subprocess.run([sys.executable, "-c", code], cwd=REPOSITORY, capture_output=True, text=True, check=True)
    expected = "-997" if kernel.may_lower_oom_score() else Path("/proc/self/oom_score_adj").read_text().strip()
    assert printed.stdout.strip() == expected
