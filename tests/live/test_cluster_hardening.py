"""What pods cannot do to the node and to the host, and what keeps a cluster apart from others and from its own age."""

import json
import ssl
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509

from local.cluster import cgroups, credentials, network, pki
from local.cluster.settings import Settings
from local.paths import REPOSITORY
from local.toolchain import Tools
from tests.conftest import API_PORT, TestCluster
from tests.live.pods import PodNetworks
from tests.live.waiting import wait_until

NAMESPACE = "hostile"
Kubectl = Callable[..., str]
# Directories of the node give the image of pause a shell.
_PROGRAMS = {"/usr": "/usr", "/usr/lib": "/lib", "/usr/lib64": "/lib64", "/usr/bin": "/bin"}


def pod(name: str, script: str, mounts: dict[str, str], **container: Any) -> str:
    """Return the manifest of a pod that runs a shell script. `mounts` maps the node's directories to its own."""
    shown = {
        source: target
        for source, target in {**_PROGRAMS, **mounts}.items()
        if source not in _PROGRAMS or Path(source).is_dir()
    }
    volumes = [{"name": f"v{n}", "hostPath": {"path": path}} for n, path in enumerate(shown)]
    mounted = [{"name": f"v{n}", "mountPath": path} for n, path in enumerate(shown.values())]
    spec = {
        "terminationGracePeriodSeconds": 0,
        "restartPolicy": "Never",
        "containers": [
            {
                "name": name,
                "image": "registry.k8s.io/pause:3.10",
                "command": ["/bin/sh", "-c", script],
                "volumeMounts": mounted,
                "securityContext": {"runAsUser": 0},
                **container,
            }
        ],
        "volumes": volumes,
    }
    return json.dumps({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name}, "spec": spec})


@pytest.fixture
def kubectl(cluster: TestCluster, tools: Tools) -> Iterator[Kubectl]:
    def run(*arguments: str, given: str | None = None) -> str:
        command = [str(tools.program("kubectl")), f"--kubeconfig={cluster.kubeconfig}", f"--namespace={NAMESPACE}"]
        return subprocess.run([*command, *arguments], input=given, text=True, capture_output=True, check=True).stdout

    run("create", "namespace", NAMESPACE)
    wait_until(lambda: "default" in run("get", "serviceaccounts"))
    yield run
    run("delete", "namespace", NAMESPACE)


def settings(cluster: TestCluster) -> Settings:
    kept = Settings.kept(cluster.directory)
    assert kept is not None
    return kept


@pytest.mark.fault("A pod mounts /etc and /root of the node", "It sees none of the host's files")
def test_a_pod_that_mounts_etc_and_root_gets_no_directory_of_the_host(kubectl: Kubectl) -> None:
    mounts = {"/etc": "/node/etc", "/root": "/node/root", "/home": "/node/home"}
    script = "ls /node/etc; touch /node/etc/x-test /node/root/x-test /node/home/x-test && echo written"
    kubectl("apply", "--filename=-", given=pod("curious", script, mounts))
    kubectl("wait", "--for=jsonpath={.status.phase}=Succeeded", "pod/curious", "--timeout=60s")
    listed = kubectl("logs", "curious").split()
    assert listed[-1] == "written"
    assert {"hosts", "resolv.conf"} < set(listed)
    assert {"shadow", "ssh", "cron.d"} & set(listed) == set()
    assert [path for path in ("/etc", "/root", "/home") if Path(path, "x-test").exists()] == []


@pytest.mark.fault("A pod starts processes without end", "It ends at the limit of its pod, and the cluster is healthy")
def test_a_fork_bomb_ends_at_the_limit_of_its_pod(cluster: TestCluster, kubectl: Kubectl) -> None:
    bomb = pod("bomb", "(while :; do sleep 600 & done); exec sleep 600", {})
    kubectl("apply", "--filename=-", given=bomb)
    wait_until(lambda: "fork" in kubectl("logs", "bomb") if _is_running(kubectl, "bomb") else False, 120)
    uid = kubectl("get", "pod", "bomb", "--output=jsonpath={.metadata.uid}")
    group = settings(cluster).cgroup
    (own,) = {path for root in cgroups.hierarchies() for path in (root / group).rglob(f"pod{uid}/pids.current")}
    (total,) = {path for root in cgroups.hierarchies() for path in (root / group / "kubepods").glob("pids.max")}
    assert 1000 < int(own.read_text()) <= int((own.parent / "pids.max").read_text()) == 2048
    assert int(total.read_text()) < int(Path("/proc/sys/kernel/pid_max").read_text())
    assert cluster.cluster.status().healthy


def _is_running(kubectl: Kubectl, name: str) -> bool:
    return kubectl("get", "pod", name, "--output=jsonpath={.status.phase}") == "Running"


def test_a_pod_without_a_seccomp_profile_gets_that_of_the_runtime(kubectl: Kubectl) -> None:
    kubectl("apply", "--filename=-", given=pod("plain", "grep Seccomp: /proc/self/status", {}))
    kubectl("wait", "--for=jsonpath={.status.phase}=Succeeded", "pod/plain", "--timeout=60s")
    assert kubectl("logs", "plain").split() == ["Seccomp:", "2"]


