"""Problems of single values and keys: unknown keys, values of another type, values that are missing."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from pydantic import ValidationError
from pydantic_core import ErrorDetails

from config import Section
from config.value_problems import value_problem
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


def test_an_empty_name_of_a_host_is_rejected_with_the_rule_that_allows_wildcards() -> None:
    hosts = {"*.": {"selfSigned": True}}
    rule = reason("hostname-or-wildcard-invalid").rule
    assert explained({"gateway": {"https": {"hosts": hosts}}}) == [
        ('gateway.https.hosts["*."]', "config-name", {"rule": rule})
    ]


def sections(base: type[Section] = Section) -> Iterator[type[Section]]:
    for section in base.__subclasses__():
        yield section
        yield from sections(section)


def errors(section: type[Section]) -> Iterator[ErrorDetails]:
    """The errors of values of every type in every key of the group, except unknown keys."""
    for field in section.model_fields.values():
        for value in (None, True, 1, 1.5, "", "a", [], [1], {}, {"": 1}):
            try:
                section.model_validate_json(json.dumps({field.alias: value}), by_alias=True, by_name=False)
            except ValidationError as error:
                yield from (detail for detail in error.errors() if detail["type"] != "extra_forbidden")


@pytest.mark.parametrize("section", dict.fromkeys(sections()), ids=lambda section: section.__name__)
def test_every_error_of_a_value_has_a_sentence(section: type[Section]) -> None:
    assert all(value_problem(detail).rule for detail in errors(section))
