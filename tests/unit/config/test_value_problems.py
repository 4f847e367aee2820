"""Problems of single values and keys: unknown keys, values of another type, values that are missing."""

from typing import Any

import pytest

from diagnostics.problem import reason
from tests.unit.stacks import explained, problems


@pytest.mark.parametrize(
    ("config", "place", "suggestion"),
    [
        ({"gatway": {}}, "gatway", "did you mean gateway?"),
        ({"web": {"hostnme": "a.example"}}, "web.hostnme", "did you mean hostname?"),
        ({"web": {"route_name": "web"}}, "web.route_name", "did you mean routeName?"),
        (
            {"envoyGateway": {"zzz": 1}},
            "envoyGateway.zzz",
            "known: config, image, manifest, namespace, protect, rateLimitImage, registry, replicas, resources, "
            "sha256, version",
        ),
    ],
)
def test_an_unknown_key_is_rejected_with_the_key_that_was_meant(
    config: dict[str, Any], place: str, suggestion: str
) -> None:
    assert explained(config) == [(place, "config-key-unknown", {"suggestion": suggestion})]


@pytest.mark.parametrize(
    ("config", "place", "code"),
    [
        ({"web": "synchat.internal"}, "web", "config-group"),
        ({"web": None}, "web", "config-group"),
        ({"web": []}, "web", "config-group"),
        ({"crawler": {"keywords": "love"}}, "crawler.keywords", "config-list"),
        ({"networkPolicy": "yes"}, "networkPolicy", "config-bool"),
        ({"web": {"command": [1]}}, "web.command[0]", "config-text"),
        ({"gateway": {"annotations": []}}, "gateway.annotations", "config-group"),
    ],
    ids=str,
)
def test_a_value_of_another_type_is_rejected(config: dict[str, Any], place: str, code: str) -> None:
    assert problems(config) == [(place, code)]


@pytest.mark.parametrize(
    ("config", "place"),
    [
        ({"issuers": {"ours": {"acme": {}}}}, "issuers.ours.acme.server"),
        ({"policies": {"p": {}}}, "policies.p.kind"),
    ],
)
def test_a_key_without_a_default_is_required(config: dict[str, Any], place: str) -> None:
    assert problems(config) == [(place, "config-required")]


def test_a_name_that_is_not_allowed_is_rejected_with_the_rule_of_names() -> None:
    hosts = {"A.internal": {"selfSigned": True}}
    rule = reason("hostname-upper-case").rule
    assert explained({"gateway": {"https": {"hosts": hosts}}}) == [
        ('gateway.https.hosts["A.internal"]', "config-name", {"rule": rule})
    ]
