"""Cases that the rules leave to the cluster: objects of others, and values that are known only after `up`."""

from typing import Any

import pytest

from kube import unknown
from kube.manifest import Manifest
from tests.cases.builders import (
    CHAT,
    SHOP,
    backend,
    extension,
    gateway,
    listener,
    manifest,
    path,
    policy,
    route,
    rule,
    secret,
    service,
    target,
    tls_listener,
)
from tests.unit.checks.rules.found import found, found_in_chat

UNKNOWN: Any = unknown.UNKNOWN
HOST = "chat.example.com"
TO_CHAT = {"name": "gate", "namespace": CHAT}


@pytest.mark.parametrize(
    "objects",
    [
        [gateway(), route(rule(backend("of-another-team")))],
        [route()],
        [gateway(), route(rule(backend(namespace=SHOP)))],
        [policy("SecurityPolicy", "cors", target("HTTPRoute", "web"))],
    ],
    ids=["a Service", "a Gateway", "a grant", "a target of a policy"],
)
def test_a_namespace_that_the_stack_does_not_declare_may_have_any_object(objects: list[Manifest]) -> None:
    assert found(*objects) == []


def test_another_namespace_may_have_any_service() -> None:
    objects = gateway(), service(namespace=SHOP), route(namespace=SHOP, parents=[TO_CHAT])
    # A listener without allowedRoutes allows no route of another namespace.
    assert found(*objects) == [("route-namespace-not-allowed", "HTTPRoute web", "spec.parentRefs[0]")]


def test_a_namespace_that_the_stack_does_not_declare_may_have_any_label_but_its_name() -> None:
    selected: Any = {"namespaces": {"from": "Selector", "selector": {"matchLabels": {"team": "sales"}}}}
    shop = route(namespace=SHOP, parents=[TO_CHAT])
    assert found_in_chat(gateway(listener(allowedRoutes=selected)), shop) == []
    selected["namespaces"]["selector"] = {"matchLabels": {"kubernetes.io/metadata.name": "sales"}}
    assert found_in_chat(gateway(listener(allowedRoutes=selected)), shop) == [
        ("route-namespace-not-allowed", "HTTPRoute web", "spec.parentRefs[0]")
    ]


def test_a_controller_may_create_a_secret() -> None:
    https = gateway(tls_listener("https", HOST, "cert"))
    assert found_in_chat(https) == []
    assert found_in_chat(https, secret("users", {})) == [
        ("reference-missing", "Gateway gate", "spec.listeners[0].tls.certificateRefs[0].name")
    ]
    issued = manifest("Certificate", "web", api_version="cert-manager.io/v1", spec={"secretName": "cert"})
    assert found_in_chat(https, secret("users", {}), issued) == []
    https["metadata"]["annotations"] = {"cert-manager.io/cluster-issuer": "letsencrypt"}
    assert found_in_chat(https, secret("users", {})) == []


def made(kind: str, name: str, version: str, spec: Any, *, namespace: str = CHAT) -> Manifest:
    """An object whose controller may create Secrets; cluster-scoped without a namespace."""
    found = manifest(kind, name, namespace=namespace, api_version=version, spec=spec)
    if not namespace:
        del found["metadata"]["namespace"]
    return found


MAKES_CERT = [
    made("ExternalSecret", "tls", "external-secrets.io/v1", {"target": {"name": "cert"}}),
    made("ExternalSecret", "cert", "external-secrets.io/v1", {"dataFrom": [{"extract": {"key": "tls"}}]}),
    made("ClusterExternalSecret", "cert", "external-secrets.io/v1", {"externalSecretSpec": {}}, namespace=""),
    made("SealedSecret", "cert", "bitnami.com/v1alpha1", {"encryptedData": {"tls.key": "x"}}),
    made("VaultStaticSecret", "tls", "secrets.hashicorp.com/v1beta1", {"destination": {"name": "cert"}}),
    made(
        "InfisicalSecret",
        "tls",
        "secrets.infisical.com/v1alpha1",
        {"managedKubeSecretReferences": [{"secretName": "cert", "secretNamespace": CHAT}]},
        namespace=SHOP,
    ),
    made(
        "InfisicalSecret",
        "tls",
        "secrets.infisical.com/v1alpha1",
        {"managedSecretReference": {"secretName": "cert", "secretNamespace": CHAT}},
        namespace=SHOP,
    ),
    made("SealedSecret", "tls", "bitnami.com/v1alpha1", {"template": {"metadata": {"name": "cert"}}}),
    made("SecretProviderClass", "tls", "secrets-store.csi.x-k8s.io/v1", {"secretObjects": [{"secretName": "cert"}]}),
    made("Certificate", "tls", "cert-manager.io/v1", {"secretName": "cert"}),
    made("Certificate", "tls", "cert-manager.io/v1", {"secretName": UNKNOWN}),
    made("Certificate", "tls", "cert-manager.io/v1", UNKNOWN),
    made("Elasticsearch", "ce", "elasticsearch.k8s.elastic.co/v1", {}) | {"metadata": {"name": UNKNOWN}},
]


