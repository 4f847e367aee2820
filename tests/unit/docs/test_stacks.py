"""The committed stacks, their page, and what the documentation promises of prod."""

from collections.abc import Iterator
from functools import reduce
from operator import getitem
from pathlib import Path
from typing import Any
from unittest import mock

import pytest
import yaml

from checks.rules.image_digests import without_digest
from config import CHAT
from plans.recording import Recorded, Recording
from tests.live.recipes import recipes, together
from tests.unit import program
from tests.unit.program import ROOT, stack_config
from tools.docs import stacks


@pytest.fixture(scope="module")
def prod(pinned_manifest: Path, tmp_path_factory: pytest.TempPathFactory) -> Recording:
    return program.run(tmp_path_factory.mktemp("prod"), stack="prod", preview=True, manifest=pinned_manifest)


def deployments(recording: Recording) -> list[Recorded]:
    return recording.of_kind("Deployment")


def test_the_page_is_up_to_date() -> None:
    # `python -m tools.docs` writes it.
    assert (ROOT / "docs" / "stacks.md").read_text() == stacks.render()


def test_the_page_shows_values_of_the_stacks_as_code_and_defaults_as_text() -> None:
    rows = stacks.render().splitlines()
    assert "| `namespace` | synergychat | `synergychat-staging` | `synergychat-prod` |" in rows
    assert "| `envoyGateway.protect` | false | false | `true` |" in rows
    assert "| `web.port` | `8080` | 8080 | 8080 |" in rows
    assert not any(row.startswith("| `web.servicePort` ") for row in rows)


@pytest.mark.parametrize("stack", stacks.STACKS)
def test_a_stack_sets_no_key_twice(stack: str) -> None:
    def keys(node: yaml.Node) -> Iterator[list[str]]:
        if isinstance(node, yaml.MappingNode):
            yield [key.value for key, _ in node.value]
        for below in node.value if isinstance(node, yaml.CollectionNode) else ():
            for child in below if isinstance(below, tuple) else (below,):
                yield from keys(child)

    root = yaml.compose((ROOT / f"Pulumi.{stack}.yaml").read_text())
    assert root is not None
    assert [group for group in keys(root) if len(set(group)) != len(group)] == []


def test_the_stacks_fit_into_one_cluster() -> None:
    configs = [stack_config(name) for name in stacks.STACKS]
    for key in ("context", "namespace"):
        assert len({config[f"synergychat:{key}"] for config in configs}) == len(configs)
    hosts = [config[f"synergychat:{app}"]["hostname"] for config in configs for app in ("web", "api")]
    assert len(set(hosts)) == len(hosts)


@pytest.mark.parametrize("stack", stacks.STACKS)
@pytest.mark.parametrize("platform", ["managed", "external"])
def test_every_stack_is_planned_without_a_cluster_on_either_platform(
    stack: str, platform: str, tmp_path: Path, pinned_manifest: Path
) -> None:
    config: dict[str, Any] = {"synergychat:platform": platform}
    if platform == "external":
        config["synergychat:envoyGateway"] = {"version": stack_config(stack)["synergychat:envoyGateway"]["version"]}
    recording = program.run(tmp_path, stack=stack, preview=True, manifest=pinned_manifest, config=config)
    assert recording.log == []
    assert bool(recording.of_kind("GatewayClass")) == (platform == "managed")


# The blocks of the pages


def block(page: str, heading: str) -> dict[str, Any]:
    """The first block of YAML below a heading."""
    text = (ROOT / "docs" / page).read_text().split(f"# {heading}\n")[1]
    return yaml.safe_load(text.split("```yaml\n")[1].split("```")[0])


def test_a_stack_uses_the_envoy_gateway_that_a_cluster_already_has(tmp_path: Path, pinned_manifest: Path) -> None:
    config = block("stacks.md", "My cluster already has Envoy Gateway")
    recording = program.run(tmp_path, preview=True, manifest=pinned_manifest, config=config)
    assert recording.log == []
    assert (recording.of_kind("GatewayClass"), recording.of_kind("CustomResourceDefinition")) == ([], [])
    (gateway,) = recording.of_kind("Gateway")
    assert gateway.inputs["spec"]["gatewayClassName"] == "eg"


def test_the_example_of_the_reference_is_a_complete_stack_file(tmp_path: Path, pinned_manifest: Path) -> None:
    config = block("config.md", "Stack config")["config"]
    with mock.patch.object(program, "stack_config", lambda _: {}):
        recording = program.run(tmp_path, preview=True, manifest=pinned_manifest, config=config)
    assert recording.log == []
    assert recording.exports["urls"] == {"api": "http://chat-api.example.com", "web": "http://chat.example.com"}


