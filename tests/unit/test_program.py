"""The whole program, run for every committed stack: its resources, and rules for all of them."""

import ast
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from importlib.metadata import packages_distributions
from pathlib import Path
from typing import Any

import pytest
import yaml

from local.cluster.directory import DEFAULT_NAME, Directory
from local.toolchain import pins
from plans.recording import UNKNOWN, Recorded, Recording
from releases import CERT_MANAGER_SHA256, ENVOY_GATEWAY_SHA256, LOCAL_CONTEXT, envoy_image
from tests.unit import program, release
from tests.unit.program import ROOT
from tests.unit.recording import ADDRESS

GOLDEN = Path(__file__).resolve().parent / "golden" / "dev.yaml"
STACK_FILES = sorted(ROOT.glob("Pulumi.*.yaml"))
URN = "urn:pulumi:dev::synergychat::"
ENVOY_GATEWAY = f"{URN}synergychat:index:EnvoyGateway::envoy-gateway"


@pytest.fixture(scope="module")
def dev(preview: bool, pinned_manifest: Path, tmp_path_factory: pytest.TempPathFactory) -> Recording:
    """The dev stack with the real release, as a preview and as an update see it."""
    return program.run(tmp_path_factory.mktemp("dev"), preview=preview, manifest=pinned_manifest)


@pytest.fixture(scope="module")
def up(pinned_manifest: Path, tmp_path_factory: pytest.TempPathFactory) -> Recording:
    """The dev stack as an update sees it, for values that a preview cannot know."""
    return program.run(tmp_path_factory.mktemp("up"), manifest=pinned_manifest)


def small_release(directory: Path) -> dict[str, Any]:
    """The config of a stack that installs a release of a few objects."""
    file = directory / "install.yaml"
    file.write_bytes(release.text(*release.with_every_kind()))
    return {"synergychat:envoyGateway": {"manifest": str(file)}}


# What the dev stack is made of


def rendered(recording: Recording) -> str:
    """The release by its objects' names, and all that is ours with its inputs; in an order that says nothing."""
    names = {resource.urn: resource.name for resource in recording}
    # The names of all objects are a part of it, and whether the cluster is known.
    record = recording["stack-identity"]
    theirs = [record, *(resource for resource in recording if resource.parent == ENVOY_GATEWAY)]
    ours: dict[str, Any] = {}
    for resource in recording:
        if resource not in theirs:
            after = sorted({names[urn] for urn in resource.depends_on})
            ours[resource.urn.removeprefix(URN)] = ({"after": after} if after else {}) | {"inputs": resource.inputs}
    objects = sorted(
        f"{resource.inputs['kind']}/{resource.inputs['metadata']['name']}"
        for resource in theirs
        if resource is not record
    )
    return (
        "# What the dev stack consists of: the objects of the release by name, all others with their inputs.\n"
        "# UPDATE_GOLDEN=1 .venv/bin/python -m pytest tests/unit/test_program.py writes it; review what it changes.\n"
    ) + yaml.safe_dump({"release": objects, "stack": ours}, width=120)


def test_the_dev_stack_is_what_was_reviewed(dev: Recording, preview: bool) -> None:
    if os.environ.get("UPDATE_GOLDEN") == "1" and not preview:
        GOLDEN.write_text(rendered(dev))
    assert rendered(dev) == GOLDEN.read_text()


def test_the_dev_stack_is_made_without_a_word_of_warning(dev: Recording) -> None:
    assert (dev.log, dev.exit_code) == ([], None)


def test_the_page_of_the_dev_stack_gets_the_settings_of_the_lesson(dev: Recording) -> None:
    assert dev["synergychat-web-configmap"].inputs["data"] == {
        "WEB_PORT": "8080",
        "API_URL": "http://synchatapi.internal",
    }


def test_the_dev_stack_has_the_names_of_the_lesson(dev: Recording) -> None:
    (of_class,), (gateway,) = dev.of_kind("GatewayClass"), dev.of_kind("Gateway")
    assert of_class.inputs["metadata"]["name"] == gateway.inputs["spec"]["gatewayClassName"] == "app-gatewayclass"
    assert of_class.inputs["spec"]["controllerName"] == "gateway.envoyproxy.io/gatewayclass-controller"
    assert gateway.inputs["metadata"]["name"] == "app-gateway"
    (listener,) = gateway.inputs["spec"]["listeners"]
    assert (listener["name"], listener["protocol"], listener["port"]) == ("http", "HTTP", 80)
    assert {route_of(resource) for resource in dev.of_kind("HTTPRoute")} == {
        ("web-httproute", "synchat.internal", "app-gateway", "/", "web-service", 80),
        ("api-httproute", "synchatapi.internal", "app-gateway", "/", "api-service", 80),
    }
    services = {
        (resource.inputs["metadata"]["name"], resource.inputs["spec"]["ports"][0]["port"])
        for resource in dev.of_kind("Service")
        if resource.parent != ENVOY_GATEWAY
    }
    assert services == {("web-service", 80), ("api-service", 80), ("crawler-service", 80)}


