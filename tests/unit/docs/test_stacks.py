"""The committed stacks: the same program and keys, side by side, and what is promised of prod."""

from collections.abc import Iterator
from functools import reduce
from operator import getitem
from pathlib import Path
from typing import Any

import pytest
import yaml

from checks.rules.image_digests import without_digest
from tests.live.recipes import recipes
from tests.unit import program
from tests.unit.program import ROOT, stack_config
from tests.unit.recording import Recorded, Recording
from tools.docs import stacks


@pytest.fixture(scope="module")
def prod(pinned_manifest: Path, tmp_path_factory: pytest.TempPathFactory) -> Recording:
    return program.run(tmp_path_factory.mktemp("prod"), stack="prod", preview=True, manifest=pinned_manifest)


def deployments(recording: Recording) -> list[Recorded]:
    return recording.of_kind("Deployment")


def test_the_page_is_the_one_that_the_stacks_give() -> None:
    # `python -m tools.docs` writes it.
    assert (ROOT / "docs" / "stacks.md").read_text() == stacks.render()


def test_the_page_shows_every_stack() -> None:
    assert {f"Pulumi.{name}.yaml" for name in stacks.STACKS} == {file.name for file in ROOT.glob("Pulumi.*.yaml")}


def test_the_page_tells_what_a_stack_says_from_a_default() -> None:
    rows = stacks.render().splitlines()
    assert "| `namespace` | synergychat | `synergychat-staging` | `synergychat-prod` |" in rows
    assert "| `envoyGateway.protect` | false | false | `true` |" in rows
    assert "| `web.port` | `8080` | 8080 | 8080 |" in rows
    assert not any(row.startswith("| `web.servicePort` ") for row in rows)


@pytest.mark.parametrize("stack", stacks.STACKS)
def test_a_stack_says_no_key_twice(stack: str) -> None:
    def keys(node: yaml.Node) -> Iterator[list[str]]:
        if isinstance(node, yaml.MappingNode):
            yield [key.value for key, _ in node.value]
        for below in node.value if isinstance(node, yaml.CollectionNode) else ():
            for each in below if isinstance(below, tuple) else (below,):
                yield from keys(each)

    root = yaml.compose((ROOT / f"Pulumi.{stack}.yaml").read_text())
    assert root is not None
    assert [group for group in keys(root) if len(set(group)) != len(group)] == []


def test_the_stacks_fit_into_one_cluster() -> None:
    configs = [stack_config(name) for name in stacks.STACKS]
    for key in ("context", "namespace"):
        assert len({each[f"synergychat:{key}"] for each in configs}) == len(configs)
    hosts = [each[f"synergychat:{app}"]["hostname"] for each in configs for app in ("web", "api")]
    assert len(set(hosts)) == len(hosts)


@pytest.mark.parametrize("stack", stacks.STACKS)
@pytest.mark.parametrize("platform", ["managed", "external"])
def test_every_stack_is_planned_without_a_cluster_on_either_platform(
    stack: str, platform: str, tmp_path: Path, pinned_manifest: Path
) -> None:
    config: dict[str, Any] = {"synergychat:platform": platform}
    if platform == "external":
        release = stack_config(stack)["synergychat:envoyGateway"]
        kept = {key: release[key] for key in ("version", "sha256")}
        config["synergychat:envoyGateway"] = kept
    recording = program.run(tmp_path, stack=stack, preview=True, manifest=pinned_manifest, config=config)
    assert recording.log == []
    assert bool(recording.of_kind("GatewayClass")) == (platform == "managed")


# What is promised of prod


def test_two_pods_or_more_of_each_app_in_prod_whatever_happens(prod: Recording) -> None:
    ours = [each for each in deployments(prod) if each.inputs["metadata"]["namespace"] == "synergychat-prod"]
    scaled = {each.inputs["spec"]["scaleTargetRef"]["name"]: each for each in prod.of_kind("HorizontalPodAutoscaler")}
    for each in ours:
        name, spec = each.inputs["metadata"]["name"], each.inputs["spec"]
        fewest = scaled[name].inputs["spec"]["minReplicas"] if name in scaled else spec["replicas"]
        assert fewest >= 2
        assert spec["template"]["spec"]["topologySpreadConstraints"]
    assert len(ours) == 3
    assert {"synergychat-web", "synergychat-api"} <= scaled.keys()
    assert len(prod.of_kind("PodDisruptionBudget")) >= 3


def test_two_envoys_or_more_in_prod(prod: Recording) -> None:
    (proxy,) = prod.of_kind("EnvoyProxy")
    kubernetes = proxy.inputs["spec"]["provider"]["kubernetes"]
    assert kubernetes["envoyHpa"]["minReplicas"] >= 2
    assert kubernetes["envoyPDB"]
    assert kubernetes["envoyDeployment"]["pod"]["topologySpreadConstraints"]
    # A fixed number beside an autoscaler would be set anew at each change.
    assert "replicas" not in kubernetes["envoyDeployment"]


def test_prod_is_served_by_https_alone(prod: Recording) -> None:
    (gateway,) = prod.of_kind("Gateway")
    hosts = {each["hostname"] for each in gateway.inputs["spec"]["listeners"] if each["protocol"] == "HTTPS"}
    assert hosts == {"chat.example.com", "chat-api.example.com"}
    plain = [each["name"] for each in gateway.inputs["spec"]["listeners"] if each["protocol"] == "HTTP"]
    on_plain = [
        rule
        for route in prod.of_kind("HTTPRoute")
        if {parent["sectionName"] for parent in route.inputs["spec"]["parentRefs"]} & set(plain)
        for rule in route.inputs["spec"]["rules"]
    ]
    assert [rule["filters"][0]["requestRedirect"]["scheme"] for rule in on_plain] == ["https"]


def test_every_image_of_prod_is_named_by_its_digest(prod: Recording) -> None:
    assert [found.value for each in prod.kubernetes for found in without_digest(each.inputs)] == []
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
def test_prod_says_what_no_request_is_lost_with(key: str) -> None:
    """The long tests run what docs/operating.md has of it."""
    first, *others = key.split(".")
    proven, prod = (
        reduce(getitem, others, config[f"synergychat:{first}"])
        for config in (recipes("operating.md")["What nothing is lost with"], stack_config("prod"))
    )
    assert prod == proven


def test_two_controllers_in_prod(prod: Recording) -> None:
    (controller,) = [each for each in deployments(prod) if each.inputs["metadata"]["name"] == "envoy-gateway"]
    assert controller.inputs["spec"]["replicas"] == 2


def test_prod_lets_nothing_connect_that_nothing_asks_for_and_treats_clients_as_strangers(prod: Recording) -> None:
    assert prod.of_kind("NetworkPolicy")
    assert prod.of_kind("ClientTrafficPolicy")
    assert prod.of_kind("BackendTrafficPolicy")


def test_the_crds_of_prod_are_protected(prod: Recording) -> None:
    assert {each.protect for each in prod.of_kind("CustomResourceDefinition")} == {True}
