"""Values of workloads: what their keys may be, for the chat's workloads and for extra apps."""

import json
from typing import Any

import pytest

from config import AppConfig
from diagnostics.problem import reason
from tests.unit.config.workloads import SECRETS, SHOP, config_of, of_every_workload
from tests.unit.stacks import explained, parse, problems

# Variables and files


def test_a_variable_and_a_file_are_texts_or_come_from_elsewhere() -> None:
    env = {"A": "text", "B": {"secret": "keys", "key": "token"}, "C": {"valueFrom": {"fieldRef": {}}}}
    files = {"/etc/a": "text", "/etc/b": {"secret": "keys", "key": "token"}}
    web = parse({"web": {"env": env, "files": files}, "secrets": SECRETS}).web
    assert (web.env["A"].value, web.env["B"].secret, web.env["C"].value_from) == ("text", "keys", {"fieldRef": {}})
    assert (web.files["/etc/a"].value, web.files["/etc/b"].key) == ("text", "token")


@pytest.mark.parametrize(
    ("keys", "place", "group"),
    [
        ({"env": {"A": 5}}, "env.A", "`secret` and `key`, or `valueFrom`"),
        ({"files": {"/a": 5}}, 'files["/a"]', "`secret` and `key`"),
    ],
    ids=["variable", "file"],
)
@of_every_workload
def test_a_variable_or_file_that_is_a_number_is_rejected_with_what_it_may_be(
    keys: dict[str, Any], place: str, group: str, workload: str
) -> None:
    assert explained(config_of(workload, keys)) == [(f"{workload}.{place}", "config-text-or-group", {"group": group})]


@pytest.mark.parametrize(
    ("keys", "place", "rule"),
    [
        ({"env": {"1A": "x"}}, "env.1A", "environment-name-invalid"),
        ({"files": {"etc": "x"}}, "files.etc", "file-path-invalid"),
        ({"files": {"/a/../b": "x"}}, 'files["/a/../b"]', "file-path-invalid"),
    ],
    ids=str,
)
@of_every_workload
def test_a_variable_or_file_with_a_name_that_is_not_allowed_is_rejected_with_the_rule_of_names(
    keys: dict[str, Any], place: str, rule: str, workload: str
) -> None:
    words = {"rule": reason(rule).rule}
    assert explained(config_of(workload, keys)) == [(f"{workload}.{place}", "config-name", words)]


@pytest.mark.parametrize(
    ("keys", "place", "suggestion"),
    [
        ({"env": {"A": {"secrt": "keys"}}}, "env.A.secrt", "did you mean secret?"),
        ({"files": {"/a": {"valueFrom": {}}}}, 'files["/a"].valueFrom', "did you mean value?"),
    ],
    ids=["variable", "file"],
)
@of_every_workload
def test_an_unknown_key_of_a_variable_or_file_is_the_only_problem_of_it(
    keys: dict[str, Any], place: str, suggestion: str, workload: str
) -> None:
    words = {"suggestion": suggestion}
    assert explained(config_of(workload, keys)) == [(f"{workload}.{place}", "config-key-unknown", words)]


# Other keys


@pytest.mark.parametrize(
    ("keys", "place", "code", "words"),
    [
        ({"pullPolicy": "Sometimes"}, "pullPolicy", "config-choice", {"options": "Always, IfNotPresent or Never"}),
        ({"port": 0}, "port", "config-number", {"lowest": "1", "highest": "65535"}),
        ({"health": "ready"}, "health", "url-path-invalid", {}),
        ({"scale": {"min": 0, "max": 2}}, "scale.min", "config-number", {"lowest": "1", "highest": "100"}),
        ({"scale": {"min": 1}}, "scale.max", "config-required", {}),
        ({"persistence": {"size": "big"}}, "persistence.size", "size-invalid", {}),
    ],
    ids=str,
)
@of_every_workload
def test_a_value_that_a_workload_cannot_have_is_rejected(
    keys: dict[str, Any], place: str, code: str, words: dict[str, str], workload: str
) -> None:
    assert explained(config_of(workload, keys)) == [(f"{workload}.{place}", code, words)]


# Extra apps


def test_an_app_needs_an_image() -> None:
    assert problems({"apps": {"shop": {}}}) == [("apps.shop.image", "config-required")]


@pytest.mark.parametrize(
    ("keys", "place", "code", "words"),
    [
        ({"kind": "Deploymnt"}, "kind", "config-choice", {"options": "Deployment, Job or CronJob"}),
        ({"kind": "CronJob", "schedule": "nightly"}, "schedule", "schedule-invalid", {}),
        ({"path": "cart"}, "path", "url-path-invalid", {}),
    ],
    ids=str,
)
def test_a_value_that_an_app_cannot_have_is_rejected(
    keys: dict[str, Any], place: str, code: str, words: dict[str, str]
) -> None:
    assert explained({"apps": {"shop": SHOP | keys}}) == [(f"apps.shop.{place}", code, words)]


# Keys in Python


def test_the_keys_of_a_workload_have_names_of_their_own_in_python() -> None:
    made = AppConfig(image=SHOP["image"], app_protocol="kubernetes.io/h2c", pull_secrets=("registry",))
    keys = SHOP | {"appProtocol": "kubernetes.io/h2c", "pullSecrets": ["registry"]}
    assert made == AppConfig.model_validate_json(json.dumps(keys))