def route_of(route: Recorded) -> tuple[str, str, str, str, str, int]:
    spec = route.inputs["spec"]
    (hostname,), (parent,), (rule,) = spec["hostnames"], spec["parentRefs"], spec["rules"]
    (match,), (backend,) = rule["matches"], rule["backendRefs"]
    path = match["path"]["value"]
    return route.inputs["metadata"]["name"], hostname, parent["name"], path, backend["name"], backend["port"]


def test_the_exports_say_how_to_reach_the_chat_and_what_runs(up: Recording) -> None:
    lines = f"{ADDRESS} synchat.internal\n{ADDRESS} synchatapi.internal"
    assert up.exports == {
        "namespace": "synergychat",
        "urls": {"web": "http://synchat.internal", "api": "http://synchatapi.internal"},
        "gatewayAddress": ADDRESS,
        "hostsLines": {
            "linuxAndMacOS": {"file": "/etc/hosts", "lines": lines},
            "windows": {"file": r"C:\Windows\System32\drivers\etc\hosts", "lines": lines},
        },
        "tryIt": {
            "web": f"curl --resolve synchat.internal:80:{ADDRESS} http://synchat.internal/",
            "api": f"curl --resolve synchatapi.internal:80:{ADDRESS} http://synchatapi.internal/healthz",
        },
        "versions": {
            "envoyGateway": "1.9.1",
            "envoyGatewayManifest": pins.MANIFEST_SHA256,
            "envoy": "docker.io/envoyproxy/envoy:distroless-v1.39.1",
            "web": "docker.io/bootdotdev/synergychat-web:latest",
            "api": "docker.io/bootdotdev/synergychat-api:latest",
            "crawler": "docker.io/bootdotdev/synergychat-crawler:latest",
        },
    }


def test_only_what_needs_the_address_is_unknown_in_a_preview(tmp_path: Path) -> None:
    exports = program.run(tmp_path, preview=True, config=small_release(tmp_path)).exports
    assert {key for key, value in exports.items() if value == UNKNOWN} == {"gatewayAddress", "hostsLines", "tryIt"}


# What holds for every resource


def test_every_object_has_our_field_manager(dev: Recording) -> None:
    managers = {
        resource.inputs["metadata"]["annotations"]["pulumi.com/patchFieldManager"] for resource in dev.kubernetes
    }
    assert managers == {"synergychat"}
    assert len(dev.kubernetes) > 50


def test_every_object_is_marked_as_the_stacks_own_and_is_recorded(dev: Recording) -> None:
    marks = {resource.inputs["metadata"]["annotations"]["synergychat/stack"] for resource in dev.kubernetes}
    assert marks == {f"organization/synergychat/dev/{program.IDENTIFIER}"}
    recorded = dev["stack-identity"].inputs["input"]["objects"]
    assert len(recorded) == len(set(recorded)) == len(dev.kubernetes)
    assert {"Namespace/synergychat", "HTTPRoute.gateway.networking.k8s.io/synergychat/web-httproute"} <= set(recorded)


def test_fields_of_others_are_not_taken(dev: Recording) -> None:
    forced = [
        resource.name for resource in dev.kubernetes if "patchForce" in str(resource.inputs["metadata"]["annotations"])
    ]
    assert forced == []
    assert [resource.name for resource in dev if resource.retain_on_delete] == []


def test_every_object_goes_to_the_cluster_that_the_stack_names(dev: Recording) -> None:
    (provider,) = [resource for resource in dev if resource.type.startswith("pulumi:providers:")]
    assert provider.inputs["context"] == "synergychat-local"
    assert {resource.provider for resource in dev.kubernetes} == {provider.urn}


def test_an_object_that_serves_clients_overlaps_with_its_successor_of_another_name(dev: Recording) -> None:
    overlapping = {resource.kind for resource in dev.kubernetes if not resource.delete_before_replace}
    assert {"Namespace", "Deployment", "Service", "HTTPRoute", "ConfigMap"} <= overlapping
    # Two of these would want the same port, class or name.
    alone = {resource.kind for resource in dev.kubernetes if resource.delete_before_replace}
    assert {"Gateway", "GatewayClass", "EnvoyProxy", "Job", "CustomResourceDefinition"} <= alone
    assert not overlapping & alone


