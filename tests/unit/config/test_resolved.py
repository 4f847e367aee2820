"""The resolved stack: URLs, host names, listeners and images that follow from the config."""

from typing import Any

import pytest

from config import GatewaySettings
from releases import LOCAL_CONTEXT
from tests.unit.config.workloads import SHOP
from tests.unit.stacks import resolved

HTTPS = {"name": "https", "protocol": "HTTPS", "port": 443}
MIRROR = "registry.example.com/mirror"
ENVOY = "envoyproxy/envoy:distroless-v1.39.1"
DIGEST = "sha256:eb2c01c13125d1629637cb4e4cce7207009fb7cc2c8027f9742758549d15b6f4"
"""`DefaultEnvoyProxyImage` in api/v1alpha1/shared_types.go of Envoy Gateway 1.9.1."""


def gateway(config: dict[str, Any], name: str = "app-gateway") -> GatewaySettings:
    """One Gateway of a stack."""
    (found,) = [gateway for gateway in resolved(config).gateways if gateway.name == name]
    return found


# URLs


@pytest.mark.parametrize(
    ("keys", "web", "api"),
    [
        ({}, "http://synchat.internal", "http://synchatapi.internal"),
        ({"port": 8080}, "http://synchat.internal:8080", "http://synchatapi.internal:8080"),
        (
            {"exposure": "NodePort", "nodePort": 30080},
            "http://synchat.internal:30080",
            "http://synchatapi.internal:30080",
        ),
        (
            {"exposure": "NodePort", "nodePort": 30080, "https": {"selfSigned": True, "nodePort": 30443}},
            "https://synchat.internal:30443",
            "https://synchatapi.internal:30443",
        ),
    ],
    ids=str,
)
def test_a_url_has_the_port_that_clients_use(keys: Any, web: str, api: str) -> None:
    assert resolved({"gateway": keys}).urls == {"web": web, "api": api}


@pytest.mark.parametrize(
    ("listener", "web", "api"),
    [
        (HTTPS, "https://synchat.internal", "https://synchatapi.internal"),
        (HTTPS | {"port": 8443}, "https://synchat.internal:8443", "https://synchatapi.internal:8443"),
        (HTTPS | {"hostname": "synchat.internal"}, "https://synchat.internal", "http://synchatapi.internal"),
        (HTTPS | {"hostname": "*.internal"}, "https://synchat.internal", "https://synchatapi.internal"),
        (HTTPS | {"hostname": "shop.example.com"}, "http://synchat.internal", "http://synchatapi.internal"),
        (HTTPS | {"protocol": "TLS"}, "http://synchat.internal", "http://synchatapi.internal"),
    ],
    ids=str,
)
def test_a_url_is_https_when_an_https_listener_serves_its_host(listener: Any, web: str, api: str) -> None:
    assert resolved({"gateway": {"listeners": [listener]}}).urls == {"web": web, "api": api}


@pytest.mark.parametrize(
    ("listeners", "is_self_signed"),
    [
        ([], False),
        ([HTTPS], False),
        ([HTTPS | {"selfSigned": True}], True),
        ([HTTPS | {"selfSigned": True, "hostname": "shop.example.com"}], False),
        ([HTTPS | {"issuer": "ours", "hostname": "synchat.internal"}], True),
        ([HTTPS | {"issuer": "letsencrypt", "hostname": "synchat.internal"}], False),
    ],
    ids=str,
)
def test_a_stack_is_self_signed_when_clients_do_not_trust_the_chats_certificate(
    listeners: Any, is_self_signed: bool
) -> None:
    issuers = {"ours": {"selfSignedCa": True}, "letsencrypt": {"acme": {"server": "https://acme.example.com"}}}
    assert resolved({"gateway": {"listeners": listeners}, "issuers": issuers}).is_self_signed is is_self_signed