@pytest.mark.parametrize("maker", MAKES_CERT, ids=lambda maker: maker["kind"])
def test_a_secret_that_the_controller_of_a_declared_object_makes_is_left_to_the_cluster(maker: Manifest) -> None:
    https = gateway(tls_listener("https", HOST, "cert"))
    assert found_in_chat(https, secret("users", {}), maker) == []


def test_a_controller_may_begin_the_name_of_a_secret_with_that_of_its_object() -> None:
    kafka = made("Kafka", "events", "kafka.strimzi.io/v1", {})
    secrets = secret("users", {}), kafka
    assert found_in_chat(service(), *secrets, _trusting("Secret", "events-cluster-ca-cert")) == []


@pytest.mark.parametrize(
    "other",
    [
        made("ExternalSecret", "other", "external-secrets.io/v1", {"target": {"name": "cert-of-another"}}),
        made("ExternalSecret", "cert", "external-secrets.io/v1", {}, namespace=SHOP),
        manifest("Deployment", "cert", api_version="apps/v1", spec={"volumes": [{"secret": {"secretName": "cert"}}]}),
        manifest("ConfigMap", "cert", data={"name": "cert"}),
    ],
    ids=["another target", "another namespace", "a kind of Kubernetes", "no secret"],
)
def test_a_secret_that_no_declared_object_makes_is_missing(other: Manifest) -> None:
    https = gateway(tls_listener("https", HOST, "cert"))
    assert found_in_chat(https, secret("users", {}), other) == [
        ("reference-missing", "Gateway gate", "spec.listeners[0].tls.certificateRefs[0].name")
    ]


@pytest.mark.parametrize(
    "maker",
    [
        made("Certificate", "cert", "cert-manager.io/v1", {"secretName": "cert-tls", "dnsNames": [UNKNOWN]}),
        made("ExternalSecret", "cert", "external-secrets.io/v1", {"target": {"name": "cert-tls"}}),
        made("SealedSecret", "cert", "bitnami.com/v1alpha1", {"encryptedData": {"cert-tsl": "x"}}),
        made("VaultStaticSecret", "cert", "secrets.hashicorp.com/v1beta1", {"destination": {"name": "cert-tls"}}),
        made(
            "InfisicalSecret",
            "cert",
            "secrets.infisical.com/v1alpha1",
            {"managedSecretReference": {"secretName": "cert-tls", "secretNamespace": CHAT}},
        ),
        made(
            "SecretProviderClass",
            "cert",
            "secrets-store.csi.x-k8s.io/v1",
            {"secretObjects": [{"secretName": "cert-tls", "data": [{"objectName": "cert-tsl", "key": "tls.crt"}]}]},
        ),
    ],
    ids=lambda maker: maker["kind"],
)
def test_a_mistyped_name_of_a_secret_that_a_known_kind_makes_is_missing(maker: Manifest) -> None:
    https = gateway(tls_listener("https", HOST, "cert-tsl"))
    assert found_in_chat(https, secret("users", {}), maker) == [
        ("reference-missing", "Gateway gate", "spec.listeners[0].tls.certificateRefs[0].name")
    ]


def test_a_controller_may_fill_a_config_map() -> None:
    assert found_in_chat(service(), _trusting("ConfigMap", "ca"), manifest("ConfigMap", "ca")) == []


