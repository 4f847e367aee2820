"""CertManager: the objects of its release, in the order in which they have to exist."""

from pathlib import Path
from typing import Any

import pytest

from components.platform.cert_manager_release import CERT_MANAGER, CertManagerRelease, split
from components.platform.sources import ManifestError, manifest_source
from config import CertManagerConfig
from kube.manifest import Manifest
from plans.recording import Recording
from tests.unit import program, small_stack
from tests.unit import release as envoy_gateway
from tests.unit.recording import PROJECT

NAMESPACE = "cert-manager"
CRD = "cert-manager-customresourcedefinition-certificates.cert-manager.io"
SETTING = "cert-manager-serviceaccount-cert-manager"
CONTROLLER, WEBHOOK = "cert-manager-deployment-cert-manager", "cert-manager-deployment-cert-manager-webhook"
CONFIGURATION = "cert-manager-validatingwebhookconfiguration-cert-manager-webhook"


def deployment(name: str, *arguments: str, tag: str = "v1.21.2") -> Manifest:
    container = {"name": name, "image": f"quay.io/jetstack/{name}:{tag}", "args": list(arguments)}
    return envoy_gateway.manifest(
        "apps/v1", "Deployment", name, namespace=NAMESPACE, spec={"template": {"spec": {"containers": [container]}}}
    )


def objects(*controllers: Manifest) -> list[Manifest]:
    """The objects of a release, in an order in which they could not be created."""
    webhook = [{"name": "webhook.cert-manager.io", "clientConfig": {}}]
    return [
        envoy_gateway.manifest(
            "admissionregistration.k8s.io/v1",
            "ValidatingWebhookConfiguration",
            "cert-manager-webhook",
            namespace=None,
            webhooks=webhook,
        ),
        *(controllers or [deployment("cert-manager", "--v=2")]),
        deployment("cert-manager-webhook"),
        envoy_gateway.manifest("v1", "ServiceAccount", "cert-manager", namespace=NAMESPACE),
        envoy_gateway.crd("certificates", "cert-manager.io"),
    ]


def release(*documents: Manifest, **settings: Any) -> CertManagerRelease:
    data = envoy_gateway.text(*(documents or objects()))
    return split(data, manifest_source(CERT_MANAGER, CertManagerConfig(**settings)), "cert-manager.yaml")


def arguments(deployment: Any) -> list[str]:
    return deployment["spec"]["template"]["spec"]["containers"][0]["args"]


def test_the_crds_and_the_controller_are_protected_like_those_of_the_platform() -> None:
    recording = small_stack.build(cert_manager=release(), envoyGateway={"protect": True})
    assert recording[CRD].protect
    assert recording[CONTROLLER].protect


def build() -> Recording:
    return small_stack.build(cert_manager=release())


@pytest.mark.parametrize(
    ("later", "earlier"),
    [
        (SETTING, "cert-manager-namespace-cert-manager"),
        *((CONTROLLER, before) for before in (CRD, SETTING, "envoy-gateway-deployment-envoy-gateway")),
        *((CONFIGURATION, before) for before in (CONTROLLER, WEBHOOK)),
        ("gateway-proxy", CONFIGURATION),
    ],
)
def test_what_an_object_needs_exists_before_it(later: str, earlier: str) -> None:
    assert build().waits_for(later, earlier)


def test_the_controller_supports_gateway_api_and_the_other_deployments_do_not_change() -> None:
    recording = build()
    assert arguments(recording[CONTROLLER].inputs) == ["--v=2", "--enable-gateway-api"]
    assert arguments(recording[WEBHOOK].inputs) == []


def test_an_argument_of_the_release_is_not_repeated() -> None:
    changed = release(*objects(deployment("cert-manager", "--enable-gateway-api=false")))
    assert [arguments(deployment) for deployment in changed.deployments] == [["--enable-gateway-api"], []]


def test_an_update_waits_until_the_api_server_can_trust_the_webhook() -> None:
    waiting = build()[CONFIGURATION].inputs["metadata"]["annotations"]["pulumi.com/waitFor"]
    assert waiting == "jsonpath={.webhooks[0].clientConfig.caBundle}"


@pytest.mark.parametrize(
    ("documents", "settings", "expected"),
    [
        (objects()[:-1], {}, "no CustomResourceDefinition certificates.cert-manager.io"),
        (objects(deployment("other")), {}, "no Deployment cert-manager"),
        (
            objects(deployment("cert-manager", tag="v1.20.0")),
            {},
            "has cert-manager 1.20.0 (quay.io/jetstack/cert-manager:v1.20.0), not 1.21.2: "
            "set synergychat:certManager.version to 1.20.0",
        ),
        (objects(), {"namespace": "pki"}, "installs into namespace cert-manager, not pki"),
    ],
)
def test_a_manifest_of_something_else_is_refused(
    documents: list[Manifest], settings: dict[str, str], expected: str
) -> None:
    with pytest.raises(ManifestError) as raised:
        release(*documents, **settings)
    assert expected in str(raised.value)


def test_an_issuer_is_validated_against_the_release_that_the_stack_installs(tmp_path: Path) -> None:
    acme = {"type": "object", "properties": {"server": {"type": "string"}}}
    spec = {"type": "object", "properties": {"acme": acme}}
    schema = {"type": "object", "properties": {"spec": spec}}
    issuers = envoy_gateway.crd("issuers", "cert-manager.io", schema, kind="Issuer")
    manifests = {
        "envoyGateway": envoy_gateway.text(*envoy_gateway.with_every_kind()),
        "certManager": envoy_gateway.text(*objects(), issuers),
    }
    for key, manifest in manifests.items():
        (tmp_path / f"{key}.yaml").write_bytes(manifest)
    keys: dict[str, Any] = {key: {"manifest": str(tmp_path / f"{key}.yaml")} for key in manifests}
    keys["certManager"]["install"] = True
    keys["issuers"] = {"own": {"acme": {"server": "https://acme.example.com", "mail": "ada@example.com"}}}
    keys["requireDigests"] = True
    (message,) = program.run(tmp_path, config={f"{PROJECT}:{key}": value for key, value in keys.items()}).log
    (line,) = [line for line in message.splitlines() if "issuers.own.acme.mail" in line]
    assert line.startswith('  synergychat:issuers.own.acme.mail = "ada@example.com": ')
    assert line.endswith(" [field-unknown]")
    assert "synergychat:certManager.manifest: Deployment cert-manager: " in message