def test_the_url_of_an_app_has_its_path() -> None:
    cart = SHOP | {"hostname": "shop.internal", "path": "/cart"}
    urls = resolved({"apps": {"cart": cart, "job": SHOP | {"kind": "Job"}}}).urls
    assert urls["cart"] == "http://shop.internal/cart"
    assert "job" not in urls


# Host names and listeners


def test_the_host_names_of_a_gateway_are_the_chats_and_its_routes_each_once() -> None:
    routes = {"a": {"hostnames": ["a.internal", "synchat.internal"]}, "b": {"hostnames": ["*.internal"]}}
    assert gateway({"routes": routes}).hostnames == (
        "synchat.internal",
        "synchatapi.internal",
        "a.internal",
        "*.internal",
    )


def test_two_apps_share_a_host_name_by_their_paths() -> None:
    shop = SHOP | {"hostname": "shop.internal"}
    apps = {"shop": shop, "cart": shop | {"path": "/cart"}}
    assert gateway({"apps": apps}).hostnames == ("synchat.internal", "synchatapi.internal", "shop.internal")


def test_an_extra_gateway_serves_the_host_names_of_its_own_routes() -> None:
    routes = {"a": {"hostnames": ["a.internal"]}, "b": {"hostnames": ["b.internal"], "gateway": "inner"}}
    config = {"routes": routes, "gateways": {"inner": {"https": {"issuer": "i"}}}}
    inner = gateway(config, "inner")
    assert inner.hostnames == ("b.internal",)
    assert [listener.name for listener in inner.listeners] == ["https-b.internal", "http"]
    assert gateway(config).hostnames == ("synchat.internal", "synchatapi.internal", "a.internal")


def test_no_certificate_is_issued_for_a_host_name_that_https_does_not_serve() -> None:
    own = HTTPS | {"name": "own", "hostname": "own.internal", "secret": "s"}
    routes = {"a": {"kind": "TLSRoute", "hostnames": ["tls.internal"]}, "b": {"hostnames": ["own.internal"]}}
    served = gateway({"gateway": {"https": {"issuer": "i"}, "listeners": [own]}, "routes": routes})
    issued = [listener.hostname for listener in served.listeners if listener.issuer]
    assert issued == ["synchat.internal", "synchatapi.internal"]


# Images


@pytest.mark.parametrize(
    ("config", "image"),
    [
        ({}, f"docker.io/{ENVOY}@{DIGEST}"),
        ({"context": LOCAL_CONTEXT}, f"docker.io/{ENVOY}"),
        ({"context": LOCAL_CONTEXT, "envoyGateway": {"registry": MIRROR}}, f"{MIRROR}/{ENVOY}"),
        ({"context": "synergychat-prod"}, f"docker.io/{ENVOY}@{DIGEST}"),
        ({"envoyGateway": {"version": "1.5.1"}}, None),
        ({"envoyGateway": {"version": "1.8.0"}}, None),
        ({"gateway": {"envoyImage": "example.com/envoy:1"}}, "example.com/envoy:1"),
        ({"envoyGateway": {"registry": MIRROR}}, f"{MIRROR}/{ENVOY}@{DIGEST}"),
        ({"envoyGateway": {"registry": MIRROR, "version": "1.8.0"}}, f"{MIRROR}/envoyproxy/envoy"),
        (
            {"envoyGateway": {"registry": MIRROR, "version": "1.8.0"}, "gateway": {"envoyImage": "mine:1"}},
            "mine:1",
        ),
    ],
    ids=str,
)
def test_the_envoys_have_the_image_of_the_config_else_that_of_the_release(
    config: dict[str, Any], image: str | None
) -> None:
    assert gateway(config).envoy_image == image
    assert resolved(config).versions.get("envoy") == image


def test_the_versions_of_a_stack_have_the_image_of_every_app() -> None:
    apps = {"cart": SHOP | {"hostname": "shop.internal"}, "job": SHOP | {"kind": "Job"}}
    versions = resolved({"apps": apps}).versions
    assert versions["cart"] == versions["job"] == SHOP["image"]