def test_nothing_is_protected_or_retained_unless_the_config_says_so(dev: Recording) -> None:
    assert [resource.name for resource in dev if resource.protect or resource.retain_on_delete] == []


def test_prod_protects_namespaces_addresses_and_what_others_depend_on(pinned_manifest: Path, tmp_path: Path) -> None:
    prod = program.run(tmp_path, stack="prod", preview=True, manifest=pinned_manifest)
    protected = {
        (resource.kind, resource.inputs["metadata"]["name"]) for resource in prod.kubernetes if resource.protect
    }
    assert {("Namespace", "synergychat-prod"), ("Gateway", "app-gateway")} <= protected
    assert {("Namespace", "envoy-gateway-system"), ("Deployment", "envoy-gateway")} <= protected
    assert {resource.protect for resource in prod.of_kind("CustomResourceDefinition")} == {True}
    # An upgrade replaces these.
    assert {resource.protect for resource in prod.of_kind("Job")} == {False}


def test_everything_is_known_before_anything_is_made(dev: Recording) -> None:
    assert [resource.name for resource in dev if UNKNOWN in str(resource.inputs)] == []


def test_the_name_of_a_child_starts_with_its_parents(dev: Recording) -> None:
    # So that an alias on a component covers all that is in it.
    children = [resource for resource in dev if resource.parent in dev.resources]
    strays = [
        resource.name
        for resource in children
        if not resource.name.startswith(f"{dev.resources[resource.parent].name}-")
    ]
    assert len(children) > 50
    assert strays == []


def test_every_object_belongs_to_a_component(dev: Recording) -> None:
    assert [resource.name for resource in dev.kubernetes if resource.parent not in dev.resources] == []


def test_every_namespaced_object_says_its_namespace(dev: Recording) -> None:
    # Else it would land in the namespace that the user's kubeconfig happens to name.
    cluster_wide = {
        "ClusterRole",
        "ClusterRoleBinding",
        "CustomResourceDefinition",
        "GatewayClass",
        "MutatingWebhookConfiguration",
        "Namespace",
        "ValidatingAdmissionPolicy",
        "ValidatingAdmissionPolicyBinding",
    }
    homeless = [resource.name for resource in dev.kubernetes if "namespace" not in resource.inputs["metadata"]]
    assert [name for name in homeless if dev[name].kind not in cluster_wide] == []


@pytest.mark.parametrize(
    ("later", "earlier"),
    [
        ("web-route", "gateway-gateway"),
        ("api-route", "gateway-gateway"),
        ("gateway-gateway", "gateway-class"),
        ("gateway-class", "gateway-proxy"),
        ("gateway-proxy", "envoy-gateway-deployment-envoy-gateway"),
        ("envoy-gateway-deployment-envoy-gateway", "envoy-gateway-job-eg-gateway-helm-certgen"),
        ("envoy-gateway-job-eg-gateway-helm-certgen", "envoy-gateway-rolebinding-eg-gateway-helm-certgen"),
        ("envoy-gateway-rolebinding-eg-gateway-helm-certgen", "envoy-gateway-namespace-envoy-gateway-system"),
        (
            "envoy-gateway-deployment-envoy-gateway",
            "envoy-gateway-customresourcedefinition-httproutes.gateway.networking.k8s.io",
        ),
        ("web-route", "synergychat-web-deployment"),
        ("api-route", "synergychat-api-deployment"),
    ],
)
def test_the_order_is_one_chain_from_the_namespace_to_the_routes(up: Recording, later: str, earlier: str) -> None:
    assert up.waits_for(later, earlier)


def test_the_workloads_are_made_beside_the_controller(up: Recording) -> None:
    assert not up.waits_for("synergychat-web-service", "envoy-gateway-namespace-envoy-gateway-system")


# What a change of config changes


def test_the_pages_api_url_follows_the_host_name_of_the_api_route_and_the_public_port(
    tmp_path: Path, preview: bool
) -> None:
    config = small_release(tmp_path) | {
        "synergychat:api": {"hostname": "api.example.com"},
        "synergychat:gateway": {"exposure": "NodePort", "nodePort": 30080},
    }
    recording = program.run(tmp_path, preview=preview, config=config)
    assert recording["synergychat-web-configmap"].inputs["data"]["API_URL"] == "http://api.example.com:30080"
    assert recording["api-route"].inputs["spec"]["hostnames"] == ["api.example.com"]
    assert recording.exports["urls"]["api"] == "http://api.example.com:30080"


