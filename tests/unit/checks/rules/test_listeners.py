"""Listeners that share an Envoy, and their certificates."""

from kube.manifest import Manifest
from tests.cases.builders import MERGED, certificate, gateway, listener, route, service, tls_listener
from tests.cases.case import classes
from tests.unit.checks.rules.found import found_in_chat, only_problem

HOST = "chat.example.com"


def test_a_conflict_that_the_crds_refuse_is_left_to_them() -> None:
    assert found_in_chat(gateway(listener("one"), listener("two"))) == []


def test_merged_gateways_have_one_tcp_listener_per_port() -> None:
    database = listener("db", 5432, "TCP")
    merged = [gateway(database, name=name, class_name=MERGED) for name in ("one", "two")]
    problem = only_problem(*classes(), *merged)
    assert (problem.code, problem.field, problem.value) == ("listener-port-conflict", "spec.listeners[0].port", 5432)
    assert problem.words["other"] == "listener db of Gateway chat/one"
    assert problem.words["protocol"] == "TCP"


def test_merged_gateways_may_terminate_and_pass_through_the_same_host() -> None:
    passing = listener("tls", 443, "TLS", hostname=HOST, tls={"mode": "Passthrough"})
    one = gateway(tls_listener("https", HOST, "cert"), name="one", class_name=MERGED)
    two = gateway(passing, name="two", class_name=MERGED)
    assert found_in_chat(*classes(), one, two, certificate("cert", HOST)) == []


def test_cert_manager_would_overwrite_a_secret_of_the_stack() -> None:
    https = gateway(tls_listener("https", HOST, "cert"))
    https["metadata"]["annotations"] = {"cert-manager.io/issuer": "letsencrypt"}
    problem = only_problem(https, certificate("cert", HOST))
    place = "spec.listeners[0].tls.certificateRefs[0].name"
    assert (problem.code, problem.field, problem.value) == ("certificate-overwritten", place, "cert")
    assert problem.words["secret"] == "Secret chat/cert"


def test_cert_manager_issues_only_for_listeners_with_a_host_name() -> None:
    def annotated(*listeners: Manifest) -> Manifest:
        made = gateway(*listeners)
        made["metadata"]["annotations"] = {"cert-manager.io/issuer": "ours"}
        return made

    assert found_in_chat(annotated(tls_listener("https", None, "cert")), certificate("cert", HOST)) == []
    assert found_in_chat(annotated(tls_listener("https", HOST, "cert")), certificate("cert", HOST)) == [
        ("certificate-overwritten", "Gateway gate", "spec.listeners[0].tls.certificateRefs[0].name")
    ]


def test_a_route_for_all_hosts_of_a_wildcard_needs_a_certificate_for_all_of_them() -> None:
    wild, own = gateway(tls_listener("https", "*.example.com", "cert")), certificate("cert", HOST)
    assert found_in_chat(wild, own, service(), route()) == [("certificate-host", "HTTPRoute web", "spec.hostnames")]
