"""CertManager: the objects of its release, in the order in which they have to be there."""

from pathlib import Path
from typing import Any

import pytest

from components import EnvoyGatewayArgs, Platform
from components.platform.cert_manager_release import CertManagerRelease, split
from components.platform.sources import ManifestError
from config import CertManagerConfig
from tests.unit import parts, program
from tests.unit import release as small
from tests.unit.recording import Recording, record

HERE = "cert-manager"
CRD = "cert-manager-customresourcedefinition-certificates.cert-manager.io"
SETTING = "cert-manager-serviceaccount-cert-manager"
CONTROLLER, WEBHOOK = "cert-manager-deployment-cert-manager", "cert-manager-deployment-cert-manager-webhook"
CALLED = "cert-manager-validatingwebhookconfiguration-cert-manager-webhook"


def deployment(name: str, *arguments: str, tag: str = "v1.21.2") -> small.Wire:
    container = {"name": name, "image": f"quay.io/jetstack/{name}:{tag}", "args": list(arguments)}
    return small.wire(
        "apps/v1", "Deployment", name, namespace=HERE, spec={"template": {"spec": {"containers": [container]}}}
    )


def objects(*controllers: small.Wire) -> list[small.Wire]:
    """In an order in which they could not be created."""
    webhook = [{"name": "webhook.cert-manager.io", "clientConfig": {}}]
    return [
        small.wire(
            "admissionregistration.k8s.io/v1",
            "ValidatingWebhookConfiguration",
            "cert-manager-webhook",
            namespace=None,
            webhooks=webhook,
        ),
        *(controllers or [deployment("cert-manager", "--v=2")]),
        deployment("cert-manager-webhook"),
        small.wire("v1", "ServiceAccount", "cert-manager", namespace=HERE),
        small.crd("certificates", "cert-manager.io"),
    ]


def release(*documents: small.Wire, **settings: Any) -> CertManagerRelease:
    return split(small.text(*(documents or objects())), CertManagerConfig(**settings), "cert-manager.yaml")


def test_what_takes_every_certificate_along_is_protected_with_the_platforms_own() -> None:
    args = EnvoyGatewayArgs(manifest=small.manifest(*small.with_every_kind()), protect=True, timeout_s=60)
    recording = record(lambda: Platform.of("eg", "managed", args, release(), parts.on_cluster()))
    assert recording[CRD].protect
    assert not recording[CONTROLLER].protect


def build() -> Recording:
    """Beside a Gateway."""
    return record(lambda: parts.gateway(parts.on_cluster(), cert_manager=release()))


@pytest.mark.parametrize(
    ("later", "earlier"),
    [
        (SETTING, "cert-manager-namespace-cert-manager"),
        *((CONTROLLER, before) for before in (CRD, SETTING, "eg-deployment-envoy-gateway")),
        *((CALLED, before) for before in (CONTROLLER, WEBHOOK)),
        ("gw-proxy", CALLED),
    ],
)
def test_what_an_object_needs_is_there_before_it(later: str, earlier: str) -> None:
    assert build().waits_for(later, earlier)


def test_the_controller_looks_at_gateways_and_the_others_are_as_released() -> None:
    recording = build()
    assert _arguments(recording[CONTROLLER].inputs) == ["--v=2", "--enable-gateway-api"]
    assert _arguments(recording[WEBHOOK].inputs) == []


def test_an_argument_that_is_there_already_is_not_given_twice() -> None:
    made = release(*objects(deployment("cert-manager", "--enable-gateway-api=false")))
    assert [_arguments(each) for each in made.deployments] == [["--enable-gateway-api"], []]


def test_the_api_server_asks_the_webhook_only_when_it_can_trust_it() -> None:
    waits = build()[CALLED].inputs["metadata"]["annotations"]["pulumi.com/waitFor"]
    assert waits == "jsonpath={.webhooks[0].clientConfig.caBundle}"


@pytest.mark.parametrize(
    ("documents", "settings", "said"),
    [
        (objects()[:-1], {}, "no CustomResourceDefinition certificates.cert-manager.io"),
        (objects(deployment("other")), {}, "no Deployment cert-manager"),
        (
            objects(deployment("cert-manager", tag="v1.20.0")),
            {},
            "runs cert-manager 1.20.0 (quay.io/jetstack/cert-manager:v1.20.0), not 1.21.2: "
            "set synergychat:certManager.version to 1.20.0",
        ),
        (objects(), {"namespace": "pki"}, "installs into the namespace cert-manager, not pki"),
    ],
)
def test_what_is_no_such_release_is_refused(documents: list[small.Wire], settings: dict[str, str], said: str) -> None:
    with pytest.raises(ManifestError) as raised:
        release(*documents, **settings)
    assert said in str(raised.value)


def _arguments(wire: Any) -> list[str]:
    return wire["spec"]["template"]["spec"]["containers"][0]["args"]


def test_an_issuer_is_checked_against_the_release_that_the_stack_installs(tmp_path: Path) -> None:
    acme = {"type": "object", "properties": {"server": {"type": "string"}}}
    spec = {"type": "object", "properties": {"acme": acme}}
    issuer = small.crd("issuers", "cert-manager.io", {"type": "object", "properties": {"spec": spec}}, kind="Issuer")
    given = {"envoyGateway": small.text(*small.with_every_kind()), "certManager": small.text(*objects(), issuer)}
    for key, manifest in given.items():
        (tmp_path / f"{key}.yaml").write_bytes(manifest)
    config: dict[str, Any] = {f"synergychat:{key}": {"manifest": str(tmp_path / f"{key}.yaml")} for key in given}
    config["synergychat:certManager"]["install"] = True
    config["synergychat:issuers"] = {
        "ours": {"acme": {"server": "https://acme.example.com", "mail": "ada@example.com"}}
    }
    (told,) = program.run(tmp_path, config=config | {"synergychat:requireDigests": True}).log
    assert 'synergychat:issuers.ours.acme.mail = "ada@example.com": is not a field' in told
    assert "synergychat:certManager.manifest: Deployment cert-manager: " in told
