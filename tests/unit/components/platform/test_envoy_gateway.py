"""EnvoyGateway: the objects of a release, each in its place in the order."""

from datetime import date
from typing import Any

import pulumi
import pytest

from components import EnvoyGateway, EnvoyGatewayArgs, load_release
from components.platform import envoy_gateway
from config import EnvoyGatewayConfig
from tests.unit import release as small
from tests.unit.parts import TIMEOUT_S, on_cluster
from tests.unit.recording import Recording, record

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
        args = EnvoyGatewayArgs(manifest=small.manifest(), timeout_s=TIMEOUT_S)
        component = EnvoyGateway("eg", args, on_cluster())
        pulumi.export("namespace", component.namespace)

    return record(program, preview=preview)


def test_every_object_of_the_release_is_a_resource_of_its_own(preview: bool) -> None:
    recording = build(preview=preview)
    made = {(each.inputs["kind"], each.inputs["metadata"]["name"]) for each in recording.kubernetes}
    assert made == {(wire["kind"], wire["metadata"]["name"]) for wire in small.objects()}
    assert {each.name for each in recording.kubernetes} == {NAMESPACE, *CRDS, *SETTINGS, JOB, CONTROLLER}


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
def test_what_an_object_needs_is_there_before_it(later: str, earlier: str) -> None:
    assert build().waits_for(later, earlier)


def test_nothing_holds_up_the_crds() -> None:
    recording = build()
    assert [recording[crd].depends_on for crd in CRDS] == [frozenset(), frozenset()]


def test_every_object_may_take_as_long_as_the_stack_says() -> None:
    recording = build()
    assert {tuple(each.timeouts.values()) for each in recording.kubernetes} == {("60s", "60s", "60s")}


def test_the_namespace_is_known_in_a_preview(preview: bool) -> None:
    assert build(preview=preview).exports == {"namespace": "envoy-gateway-system"}


def source(**settings: Any) -> EnvoyGatewayConfig:
    return EnvoyGatewayConfig(manifest="missing.yaml", **settings)


def test_a_release_past_its_end_of_life_is_warned_about() -> None:
    recording = record(lambda: load_release(source(version="1.5.1"), "managed"))
    assert recording.log[0] == (
        "Envoy Gateway 1.5.1 gets no fixes since 2026-02-13: set synergychat:envoyGateway.version to a newer release"
    )


def test_a_release_that_gets_fixes_is_not_warned_about(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(envoy_gateway, "RELEASE_LINES", {"1.9": date.max})
    (error,) = record(lambda: load_release(source(version="1.9.1"), "managed")).log
    assert error.startswith("missing.yaml cannot be read")


def test_a_manifest_that_cannot_be_used_ends_the_program_with_nothing_registered() -> None:
    recording = record(lambda: (load_release(source(), "managed"), on_cluster()))
    assert recording.log[-1] == (
        "missing.yaml cannot be read: No such file or directory (synergychat:envoyGateway.manifest)"
    )
    assert recording.exit_code == 32
    assert recording.resources == {}
