"""The lifecycle of a cluster: start, stop, restart of killed processes, and a clean host afterwards."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from local.cluster import cgroups, node_images
from local.cluster.archive_reader import read
from local.cluster.cgroups import hierarchies
from local.cluster.cloud.host_ports import listen
from local.cluster.cluster import Cluster
from local.cluster.process import Process
from local.cluster.settings import Settings
from local.errors import UserError
from local.images import archives
from local.images.archive_writer import Image
from local.paths import REPOSITORY
from local.toolchain import Tools
from local.toolchain.progress import Progress
from tests.live.waiting import wait_until

NAME = "life"
API_PORT = 17443
FIRST_ADDRESS = "127.0.2.1"
KEPT_RUNNING = (
    "etcd",
    "kube-apiserver",
    "kube-controller-manager",
    "kube-scheduler",
    "containerd",
    "kubelet",
    "kube-proxy",
    "kube-network-policies",
    "metrics-server",
    "cloud",
)
_KERNEL = ("vm/overcommit_memory", "vm/panic_on_oom", "kernel/panic", "kernel/panic_on_oops", "net/ipv4/ip_forward")


class Life:
    """An empty cluster whose processes the tests kill."""

    def __init__(
        self, tools: Tools, name: str = NAME, api_port: int = API_PORT, first_address: str = FIRST_ADDRESS
    ) -> None:
        self.cluster = Cluster(name, api_port=api_port, first_address=first_address)
        self.directory = self.cluster.directory
        self.cgroups: set[str] = set()
        self._tools = tools
        self._own = [
            archive
            for archive in archives(tools, Progress())
            if any(name in node_images.FIRST for image in read(archive) for name in image.names)
        ]

    def up(self, *ports_to_serve: int) -> float:
        """Start the cluster and return the seconds until it is ready."""
        started = time.monotonic()
        this = Process.of(os.getpid())
        self.cluster.up(self._tools, self._own, Progress(), ports_to_serve=ports_to_serve, lives_with=this)
        self.cgroups.add(self.settings().cgroup)
        return time.monotonic() - started

    def settings(self) -> Settings:
        settings = Settings.kept(self.directory)
        assert settings is not None
        return settings

    def kubectl(self, *arguments: str, given: str | None = None) -> str:
        command = [str(self._tools.program("kubectl")), "--kubeconfig", str(self.cluster.kubeconfig()), *arguments]
        done = subprocess.run(command, input=given, text=True, capture_output=True, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def component(self, name: str) -> dict[str, Any]:
        (row,) = [row for row in self.cluster.status().components if row["name"] == name]
        return dict(row)

    def supervisor(self) -> Process:
        process = Process.read(self.directory.supervisor_pid)
        assert process is not None
        return process

    def node(self) -> Process | None:
        return Process.read(self.directory.node_pid)

    def wait_until_ready(self) -> None:
        wait_until(lambda: self.cluster.status().state == "ready")


@pytest.fixture(scope="module")
def made(tools: Tools) -> Iterator[Life]:
    life = Life(tools)
    life.cluster.down(purge=True)  # data that a killed run left
    yield life
    life.cluster.down(purge=True)


@pytest.fixture
def life(made: Life) -> Life:
    made.up()
    return made


def test_a_cluster_is_created_used_and_deleted_without_a_change_of_the_host(made: Life) -> None:
    made.cluster.down(purge=True)
    before = _host(made)
    made.up()
    assert made.kubectl("get", "node", NAME, "-o", "jsonpath={.status.conditions[?(@.type=='Ready')].status}") == "True"
    assert _kernel_settings() == before["kernel"], "while it runs"
    made.cluster.down()
    assert _host(made) == before
    made.cluster.down(purge=True)
    assert not made.directory.root.exists()
    assert _host(made) == before


def test_a_second_up_and_a_second_down_change_nothing(life: Life) -> None:
    supervisor, node = life.supervisor(), life.node()
    life.up()
    assert (life.supervisor(), life.node()) == (supervisor, node)
    life.cluster.down()
    life.cluster.down()
    assert life.cluster.status().state == "stopped"


@pytest.mark.fault("The cluster is stopped and started", "Objects and pods are back")
def test_objects_and_pods_are_back_after_a_restart(life: Life) -> None:
    life.kubectl("create", "configmap", "kept", "--from-literal=answer=42")
    try:
        life.cluster.down()
        life.up()
        assert life.kubectl("get", "configmap", "kept", "-o", "jsonpath={.data.answer}") == "42"
        life.kubectl("rollout", "status", "deployment/coredns", "-n", "kube-system", "--timeout=30s")
    finally:
        life.kubectl("delete", "configmap", "kept")


@pytest.mark.fault(
    "One process of the cluster is killed: etcd, API server, kubelet, containerd, load balancer, ...",
    "It is started again, and the cluster is ready",
)
@pytest.mark.parametrize("name", KEPT_RUNNING)
def test_a_killed_component_is_restarted(life: Life, name: str) -> None:
    before = life.component(name)
    os.kill(before["pid"], signal.SIGKILL)
    wait_until(lambda: life.component(name)["restarts"] == before["restarts"] + 1)
    wait_until(lambda: life.component(name)["state"] == "running")
    life.wait_until_ready()
    assert life.component(name)["pid"] != before["pid"]
    assert life.component(name)["last_end"] == "ended by SIGKILL"
    assert NAME in life.kubectl("get", "nodes")


@pytest.mark.fault(
    "Process 1 of the node is killed, and every process of the node with it", "The node starts again with its data"
)
def test_a_node_whose_process_1_is_killed_is_recreated_with_its_data(life: Life) -> None:
    life.kubectl("create", "configmap", "kept", "--from-literal=answer=42")
    node = life.node()
    assert node is not None
    os.kill(node.pid, signal.SIGKILL)
    wait_until(lambda: life.node() not in (None, node))
    life.wait_until_ready()
    assert life.kubectl("get", "configmap", "kept", "-o", "jsonpath={.data.answer}") == "42"
    life.kubectl("delete", "configmap", "kept")


@pytest.mark.fault("The supervisor of the cluster is killed", "No process stays, and the next start has the data")
def test_after_the_supervisor_is_killed_everything_ends_and_up_starts_it_again(life: Life) -> None:
    life.kubectl("create", "configmap", "kept", "--from-literal=answer=42")
    pids = [life.component(name)["pid"] for name in KEPT_RUNNING]
    # So `up` and `down` wait for the end of all of them, and of the ports that they serve.
    assert set(pids) <= set(cgroups.processes(life.settings().cgroup))
    os.kill(life.supervisor().pid, signal.SIGKILL)
    wait_until(lambda: not any(map(Process.of, pids)))
    assert life.cluster.status().state == "stopped"
    life.up()
    assert life.kubectl("get", "configmap", "kept", "-o", "jsonpath={.data.answer}") == "42"
    life.kubectl("delete", "configmap", "kept")


def test_a_cluster_stops_with_the_process_that_it_lives_with(tools: Tools, made: Life) -> None:
    made.cluster.down()
    other = subprocess.Popen(["sleep", "infinity"])
    made.cluster.up(tools, made._own, Progress(), lives_with=Process.of(other.pid))
    other.kill()
    other.wait()
    wait_until(lambda: made.cluster.status().state == "stopped")


@pytest.mark.fault("A file of the cluster's state is cut off", "`down` works")
@pytest.mark.parametrize("file", ["supervisor.pid", "node.pid", "status.json", "order.json", "cloud-status.json"])
def test_down_works_with_a_half_written_file(made: Life, file: str) -> None:
    made.cluster.down()
    made.directory.create()
    (made.directory.root / file).write_text('{"pid": 1')
    made.cluster.down()
    assert made.cluster.status().state in ("stopped", "absent")


def test_keys_are_readable_by_their_owner_only_and_the_api_is_on_loopback_only(life: Life) -> None:
    assert life.directory.root.stat().st_mode & 0o777 == 0o700
    secret = [*life.directory.pki.glob("*.key"), *life.directory.pki.glob("*.kubeconfig"), life.directory.kubeconfig]
    assert {file.stat().st_mode & 0o777 for file in secret} == {0o600}
    assert {address for address, port in _listening() if port == API_PORT} == {"127.0.0.1"}


def test_requests_without_a_certificate_are_unauthorized(life: Life) -> None:
    server = f"https://127.0.0.1:{API_PORT}"
    authority = life.directory.pki / "ca.crt"
    curl = ["curl", "--silent", "--cacert", str(authority), "--write-out", "%{http_code}", "--output", "/dev/null"]
    answers = {
        path: subprocess.run([*curl, server + path], capture_output=True, text=True, check=True).stdout
        for path in ("/readyz", "/api/v1/secrets", "/version")
    }
    assert answers == {"/readyz": "200", "/api/v1/secrets": "401", "/version": "401"}


def test_pod_security_admission_is_enforced(life: Life) -> None:
    life.kubectl("create", "namespace", "strict")
    life.kubectl("label", "namespace", "strict", "pod-security.kubernetes.io/enforce=restricted")
    try:
        with pytest.raises(AssertionError, match=r'violates PodSecurity "restricted'):
            life.kubectl("run", "root", "-n", "strict", "--image=registry.k8s.io/pause:3.10")
    finally:
        life.kubectl("delete", "namespace", "strict")


def test_an_image_archive_is_loaded_and_any_other_file_is_refused(life: Life, tmp_path: Path) -> None:
    (tmp_path / "hello").write_text("hello")
    archive = tmp_path / "image.tar"
    Image(reference="docker.io/example/hello:1", files={"/hello": tmp_path / "hello"}).write(archive)
    done = _cli("load-image", str(archive))
    assert (done.returncode, done.stdout) == (0, "docker.io/example/hello:1\n")
    images = life.kubectl("get", "node", NAME, "-o", "jsonpath={.status.images[*].names}")
    assert "pause" in images
    refused = _cli("load-image", str(tmp_path / "hello"))
    assert refused.returncode == 1
    assert "is not an image archive" in refused.stderr
    assert "Traceback" not in refused.stderr


def test_the_command_line_prints_status_logs_and_kubeconfig(life: Life) -> None:
    status = _cli("status", "--json")
    found = json.loads(status.stdout)
    assert (status.returncode, found["state"]) == (0, "ready")
    assert {row["name"] for row in found["components"]} >= set(KEPT_RUNNING)
    assert "ready" in _cli("status").stdout
    assert _cli("logs", "supervisor").stdout.rstrip().endswith("ready")
    assert _cli("kubeconfig").stdout.strip() == str(life.directory.kubeconfig)
    unknown = _cli("logs", "frobnicator")
    assert unknown.returncode == 1
    assert "kubelet" in unknown.stderr


@pytest.mark.fault(
    "Other processes use the cluster's ports", "Each port is named with its owner, and nothing is started"
)
def test_all_ports_in_use_are_reported_at_once_and_nothing_is_started(made: Life, tools: Tools) -> None:
    made.cluster.down()
    api, gateway = ("127.0.0.1", API_PORT), (FIRST_ADDRESS, 80)
    with listen("TCP", *api), listen("TCP", *gateway), pytest.raises(UserError) as refused:
        made.up(80)
    message = str(refused.value)
    assert f"port {API_PORT} of 127.0.0.1 is in use by pid {os.getpid()}" in message
    assert f"port 80 of {FIRST_ADDRESS} is in use by pid {os.getpid()}" in message
    assert made.cluster.status().state in ("stopped", "absent")


def _cli(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "local.cluster", "--name", NAME, *arguments]
    return subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=False, timeout=60)


def _host(life: Life) -> dict[str, object]:
    """Collect the state of the host that a cluster must not change."""

    def output(*command: str) -> str:
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout

    return {
        "mounts": sorted(line.split()[4] for line in Path("/proc/self/mountinfo").read_text().splitlines()),
        "cgroups": [str(root / group) for root in hierarchies() for group in life.cgroups if (root / group).exists()],
        "interfaces": re.findall(r"^\d+: ([^:@]+)", output("ip", "link"), re.MULTILINE),
        "routes": output("ip", "route"),
        "rules": output("ip", "rule") + output("nft", "--stateless", "list", "ruleset"),
        "ports": sorted(port for port in _listening() if port[1] == API_PORT or port[0].startswith("127.0.2.")),
        "processes": [
            process.name
            for process in Path("/proc").glob("[0-9]*")
            if str(life.directory.root) in _command_line(process)
        ],
        "kernel": _kernel_settings(),
    }


def _kernel_settings() -> dict[str, str]:
    return {name: Path("/proc/sys", name).read_text() for name in _KERNEL}


def _command_line(process: Path) -> str:
    try:
        return (process / "cmdline").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return ""


def _listening() -> list[tuple[str, int]]:
    listed = subprocess.run(["ss", "-Hltn"], capture_output=True, text=True, check=True).stdout
    ends = (line.split()[3].rpartition(":") for line in listed.splitlines())
    return [(address, int(port)) for address, _, port in ends]
