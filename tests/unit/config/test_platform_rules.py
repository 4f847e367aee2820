"""Rules of a stack on an external platform."""

from typing import Any

import pytest

from tests.unit.stacks import explained, parse, problems


@pytest.mark.parametrize(
    ("config", "place"),
    [
        ({"certManager": {"install": True}}, "certManager.install"),
        ({"envoyGateway": {"replicas": 2}}, "envoyGateway.replicas"),
        ({"envoyGateway": {"rateLimitImage": "ratelimit:1"}}, "envoyGateway.rateLimitImage"),
    ],
)
def test_a_key_of_the_platform_is_only_allowed_where_the_stack_manages_it(config: dict[str, Any], place: str) -> None:
    assert problems({"platform": "external", **config}) == [(place, "platform-managed-only")]
    parse(config)


def test_a_stack_on_an_external_platform_describes_its_release() -> None:
    release = {"version": "1.9.1", "manifest": "install.yaml", "sha256": ["0" * 64], "namespace": "gateways"}
    parse({"platform": "external", "envoyGateway": release})


def test_the_envoys_of_an_external_platform_have_a_key_of_their_own() -> None:
    spec = {"infrastructure": {"parametersRef": {"name": "x"}}}
    assert explained({"platform": "external", "gateway": {"spec": spec}}) == [
        ("gateway.spec.infrastructure.parametersRef", "field-has-own-key", {"key": "gateway.proxy"})
    ]


def test_a_key_of_the_platform_may_repeat_its_default() -> None:
    parse({"platform": "external", "envoyGateway": {"replicas": 1, "config": {}, "protect": False}})
