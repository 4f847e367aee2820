"""Customize: number, size, configuration and images of a release's controller."""

from pathlib import Path
from typing import Any

import pytest

from components.platform.customize import customize
from components.platform.release import Release, controller_config, split
from config import EnvoyGatewayConfig
from kube.manifest import Manifest
from tests.unit import release

MIRROR = "registry.example.com/mirror"
OWN = "registry.example.com/gateway:1@sha256:" + "a" * 64


@pytest.fixture(scope="module")
def released(pinned_manifest: Path) -> Release:
    return split(pinned_manifest.read_bytes(), release.source(), "", release.ORIGIN)


def with_settings(released: Release, **settings: Any) -> Release:
    return customize(released, EnvoyGatewayConfig.model_validate(settings))


def container(workload: Manifest) -> Any:
    """The only container of a Deployment or Job."""
    (only,) = workload["spec"]["template"]["spec"]["containers"]
    return only


def images(release: Release) -> dict[str, str]:
    """Images of everything that a release runs, except for the Envoys."""
    kubernetes = controller_config(release)["provider"]["kubernetes"]
    (job,) = release.jobs
    return {
        "controller": container(release.controller)["image"],
        "certgen": container(job)["image"],
        "shutdown manager": kubernetes["shutdownManager"]["image"],
        "rate limit": kubernetes["rateLimitDeployment"]["container"]["image"],
    }


def test_without_settings_a_release_does_not_change(released: Release) -> None:
    assert with_settings(released) == released


def test_a_registry_replaces_that_of_every_image(released: Release) -> None:
    before = images(released)
    assert {image.partition("/")[0] for image in before.values()} == {"docker.io"}
    found = images(with_settings(released, registry=MIRROR))
    assert found == {name: image.replace("docker.io", MIRROR) for name, image in before.items()}


def test_an_image_replaces_those_of_the_same_program_and_wins_over_the_registry(released: Release) -> None:
    limiter = "registry.example.com/limiter:1"
    found = images(with_settings(released, registry=MIRROR, image=OWN, rateLimitImage=limiter))
    assert found == {"controller": OWN, "certgen": OWN, "shutdown manager": OWN, "rate limit": limiter}


def test_an_image_of_the_configuration_wins(released: Release) -> None:
    configuration = {"provider": {"kubernetes": {"shutdownManager": {"image": "mine:1"}}}}
    assert images(with_settings(released, registry=MIRROR, config=configuration))["shutdown manager"] == "mine:1"


def test_the_controller_gets_the_number_and_the_size_of_the_settings(released: Release) -> None:
    controller = with_settings(released, replicas=2, resources={"requests": {"memory": "64Mi"}}).controller
    assert controller["spec"]["replicas"] == 2
    before = container(released.controller)
    assert container(controller)["resources"] == {
        "limits": before["resources"]["limits"],
        "requests": before["resources"]["requests"] | {"memory": "64Mi"},
    }
    assert container(controller) | {"resources": None} == before | {"resources": None}


def test_several_controllers_have_a_budget_that_finds_their_pods(released: Release) -> None:
    several = with_settings(released, replicas=2)
    (budget,) = [manifest for manifest in several.settings if manifest["kind"] == "PodDisruptionBudget"]
    assert several.controller["spec"]["replicas"] == 2
    assert budget["metadata"] == {"name": "envoy-gateway", "namespace": released.namespace["metadata"]["name"]}
    labels = several.controller["spec"]["template"]["metadata"]["labels"]
    assert budget["spec"]["selector"]["matchLabels"].items() <= labels.items()
    assert budget["spec"]["maxUnavailable"] == 1
    spread = several.controller["spec"]["template"]["spec"]["topologySpreadConstraints"]
    assert {constraint["topologyKey"] for constraint in spread} >= {"kubernetes.io/hostname"}
    assert all(constraint["labelSelector"]["matchLabels"].items() <= labels.items() for constraint in spread)
