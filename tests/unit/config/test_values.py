"""Values: what each kind of value may be."""

import contextlib
import time
from typing import Annotated, Any, get_origin

import pytest
from pydantic import TypeAdapter, ValidationError

from config import values
from tests.unit.stacks import explained, parse, problems

LONGEST_HOSTNAME = ".".join(["a" * 62] * 4) + ".b"


# Host names


@pytest.mark.parametrize(
    "hostname",
    [
        "synchat.internal",
        "localhost",
        "a-b.example.com",
        "1.example",
        "a" * 63 + ".example",
        "xn--bcher-kva.example",
        LONGEST_HOSTNAME,
    ],
)
def test_a_host_name_that_a_browser_can_ask_for_is_accepted(hostname: str) -> None:
    assert parse({"web": {"hostname": hostname}}).web.hostname == hostname


def test_the_longest_host_name_has_253_characters() -> None:
    assert len(LONGEST_HOSTNAME) == 253


@pytest.mark.parametrize(
    ("hostname", "code"),
    [
        ("SynChat.internal", "hostname-upper-case"),
        ("synchat.internal.", "hostname-trailing-dot"),
        (LONGEST_HOSTNAME + "b", "hostname-too-long"),
        ("10.0.0.1", "hostname-is-ip"),
        ("2001:db8::1", "hostname-is-ip"),
        ("synchat.0x7f", "hostname-is-ip"),
        ("synchat..internal", "hostname-empty-label"),
        (".internal", "hostname-empty-label"),
        ("*.internal", "hostname-wildcard"),
        ("a" * 64 + ".internal", "hostname-label-too-long"),
        ("syn_chat.internal", "hostname-characters"),
        ("synchat-.internal", "hostname-characters"),
        ("http://synchat.internal", "hostname-with-scheme-or-port"),
        ("synchat.internal:8080", "hostname-with-scheme-or-port"),
        ("synchat.internal/chat", "hostname-with-scheme-or-port"),
        ("synchat.internal\n", "hostname-characters"),
        ("bücher.example", "hostname-characters"),
        ("", "hostname-invalid"),
        (7, "hostname-invalid"),
    ],
)
def test_a_host_name_that_no_route_can_serve_is_rejected_by_its_own_rule(hostname: object, code: str) -> None:
    assert problems({"web": {"hostname": hostname}}) == [("web.hostname", code)]


@pytest.mark.parametrize(
    ("hostname", "word", "length"),
    [(LONGEST_HOSTNAME + "b", "length", "254"), ("a" * 64 + ".internal", "longest", "64")],
    ids=["name", "label"],
)
def test_a_host_name_that_is_too_long_is_rejected_with_its_length(hostname: str, word: str, length: str) -> None:
    ((_, _, words),) = explained({"web": {"hostname": hostname}})
    assert words[word] == length


# Numbers


@pytest.mark.parametrize("port", [1, 80, 65535])
def test_a_port_is_accepted(port: int) -> None:
    assert parse({"web": {"port": port}}).web.port == port


@pytest.mark.parametrize("port", [0, 65536, -1, "eighty", "8080", 80.0, 80.5, True, [80]])
def test_a_value_that_is_no_port_is_rejected(port: object) -> None:
    assert explained({"web": {"port": port}}) == [("web.port", "config-number", {"lowest": "1", "highest": "65535"})]


@pytest.mark.parametrize("name", ["web", "api", "crawler"])
def test_a_workload_of_the_chat_needs_a_port(name: str) -> None:
    assert explained({name: {"port": None}}) == [(f"{name}.port", "port-required", {"name": name})]


@pytest.mark.parametrize("replicas", [-1, 101, 1.5, "1"])
def test_a_value_that_is_no_number_of_replicas_is_rejected(replicas: object) -> None:
    assert explained({"api": {"replicas": replicas}}) == [
        ("api.replicas", "config-number", {"lowest": "0", "highest": "100"})
    ]


def test_a_workload_may_have_no_replicas() -> None:
    assert parse({"api": {"replicas": 0}}).api.replicas == 0


def test_the_controller_needs_a_replica() -> None:
    assert explained({"envoyGateway": {"replicas": 0}}) == [
        ("envoyGateway.replicas", "config-number", {"lowest": "1", "highest": "100"})
    ]


@pytest.mark.parametrize("seconds", [9, 3601, "120s"])
def test_a_value_that_is_no_time_to_wait_is_rejected(seconds: object) -> None:
    assert explained({"timeoutSeconds": seconds}) == [
        ("timeoutSeconds", "config-number", {"lowest": "10", "highest": "3600"})
    ]


def test_a_share_of_more_than_all_requests_is_rejected() -> None:
    canary = {"stable": "web", "next": "api", "percent": 101}
    assert explained({"routes": {"a": {"canary": canary}}}) == [
        ("routes.a.canary.percent", "config-number", {"lowest": "0", "highest": "100"})
    ]