def test_a_namespace_set_in_the_config_is_everyones(tmp_path: Path) -> None:
    recording = program.run(tmp_path, config=small_release(tmp_path) | {"synergychat:namespace": "talk"})
    namespaces = {
        resource.inputs["metadata"].get("namespace")
        for resource in recording.kubernetes
        if resource.parent != ENVOY_GATEWAY
    }
    # The class and the namespace are in none; the proxy is with the controller.
    assert namespaces == {"talk", "envoy-gateway-system", None}
    assert recording.exports["namespace"] == "talk"


# What ends the program before anything is registered


@pytest.mark.parametrize(
    ("config", "words"),
    [
        ({"synergychat:web": {"port": 0}}, "synergychat:web.port = 0"),
        ({"synergychat:envoyGateway": {"manifest": "missing.yaml"}}, "missing.yaml cannot be read"),
        ({"synergychat:context": "elsewhere"}, "[context-missing]"),
    ],
)
def test_a_users_mistake_ends_the_program_with_one_message_and_nothing_registered(
    tmp_path: Path, config: dict[str, Any], words: str
) -> None:
    recording = program.run(tmp_path, config=small_release(tmp_path) | config)
    assert (recording.exit_code, recording.resources, recording.outputs) == (32, {}, {})
    (message,) = recording.log
    assert words in message


def test_a_program_that_is_cancelled_ends_at_once_and_says_nothing() -> None:
    lines = [
        "import asyncio, os, signal",
        "from diagnostics import exit as stop",
        "async def program():",
        "    stop.exit_silently_on_interrupt()",
        "    os.kill(os.getpid(), signal.SIGINT)",
        "    await asyncio.Event().wait()",
        "asyncio.run(program())",
    ]
    command = [sys.executable, "-c", "\n".join(lines)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=30)
    assert (done.returncode, done.stdout, done.stderr) == (32, "", "")


# The program and its surroundings


def imported(file: Path) -> Iterator[str]:
    """The packages that a file imports, anywhere in it."""
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        if isinstance(node, ast.ImportFrom) and node.level == 0:
            yield (node.module or "").partition(".")[0]


def imports_of_the_program() -> set[str]:
    """The packages that `__main__.py` needs: its own, theirs, and those of others."""
    found: set[str] = set()
    files = [ROOT / "__main__.py"]
    while files:
        new = set(imported(files.pop())) - found
        found |= new
        files += [file for name in new for file in (ROOT / name).rglob("*.py")]
    return found


def test_the_program_imports_nothing_of_what_brings_a_cluster_to_this_machine() -> None:
    found = imports_of_the_program()
    assert {"components", "config", "releases", "pulumi"} <= found
    assert found.isdisjoint({"local", "tools", "tests"})


def test_the_requirements_alone_are_enough_for_the_program() -> None:
    # Pulumi installs requirements.txt only, on a machine that never ran `make`.
    pins = re.findall(r"^([a-z0-9.-]+)==", (ROOT / "requirements.txt").read_text(), re.MULTILINE)
    others = {name for name in imports_of_the_program() if not (ROOT / name).is_dir()} - sys.stdlib_module_names
    installed = packages_distributions()
    missing = {name for name in others if not {normal(each) for each in installed.get(name, [])} & {*map(normal, pins)}}
    assert missing == set()
    assert len(others) > 5


def normal(distribution: str) -> str:
    """The name of a distribution as an index compares it."""
    return re.sub(r"[-_.]+", "-", distribution).lower()


@pytest.mark.parametrize("file", STACK_FILES, ids=lambda file: file.name)
def test_every_stack_refuses_what_has_no_provider_of_its_own(file: Path) -> None:
    assert yaml.safe_load(file.read_text())["config"]["pulumi:disable-default-providers"] == ["kubernetes"]


def test_the_stacks_accept_the_manifests_that_set_up_makes() -> None:
    for file in STACK_FILES:
        settings = yaml.safe_load(file.read_text())["config"]["synergychat:envoyGateway"]
        assert (settings["version"], "sha256" in settings) == (pins.ENVOY_GATEWAY, False)
    assert ENVOY_GATEWAY_SHA256[pins.ENVOY_GATEWAY] == pins.MANIFEST_SHA256
    assert CERT_MANAGER_SHA256[pins.CERT_MANAGER] == pins.CERT_MANAGER_MANIFEST_SHA256


def test_the_local_cluster_has_the_envoy_that_the_stack_runs() -> None:
    assert str(envoy_image(pins.ENVOY_GATEWAY)).endswith(f"-v{pins.ENVOY}@{pins.ENVOY_DIGEST}")
    assert Directory(DEFAULT_NAME).context == LOCAL_CONTEXT