def test_an_app_runs_without_the_chats_pods(tmp_path: Path, pinned_manifest: Path) -> None:
    pieces = recipes("workloads.md")
    config = together([pieces["My app behind the gateway"], pieces["Only my app, without the chat"]])
    recording = program.run(tmp_path, preview=True, manifest=pinned_manifest, config=config)
    assert recording.log == []
    replicas = {item.inputs["metadata"]["name"]: item.inputs["spec"]["replicas"] for item in deployments(recording)}
    chat = {f"synergychat-{name}": 0 for name in CHAT}
    assert replicas == {"echo": 2, "envoy-gateway": 1, **chat}


# Promises about prod


def test_every_app_of_prod_has_at_least_two_pods(prod: Recording) -> None:
    ours = [item for item in deployments(prod) if item.inputs["metadata"]["namespace"] == "synergychat-prod"]
    scaled = {
        scaler.inputs["spec"]["scaleTargetRef"]["name"]: scaler for scaler in prod.of_kind("HorizontalPodAutoscaler")
    }
    for deployment in ours:
        name, spec = deployment.inputs["metadata"]["name"], deployment.inputs["spec"]
        fewest = scaled[name].inputs["spec"]["minReplicas"] if name in scaled else spec["replicas"]
        assert fewest >= 2
        assert spec["template"]["spec"]["topologySpreadConstraints"]
    assert len(ours) == 3
    assert {"synergychat-web", "synergychat-api"} <= scaled.keys()
    assert len(prod.of_kind("PodDisruptionBudget")) >= 3


def test_prod_has_at_least_two_envoys(prod: Recording) -> None:
    (proxy,) = prod.of_kind("EnvoyProxy")
    kubernetes = proxy.inputs["spec"]["provider"]["kubernetes"]
    assert kubernetes["envoyHpa"]["minReplicas"] >= 2
    assert kubernetes["envoyPDB"]
    assert kubernetes["envoyDeployment"]["pod"]["topologySpreadConstraints"]
    # A fixed number would undo the autoscaler's at every update.
    assert "replicas" not in kubernetes["envoyDeployment"]


def test_prod_is_only_served_over_https(prod: Recording) -> None:
    (gateway,) = prod.of_kind("Gateway")
    hosts = {
        listener["hostname"] for listener in gateway.inputs["spec"]["listeners"] if listener["protocol"] == "HTTPS"
    }
    assert hosts == {"chat.example.com", "chat-api.example.com"}
    plain = [listener["name"] for listener in gateway.inputs["spec"]["listeners"] if listener["protocol"] == "HTTP"]
    on_plain = [
        rule
        for route in prod.of_kind("HTTPRoute")
        if {parent["sectionName"] for parent in route.inputs["spec"]["parentRefs"]} & set(plain)
        for rule in route.inputs["spec"]["rules"]
    ]
    assert [rule["filters"][0]["requestRedirect"]["scheme"] for rule in on_plain] == ["https"]


def test_every_image_of_prod_is_named_by_its_digest(prod: Recording) -> None:
    assert [found.value for resource in prod.kubernetes for found in without_digest(resource.inputs)] == []
    assert stack_config("prod")["synergychat:requireDigests"] is True


@pytest.mark.parametrize(
    "key",
    [
        "envoyGateway.replicas",
        "gateway.redirectToHttps",
        "gateway.proxy.shutdown",
        "gateway.proxy.provider.kubernetes.envoyPDB",
        "gateway.proxy.provider.kubernetes.envoyDeployment.strategy",
        "web.scale.min",
        *(f"{app}.drainSeconds" for app in ("web", "api", "crawler")),
    ],
)
def test_prod_sets_everything_that_an_update_without_lost_requests_needs(key: str) -> None:
    """The long tests run the recipe of docs/operating.md."""
    first, *others = key.split(".")
    proven, prod = (
        reduce(getitem, others, config[f"synergychat:{first}"])
        for config in (recipes("operating.md")["Keys for zero failed requests"], stack_config("prod"))
    )
    assert prod == proven


def test_prod_has_two_controllers(prod: Recording) -> None:
    (controller,) = [item for item in deployments(prod) if item.inputs["metadata"]["name"] == "envoy-gateway"]
    assert controller.inputs["spec"]["replicas"] == 2


def test_prod_has_network_policies_and_policies_for_untrusted_clients(prod: Recording) -> None:
    assert prod.of_kind("NetworkPolicy")
    assert prod.of_kind("ClientTrafficPolicy")
    assert prod.of_kind("BackendTrafficPolicy")


def test_the_crds_of_prod_are_protected(prod: Recording) -> None:
    assert {crd.protect for crd in prod.of_kind("CustomResourceDefinition")} == {True}