# Images and releases


@pytest.mark.parametrize(
    "image",
    [
        "nginx",
        "bootdotdev/synergychat-web:latest",
        "localhost:5000/chat/web",
        "registry.example.com:443/a/b__c:v1.2-rc_3",
        "nginx@sha256:" + "0" * 64,
        "nginx:1.2@sha256:" + "f" * 64,
    ],
)
def test_an_image_reference_is_accepted(image: str) -> None:
    assert parse({"web": {"image": image}}).web.image == image


@pytest.mark.parametrize(
    "image",
    [
        "",
        "Nginx",
        "nginx:",
        "nginx:a b",
        "https://registry.example.com/web",
        "nginx@sha256:12",
        "a//b",
        "nginx\n",
        "a" * 256,
    ],
)
def test_a_text_that_is_no_image_reference_is_rejected(image: str) -> None:
    assert problems({"web": {"image": image}}) == [("web.image", "image-invalid")]


def test_a_registry_has_a_host() -> None:
    registry = {"registry": "Example.com/X"}
    assert problems({"envoyGateway": registry}) == [("envoyGateway.registry", "registry-invalid")]


@pytest.mark.parametrize("version", ["1.9.1", "1.5.0", "1.5.1"])
def test_a_release_of_a_supported_line_is_accepted(version: str) -> None:
    assert parse({"envoyGateway": {"version": version}}).envoy_gateway.version == version


@pytest.mark.parametrize("version", ["1.4.0", "1.91.0"])
def test_a_release_of_another_line_is_rejected_with_the_supported_lines(version: str) -> None:
    assert explained({"envoyGateway": {"version": version}}) == [
        ("envoyGateway.version", "release-unknown", {"lines": "1.5, 1.6, 1.7, 1.8, 1.9"})
    ]


@pytest.mark.parametrize("version", ["v1.9.1", 1.9, "1.9.1-rc.1"])
def test_a_value_that_is_no_version_is_rejected(version: object) -> None:
    assert problems({"envoyGateway": {"version": version}}) == [("envoyGateway.version", "version-invalid")]


@pytest.mark.parametrize("checksum", ["0" * 63, "F" * 64, "sha256:" + "0" * 64])
def test_a_text_that_is_no_sha256_checksum_is_rejected(checksum: str) -> None:
    checksums = ["0" * 64, checksum]
    assert problems({"envoyGateway": {"sha256": checksums}}) == [("envoyGateway.sha256[1]", "sha256-invalid")]


# Names


@pytest.mark.parametrize("namespace", ["Chat", "chat.one", "-chat", "a" * 64, ""])
def test_a_namespace_that_kubernetes_would_reject_is_rejected(namespace: str) -> None:
    assert problems({"namespace": namespace}) == [("namespace", "dns-label-invalid")]


def test_the_name_of_a_service_starts_with_a_letter() -> None:
    assert problems({"web": {"serviceName": "1-web"}}) == [("web.serviceName", "service-name-invalid")]


@pytest.mark.parametrize("keywords", [["love", "a,b"], ["love", " "]])
def test_a_keyword_that_the_crawler_would_read_as_another_is_rejected(keywords: list[str]) -> None:
    assert problems({"crawler": {"keywords": keywords}}) == [("crawler.keywords[1]", "keyword-invalid")]


def test_the_crawler_needs_a_keyword() -> None:
    assert problems({"crawler": {"keywords": []}}) == [("crawler.keywords", "field-empty")]


@pytest.mark.parametrize(
    ("gateway", "place", "options"),
    [
        ({"exposure": "nodePort"}, "gateway.exposure", "LoadBalancer, NodePort or ClusterIP"),
        (
            {"listeners": [{"name": "a", "protocol": "SCTP", "port": 1}]},
            "gateway.listeners[0].protocol",
            "HTTP, HTTPS, TLS, TCP or UDP",
        ),
    ],
)
def test_a_value_that_is_none_of_several_is_rejected_with_all_of_them(
    gateway: dict[str, Any], place: str, options: str
) -> None:
    assert explained({"gateway": gateway}) == [(place, "config-choice", {"options": options})]


@pytest.mark.parametrize("length", [60_000])
@pytest.mark.parametrize("end", ["", ",", "!", " ", "\n", "/"])
@pytest.mark.parametrize("piece", ["a", "a.", "a-", "a_", "a/", "a ", "1", " "])
def test_a_long_value_is_judged_within_a_second(piece: str, end: str, length: int) -> None:
    text = piece * (length // len(piece)) + end
    begin = time.process_time()
    for name, annotation in vars(values).items():
        if get_origin(annotation) is Annotated:
            with contextlib.suppress(ValidationError):
                TypeAdapter(annotation).validate_python(text)
            assert time.process_time() - begin < 1, name
