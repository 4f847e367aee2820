"""CertManager: the objects of its release in their order, and the Issuer that signs for a Gateway's listeners."""

from typing import Any

import pulumi
import pytest

from components import CertManager, CertManagerArgs
from components.cert_manager_release import CertManagerRelease, split
from components.namespace import Namespace
from components.sources import ManifestError
from config import AcmeConfig, CertManagerConfig, GatewayConfig
from tests.unit import release as small
from tests.unit.parts import TIMEOUT_S, envoy_gateway, on_cluster
from tests.unit.recording import Recording, record

HERE = "cert-manager"
CRD = "cm-customresourcedefinition-certificates.cert-manager.io"
SETTING = "cm-serviceaccount-cert-manager"
CONTROLLER, WEBHOOK = "cm-deployment-cert-manager", "cm-deployment-cert-manager-webhook"
CALLED = "cm-validatingwebhookconfiguration-cert-manager-webhook"
SELF_SIGNED, AUTHORITY = "cm-issuer-app-gateway-self-signed", "cm-certificate-app-gateway-authority"
ISSUER = "cm-issuer-app-gateway"
SERVER = "https://acme.example.com/directory"


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


def build(*, there: bool = False, **settings: Any) -> Recording:
    def program() -> None:
        cluster = on_cluster()
        args = CertManagerArgs(
            settings=CertManagerConfig(**settings),
            release=None if there else release(),
            gateway=GatewayConfig(),
            namespace=Namespace.restricted("chat", "chat", cluster),
            envoy_gateway=envoy_gateway(cluster),
            timeout_s=TIMEOUT_S,
        )
        issuing = CertManager("cm", args, cluster).issuing
        pulumi.export("issuer", issuing.issuer)

    return record(program)


@pytest.mark.parametrize(
    ("later", "earlier"),
    [
        (SETTING, "cm-namespace-cert-manager"),
        *((CONTROLLER, before) for before in (CRD, SETTING, "eg-deployment-envoy-gateway")),
        *((CALLED, before) for before in (CONTROLLER, WEBHOOK)),
        (SELF_SIGNED, CALLED),
        (AUTHORITY, SELF_SIGNED),
        (ISSUER, AUTHORITY),
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


def test_the_issuer_signs_with_an_authority_of_the_stacks_own() -> None:
    recording = build()
    assert recording.exports == {"issuer": "app-gateway"}
    (certificate, issuer) = (recording[name].inputs["spec"] for name in (AUTHORITY, ISSUER))
    assert (certificate["isCA"], certificate["issuerRef"]["name"]) == (True, "app-gateway-self-signed")
    assert issuer == {"ca": {"secretName": certificate["secretName"]}}


def test_acme_is_answered_through_the_listener_for_http() -> None:
    recording = build(issuer="acme", acme=AcmeConfig(server=SERVER, email="ops@example.com"))
    spec = recording[ISSUER].inputs["spec"]["acme"]
    assert (spec["server"], spec["email"]) == (SERVER, "ops@example.com")
    (solver,) = spec["solvers"]
    (parent,) = solver["http01"]["gatewayHTTPRoute"]["parentRefs"]
    assert (parent["kind"], parent["name"], parent["sectionName"]) == ("Gateway", "app-gateway", "http")
    assert [each.name for each in recording if each.kind in ("Issuer", "Certificate")] == [ISSUER]


def test_further_fields_of_acme_are_laid_over() -> None:
    given = AcmeConfig.model_validate({"server": SERVER, "caBundle": "abc", "solvers": []})
    spec = build(issuer="acme", acme=given)[ISSUER].inputs["spec"]["acme"]
    assert (spec["caBundle"], spec["solvers"]) == ("abc", [])


def test_where_cert_manager_is_already_only_the_issuer_is_made() -> None:
    own = {each.name for each in build(there=True) if each.name.startswith("cm-")}
    assert own == {SELF_SIGNED, AUTHORITY, ISSUER}


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
