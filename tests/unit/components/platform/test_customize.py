"""A release as a stack wants it: its controller's number, size and images."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from components.platform.customize import tailored
from components.platform.release import Manifest, split
from config import EnvoyGatewayConfig

MIRROR = "registry.example.com/mirror"
OWN = "registry.example.com/gateway:1@sha256:" + "a" * 64


@pytest.fixture(scope="module")
def released(pinned_manifest: Path) -> Manifest:
    return split(pinned_manifest.read_bytes(), EnvoyGatewayConfig(), "", "install.yaml")


def with_settings(released: Manifest, **settings: Any) -> Manifest:
    return tailored(released, EnvoyGatewayConfig.model_validate(settings))


def container(wire: Any) -> Any:
    (only,) = wire["spec"]["template"]["spec"]["containers"]
    return only


def images(manifest: Manifest) -> dict[str, str]:
    """Of all that a release runs, but for the Envoys."""
    (text,) = [wire["data"]["envoy-gateway.yaml"] for wire in manifest.settings if wire["kind"] == "ConfigMap"]
    kubernetes = yaml.safe_load(text)["provider"]["kubernetes"]
    (job,) = manifest.jobs
    return {
        "controller": container(manifest.controller)["image"],
        "certgen": container(job)["image"],
        "shutdown manager": kubernetes["shutdownManager"]["image"],
        "rate limit": kubernetes["rateLimitDeployment"]["container"]["image"],
    }


def test_a_release_of_which_nothing_is_asked_is_as_it_was(released: Manifest) -> None:
    assert with_settings(released) == released


def test_a_registry_is_that_of_every_image(released: Manifest) -> None:
    before = images(released)
    assert {image.partition("/")[0] for image in before.values()} == {"docker.io"}
    found = images(with_settings(released, registry=MIRROR))
    assert found == {name: image.replace("docker.io", MIRROR) for name, image in before.items()}


def test_an_image_is_that_of_all_that_run_the_same_and_goes_before_the_registry(released: Manifest) -> None:
    limiter = "registry.example.com/limiter:1"
    found = images(with_settings(released, registry=MIRROR, image=OWN, rateLimitImage=limiter))
    assert found == {"controller": OWN, "certgen": OWN, "shutdown manager": OWN, "rate limit": limiter}


def test_the_configs_own_word_on_an_image_goes_first(released: Manifest) -> None:
    said = {"provider": {"kubernetes": {"shutdownManager": {"image": "mine:1"}}}}
    assert images(with_settings(released, registry=MIRROR, config=said))["shutdown manager"] == "mine:1"


def test_the_controller_has_the_number_and_the_size_that_are_asked_for(released: Manifest) -> None:
    controller = with_settings(released, replicas=2, resources={"requests": {"memory": "64Mi"}}).controller
    assert controller["spec"]["replicas"] == 2
    before = container(released.controller)
    assert container(controller)["resources"] == {
        "limits": before["resources"]["limits"],
        "requests": before["resources"]["requests"] | {"memory": "64Mi"},
    }
    assert container(controller) | {"resources": None} == before | {"resources": None}


def test_several_controllers_have_a_budget_that_finds_their_pods(released: Manifest) -> None:
    several = with_settings(released, replicas=2)
    (budget,) = [wire for wire in several.settings if wire["kind"] == "PodDisruptionBudget"]
    assert several.controller["spec"]["replicas"] == 2
    assert budget["metadata"] == {"name": "envoy-gateway", "namespace": released.namespace["metadata"]["name"]}
    labels = several.controller["spec"]["template"]["metadata"]["labels"]
    assert budget["spec"]["selector"]["matchLabels"].items() <= labels.items()
    assert budget["spec"]["maxUnavailable"] == 1
    spread = several.controller["spec"]["template"]["spec"]["topologySpreadConstraints"]
    assert {each["topologyKey"] for each in spread} >= {"kubernetes.io/hostname"}
    assert all(each["labelSelector"]["matchLabels"].items() <= labels.items() for each in spread)


def test_one_controller_is_as_the_release_has_it(released: Manifest) -> None:
    assert with_settings(released) == released
