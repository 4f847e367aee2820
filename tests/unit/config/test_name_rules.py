"""Rules of names that must differ."""

from typing import Any

import pytest

from tests.unit.config.workloads import SHOP
from tests.unit.stacks import explained, parse, problems


@pytest.mark.parametrize(
    ("config", "place", "other"),
    [
        (
            {"web": {"hostname": "one.example"}, "api": {"hostname": "one.example"}},
            "api.hostname",
            "web.hostname",
        ),
        ({"web": {"hostname": "synchatapi.internal"}}, "api.hostname", "web.hostname"),
        ({"web": {"routeName": "route"}, "api": {"routeName": "route"}}, "api.routeName", "web.routeName"),
        ({"crawler": {"serviceName": "web-service"}}, "crawler.serviceName", "web.serviceName"),
        ({"apps": {"shop": SHOP | {"serviceName": "web-service"}}}, "apps.shop.serviceName", "web.serviceName"),
        ({"namespace": "envoy-gateway-system"}, "namespace", "envoyGateway.namespace"),
    ],
    ids=str,
)
def test_a_name_that_two_parts_share_is_rejected_with_the_other_key(
    config: dict[str, Any], place: str, other: str
) -> None:
    assert explained(config) == [(place, "names-must-differ", {"other": other})]


@pytest.mark.parametrize(
    ("apps", "place", "other"),
    [
        ({"shop": SHOP | {"hostname": "synchat.internal"}}, "apps.shop.hostname", "web.hostname"),
        (
            {"shop": SHOP | {"hostname": "shop.internal"}, "cart": SHOP | {"hostname": "shop.internal"}},
            "apps.cart.hostname",
            "apps.shop.hostname",
        ),
    ],
    ids=["with the page", "with an app"],
)
def test_an_app_that_shares_host_name_and_path_is_rejected_with_the_other_key(
    apps: dict[str, Any], place: str, other: str
) -> None:
    assert explained({"apps": apps}) == [(place, "hosts-must-differ", {"other": other})]


def test_envoys_in_the_namespace_of_the_chat_cannot_be_combined_with_its_default_deny() -> None:
    deploy = {"provider": {"kubernetes": {"deploy": {"type": "GatewayNamespace"}}}}
    config = {"envoyGateway": {"config": deploy}}
    assert problems(config) == [("networkPolicy", "network-policy-gateway-namespace")]
    parse({**config, "networkPolicy": False})