@pytest.mark.fault("A pod sends packets to 127.0.0.1 of the node", "No port there takes the connection")
def test_a_pod_does_not_reach_the_nodes_loopback(cluster: TestCluster, kubectl: Kubectl) -> None:
    """Send to 127.0.0.1 through the node's address, from a pod for which portmap has set route_localnet."""
    ports = [{"containerPort": 80, "hostPort": 8099}]
    kubectl("apply", "--filename=-", given=pod("neighbour", "exec sleep 600", {}, ports=ports))
    kubectl("wait", "--for=condition=Ready", "pod/neighbour", "--timeout=60s")
    address = kubectl("get", "pod", "neighbour", "--output=jsonpath={.status.podIP}")
    networks = PodNetworks(cluster.directory)
    inside = f"--net=/proc/{networks.pid('neighbour')}/ns/net"
    # The pod's own loopback must not take these packets.
    for command in (
        "ip link set lo down",
        "sysctl -q -w net.ipv4.conf.all.route_localnet=1",
        f"ip route add 127.0.0.1 via {_gateway(inside)} dev eth0 src {address}",
    ):
        subprocess.run(["nsenter", inside, *command.split()], check=True)
    assert networks.connects("neighbour", network.NODE, network.API_PORT)
    for port in (network.ETCD_HEALTH_PORT, network.ETCD_PORT, 10248, 10249):
        assert not networks.connects("neighbour", "127.0.0.1", port), port


def _gateway(inside: str) -> str:
    routes = subprocess.run(["nsenter", inside, "ip", "-json", "route"], capture_output=True, text=True, check=True)
    (gateway,) = [route["gateway"] for route in json.loads(routes.stdout) if route["dst"] == "default"]
    return gateway


@pytest.mark.fault("Certificates near their end are served", "They are named and renewed, and no process restarts")
def test_certificates_are_renewed_without_a_restart_of_a_component(
    cluster: TestCluster, kubectl: Kubectl, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = {row["name"]: (row["pid"], row["restarts"]) for row in cluster.cluster.status().components}
    with monkeypatch.context() as short:
        short.setattr(pki, "LEAF_LIFE", timedelta(days=20))
        short.setattr(pki, "RENEW_BEFORE", timedelta(days=366))
        assert "apiserver" in credentials.renew(cluster.directory, settings(cluster))
    wait_until(lambda: _served_until() < datetime.now(UTC) + timedelta(days=21))
    assert "apiserver" in cluster.cluster.status().expiring
    assert "certificates near their end: " in cluster.cli("status").stdout
    wait_until(lambda: not cluster.cluster.status().expiring, 90)
    wait_until(lambda: _served_until() > datetime.now(UTC) + timedelta(days=360), 90)
    assert {row["name"]: (row["pid"], row["restarts"]) for row in cluster.cluster.status().components} == before
    assert cluster.cluster.status().healthy
    kubectl("apply", "--filename=-", given=pod("after", "echo works", {}))
    kubectl("wait", "--for=jsonpath={.status.phase}=Succeeded", "pod/after", "--timeout=60s")
    assert kubectl("logs", "after") == "works\n"  # kube-apiserver and kubelet authenticate each other


def _served_until() -> datetime:
    served = ssl.get_server_certificate(("127.0.0.1", API_PORT))
    return x509.load_pem_x509_certificate(served.encode()).not_valid_after_utc


_IN_A_CONTAINER = """
import os, subprocess, sys
from local import supplies
from local.toolchain.progress import Progress
from tests.live.test_cluster_lifecycle import Life

subprocess.run(["mount", "-t", "tmpfs", "tmpfs", os.environ["XDG_STATE_HOME"]], check=True)
subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
life = Life(supplies.for_stack_on_local_cluster(Progress()))
life.up()
for _ in sys.stdin:
    print(life.cluster.status().state, flush=True)
life.cluster.down()
"""


@pytest.mark.fault("Two containers share the host's cgroups and use the same paths", "The clusters in both run")
def test_two_containers_with_one_cgroup_file_system_and_the_same_paths_both_run(tmp_path: Path) -> None:
    unshare = ["unshare", "--fork", "--pid", "--mount", "--net", "--mount-proc", "--kill-child"]

    def container() -> subprocess.Popen[str]:
        return subprocess.Popen(
            ["env", f"XDG_STATE_HOME={tmp_path}", *unshare, sys.executable, "-c", _IN_A_CONTAINER],
            cwd=REPOSITORY,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def state(of: subprocess.Popen[str]) -> str:
        assert of.stdin is not None
        assert of.stdout is not None
        of.stdin.write("\n")
        of.stdin.flush()
        return next(line for line in map(str.strip, of.stdout) if line in ("ready", "starting", "stopped", "absent"))

    with container() as first:
        assert state(first) == "ready"
        with container() as second:
            assert state(second) == "ready"
            assert state(first) == "ready"
            first.communicate(timeout=60)
            assert first.returncode == 0
            assert state(second) == "ready"
            second.communicate(timeout=60)
            assert second.returncode == 0
