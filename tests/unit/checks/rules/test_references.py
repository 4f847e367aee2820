"""References to other objects: what must exist, and what permits them."""

from gatewayapi.kinds import ENVOY_GATEWAY
from kube.manifest import Manifest
from tests.cases.builders import (
    SHOP,
    extension,
    gateway,
    grant,
    manifest,
    namespace,
    policy,
    route,
    secret,
    service,
    target,
    tls_listener,
)
from tests.unit.checks.rules.found import found_in_chat, only_problem

HOST = "chat.example.com"


def trusting(*kinds: str, name: str = "ca") -> Manifest:
    """A BackendTLSPolicy for Service `web` with the authorities of objects of these kinds."""
    refs = [{"group": "", "kind": kind, "name": name} for kind in kinds]
    validation = {"hostname": HOST, "caCertificateRefs": refs}
    return policy("BackendTLSPolicy", "tls", target("Service", "web", group=""), validation=validation)


def test_an_envoy_proxy_must_exist() -> None:
    ref = {"group": ENVOY_GATEWAY, "kind": "EnvoyProxy", "name": "proxi"}
    problem = only_problem(extension("EnvoyProxy", "proxy"), gateway(infrastructure={"parametersRef": ref}))
    assert (problem.code, problem.field) == ("reference-missing", "spec.infrastructure.parametersRef.name")
    assert problem.words["suggestion"] == "did you mean proxy?"


def test_the_authorities_of_a_backend_tls_policy_must_exist() -> None:
    assert found_in_chat(service(), trusting("ConfigMap"), manifest("ConfigMap", "other")) == [
        ("reference-missing", "BackendTLSPolicy tls", "spec.validation.caCertificateRefs[0].name")
    ]
    # Envoy Gateway takes the certificates from any key when there is only one.
    single = manifest("ConfigMap", "ca", data={"any.crt": ""})
    assert found_in_chat(service(), trusting("ConfigMap"), single) == []


def test_a_reference_of_another_kind_is_ignored_beside_one_with_authorities() -> None:
    authorities = manifest("ConfigMap", "ca", data={"ca.crt": ""})
    assert found_in_chat(service(), authorities, trusting("Pod", "ConfigMap")) == []
    assert found_in_chat(service(), authorities, trusting("Pod")) == [
        ("authority-kind-unknown", "BackendTLSPolicy tls", "spec.validation.caCertificateRefs[0].kind")
    ]


def test_a_secret_may_say_where_a_certificate_is() -> None:
    """With `enableSDSSecretRef`, Envoy gets the certificate from the server that such a Secret names."""
    elsewhere = secret("cert", {"url": b"x"}, kind=f"{ENVOY_GATEWAY}/sds")
    assert found_in_chat(gateway(tls_listener("https", HOST, "cert")), elsewhere) == []
    named = secret("cert", {"url": b"x", "name": b"y"}, kind=f"{ENVOY_GATEWAY}/sds")
    assert found_in_chat(service(), trusting("Secret", name="cert"), named) == []


def test_a_grant_for_routes_does_not_permit_a_policy() -> None:
    users = {"users": {"name": "users", "namespace": SHOP}}
    login = policy("SecurityPolicy", "login", target("HTTPRoute", "web"), basicAuth=users)
    shop = namespace(SHOP), secret("users", {".htpasswd": b"ada:{SHA}5en6G6MezRroT3XKqkdPOmY/BfQ="}, namespace=SHOP)
    stack = gateway(), service(), route(), login, *shop
    assert found_in_chat(*stack, grant("HTTPRoute", "Secret")) == [
        ("reference-not-permitted", "SecurityPolicy login", "spec.basicAuth.users.namespace")
    ]
    assert found_in_chat(*stack, grant("SecurityPolicy", "Secret", origin=ENVOY_GATEWAY)) == []