def test_a_config_map_that_a_controller_or_kubernetes_makes_is_left_to_the_cluster() -> None:
    bundle = made("Bundle", "ca", "trust.cert-manager.io/v1alpha1", {"sources": []}, namespace="")
    other = manifest("ConfigMap", "other")
    assert found_in_chat(service(), other, bundle, _trusting("ConfigMap", "ca")) == []
    assert found_in_chat(service(), other, _trusting("ConfigMap", "kube-root-ca.crt")) == []


def test_a_controller_may_create_a_config_map_when_the_stack_declares_none() -> None:
    assert found_in_chat(service(), _trusting("ConfigMap", "ca")) == []


def test_a_route_may_have_a_parent_of_another_kind() -> None:
    assert found_in_chat(service(), route(parents=[{"group": "", "kind": "Service", "name": "mesh"}])) == []


_PARENT_BY_SECTION = {"name": "gate", "sectionName": "http"}
_WITH_UNKNOWN: dict[str, list[Manifest]] = {
    "the name of a backend": [gateway(), service(), route(rule(backend(UNKNOWN)))],
    "the name of a Service": [gateway(), service(UNKNOWN), route()],
    "the port of a backend": [gateway(), service(), route(rule(backend(port=UNKNOWN)))],
    "the port of a Service": [gateway(), service("web", UNKNOWN), route()],
    "the name of a parent": [gateway(), service(), route(parents=[{"name": UNKNOWN}])],
    "the name of a Gateway": [gateway(name=UNKNOWN), service(), route()],
    "the name of a listener": [gateway(listener(UNKNOWN)), service(), route(parents=[_PARENT_BY_SECTION])],
    "the host of a listener": [gateway(listener(hostname=UNKNOWN)), service(), route(hostnames=[HOST])],
    "the host of a route": [gateway(listener(hostname=HOST)), service(), route(hostnames=[UNKNOWN])],
    "all hosts": [gateway(listener(hostname=HOST)), service(), route(hostnames=UNKNOWN)],
    "all rules": [gateway(), service(), manifest("HTTPRoute", "web", spec=UNKNOWN)],
    "a path": [gateway(), service(), route(rule(matches=[path(UNKNOWN)]), rule(matches=[path(UNKNOWN)]))],
    "a certificate": [
        gateway(tls_listener("https", HOST, "cert")),
        manifest("Secret", "cert", type="kubernetes.io/tls", data={"tls.crt": UNKNOWN, "tls.key": UNKNOWN}),
    ],
    "all of a Secret": [
        gateway(tls_listener("https", HOST, "cert")),
        manifest("Secret", "cert", type="kubernetes.io/tls", data=UNKNOWN),
    ],
    "the target of a policy": [policy("SecurityPolicy", "cors", {"kind": "HTTPRoute", "name": UNKNOWN})],
    "the section of a policy": [gateway(), policy("SecurityPolicy", "cors", target("Gateway", "gate", UNKNOWN))],
    "the configuration": [
        manifest("ConfigMap", "envoy-gateway-config", data={"envoy-gateway.yaml": UNKNOWN}),
        extension("Backend", "far"),
    ],
}


@pytest.mark.parametrize("objects", _WITH_UNKNOWN.values(), ids=_WITH_UNKNOWN.keys())
def test_an_unknown_value_is_no_problem(objects: list[Manifest]) -> None:
    assert found_in_chat(*objects) == []


def test_the_values_beside_an_unknown_one_are_judged() -> None:
    rules = rule(backend(UNKNOWN), backend("wbe"))
    assert found_in_chat(gateway(), service(), route(rules)) == [
        ("reference-missing", "HTTPRoute web", "spec.rules[0].backendRefs[1].name")
    ]


def _trusting(kind: str, name: str) -> Manifest:
    """A BackendTLSPolicy for Service `web` with the authorities of another object."""
    ref = {"group": "", "kind": kind, "name": name}
    validation = {"hostname": HOST, "caCertificateRefs": [ref]}
    return policy("BackendTLSPolicy", "tls", target("Service", "web", group=""), validation=validation)
