"""EnvoyGateway: the objects of a release, in the order in which they have to exist."""

import hashlib
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from components import EnvoyGateway, EnvoyGatewayArgs
from components.platform import envoy_gateway
from components.platform.envoy_gateway import load_envoy_gateway
from components.platform.sources import cache_directory
from config import EnvoyGatewayConfig
from kube.manifest import identity
from plans.recording import Recording
from releases import LINES
from tests.unit import release, small_stack
from tests.unit.recording import record

NAMESPACE = "eg-namespace-envoy-gateway-system"
CRDS = (
    "eg-customresourcedefinition-gatewayclasses.gateway.networking.k8s.io",
    "eg-customresourcedefinition-envoyproxies.gateway.envoyproxy.io",
)
SETTINGS = ("eg-service-envoy-gateway", "eg-configmap-envoy-gateway-config", "eg-serviceaccount-envoy-gateway")
JOB = "eg-job-eg-gateway-helm-certgen"
CONTROLLER = "eg-deployment-envoy-gateway"


def build(*, preview: bool = False) -> Recording:
    def program() -> None:
        args = EnvoyGatewayArgs(release=release.release(), timeout_s=small_stack.TIMEOUT_S)
        EnvoyGateway("eg", args, small_stack.on_cluster())

    return record(program, preview=preview)


def test_every_object_of_the_release_is_a_resource_of_its_own(preview: bool) -> None:
    recording = build(preview=preview)
    assert {identity(resource.inputs) for resource in recording.kubernetes} == set(map(identity, release.objects()))
    assert {resource.name for resource in recording.kubernetes} == {NAMESPACE, *CRDS, *SETTINGS, JOB, CONTROLLER}


def test_a_resource_has_the_type_of_its_object() -> None:
    recording = build()
    assert recording[CRDS[0]].type == "kubernetes:apiextensions.k8s.io/v1:CustomResourceDefinition"
    assert recording[SETTINGS[0]].type == "kubernetes:core/v1:Service"


def test_an_object_is_registered_as_it_is_prepared() -> None:
    job = build()[JOB].inputs
    assert "status" not in job
    assert job["spec"].keys() == {"backoffLimit", "template"}
    assert job["metadata"]["namespace"] == "envoy-gateway-system"


@pytest.mark.parametrize(
    ("later", "earlier"),
    [
        *((setting, NAMESPACE) for setting in SETTINGS),
        *((JOB, setting) for setting in SETTINGS),
        *((CONTROLLER, before) for before in (*CRDS, *SETTINGS, JOB)),
    ],
)
def test_what_an_object_needs_exists_before_it(later: str, earlier: str) -> None:
    assert build().waits_for(later, earlier)


def test_the_crds_wait_for_nothing() -> None:
    recording = build()
    assert [recording[crd].depends_on for crd in CRDS] == [frozenset(), frozenset()]


def test_every_object_has_the_timeout_of_the_stack() -> None:
    recording = build()
    of_namespace, others = set[str](), set[tuple[str, ...]]()
    for resource in recording.kubernetes:
        if resource.kind == "Namespace":
            of_namespace.add(resource.timeouts["delete"])
        else:
            others.add(tuple(resource.timeouts.values()))
    assert others == {("60s", "60s", "60s")}
    assert of_namespace == {"600s"}  # its last Envoy may drain for six minutes


def load(version: str) -> None:
    """Load a release from a manifest that does not exist."""
    load_envoy_gateway(EnvoyGatewayConfig(manifest="missing.yaml", version=version), installs=True)


def test_a_release_past_its_end_of_life_is_warned_about() -> None:
    assert record(lambda: load("1.5.1")).log[0] == (
        "Envoy Gateway 1.5.1 is past its end of life (2026-02-13): "
        "set synergychat:envoyGateway.version to a newer release"
    )


def test_a_supported_release_is_not_warned_about(monkeypatch: pytest.MonkeyPatch) -> None:
    line = replace(LINES[0], end_of_life=date.max)
    monkeypatch.setattr(envoy_gateway, "line_of", lambda _: line)
    (error,) = record(lambda: load("1.9.1")).log
    assert error.startswith("missing.yaml cannot be read")


def test_a_manifest_of_ones_own_instead_of_the_releases_is_used_with_a_warning(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    checksum = hashlib.sha256(release.text()).hexdigest()
    file = cache_directory() / f"{checksum}.yaml"
    file.parent.mkdir(parents=True)
    file.write_bytes(release.text())
    settings = EnvoyGatewayConfig(version="1.9.1", sha256=(checksum,))
    (warning,) = record(lambda: load_envoy_gateway(settings, installs=True)).log
    assert warning.startswith("synergychat:envoyGateway.sha256 does not have the checksum of Envoy Gateway 1.9.1, ")


def test_a_manifest_that_cannot_be_used_ends_the_program_with_nothing_registered() -> None:
    recording = record(lambda: (load("1.9.1"), small_stack.on_cluster()))
    assert recording.log[-1] == (
        "missing.yaml cannot be read: No such file or directory (synergychat:envoyGateway.manifest)"
    )
    assert recording.exit_code == 32
    assert recording.resources == {}
