"""Rules between the keys of a workload, for the chat's workloads and for extra apps."""

from typing import Any

import pytest

from tests.unit.config.workloads import SECRETS, SHOP, config_of, of_every_workload
from tests.unit.stacks import explained, parse, problems, rejected

SCALE = {"min": 1, "max": 2}
PERSISTENCE = {"size": "1Gi"}

# Variables and files


@pytest.mark.parametrize(
    ("keys", "place", "ways"),
    [
        ({"env": {"A": {}}}, "env.A", "value, secret and valueFrom"),
        ({"files": {"/a": {"value": "b", "secret": "keys", "key": "token"}}}, 'files["/a"]', "value and secret"),
    ],
    ids=["none", "two"],
)
@of_every_workload
def test_a_variable_or_file_has_one_source(keys: dict[str, Any], place: str, ways: str, workload: str) -> None:
    assert explained(config_of(workload, keys)) == [(f"{workload}.{place}", "one-source-required", {"ways": ways})]


@pytest.mark.parametrize("variable", [{"secret": "keys"}, {"key": "token", "value": "b"}], ids=str)
@of_every_workload
def test_a_variable_names_both_a_secret_and_its_key(variable: dict[str, str], workload: str) -> None:
    found = problems(config_of(workload, {"env": {"A": variable}}))
    assert found == [(f"{workload}.env.A", "secret-and-key-required")]


@pytest.mark.parametrize(
    ("variable", "place", "code", "words"),
    [
        (
            {"secret": "keyz", "key": "token"},
            "env.A.secret",
            "secret-unknown",
            {"suggestion": "did you mean keys?"},
        ),
        (
            {"secret": "keys", "key": "tokn"},
            "env.A.key",
            "secret-has-no-key",
            {"secret": "keys", "suggestion": "did you mean token?"},
        ),
    ],
    ids=["secret", "key"],
)
@of_every_workload
def test_a_secret_or_key_that_does_not_exist_is_rejected_with_the_one_that_was_meant(
    variable: dict[str, str], place: str, code: str, words: dict[str, str], workload: str
) -> None:
    found = explained(config_of(workload, {"env": {"A": variable}}))
    assert found == [(f"{workload}.{place}", code, words)]


def test_the_value_of_a_secret_is_not_shown_when_another_key_of_it_is_suggested() -> None:
    found = rejected({"web": {"env": {"A": {"secret": "keys", "key": "tokn"}}}, "secrets": SECRETS})
    assert "hunter2" not in "".join(map(str, found))


@of_every_workload
def test_two_files_differ_in_more_than_slashes_and_underscores(workload: str) -> None:
    found = explained(config_of(workload, {"files": {"/a/b": "x", "/a_b": "y"}}))
    assert found == [(f'{workload}.files["/a_b"]', "file-paths-alike", {"other": "/a/b"})]


# Pods


@pytest.mark.parametrize(
    ("keys", "place", "other"),
    [
        ({"health": "/", "probes": {"grpc": {}}}, "probes", "health"),
        ({"replicas": 2, "scale": SCALE}, "replicas", "scale"),
    ],
    ids=["probes", "replicas"],
)
@of_every_workload
def test_two_keys_that_set_the_same_are_rejected(keys: dict[str, Any], place: str, other: str, workload: str) -> None:
    assert explained(config_of(workload, keys)) == [(f"{workload}.{place}", "keys-exclusive", {"other": other})]


@of_every_workload
def test_the_maximum_of_pods_is_not_below_the_minimum(workload: str) -> None:
    found = explained(config_of(workload, {"scale": {"min": 3, "max": 2}}))
    assert found == [(f"{workload}.scale.max", "scale-max-below-min", {"min": "3"})]


@pytest.mark.parametrize(("key", "value"), [("replicas", 2), ("scale", SCALE)])
@of_every_workload
def test_a_volume_has_one_pod(key: str, value: object, workload: str) -> None:
    found = problems(config_of(workload, {"persistence": PERSISTENCE, key: value}))
    assert found == [(f"{workload}.{key}", "persistence-one-pod")]


@of_every_workload
def test_the_image_of_a_workload_has_its_own_key(workload: str) -> None:
    found = explained(config_of(workload, {"container": {"image": "x"}}))
    assert found == [(f"{workload}.container.image", "field-has-own-key", {"key": f"{workload}.image"})]


@of_every_workload
def test_the_program_names_the_main_container(workload: str) -> None:
    found = problems(config_of(workload, {"container": {"name": "x"}}))
    assert found == [(f"{workload}.container.name", "container-name-fixed")]


@of_every_workload
def test_another_container_has_another_name_than_the_main_one(workload: str) -> None:
    found = problems(config_of(workload, {"pod": {"containers": [{"name": "app"}]}}))
    assert found == [(f"{workload}.pod.containers[0]", "container-name-taken")]


# Calls


@of_every_workload
def test_a_call_to_a_workload_that_does_not_exist_is_rejected_with_the_one_that_was_meant(workload: str) -> None:
    found = explained(config_of(workload, {"calls": ["crawlr"]}))
    assert found == [(f"{workload}.calls[0]", "workload-unknown", {"suggestion": "did you mean crawler?"})]


def test_a_workload_may_call_an_app_that_serves_requests() -> None:
    parse({"apps": {"shop": SHOP, "stock": SHOP | {"calls": ["shop"]}}, "web": {"calls": ["shop"]}})


def test_a_call_to_an_app_that_serves_no_requests_is_rejected() -> None:
    nightly = SHOP | {"kind": "CronJob", "schedule": "@daily"}
    assert explained({"apps": {"nightly": nightly}, "api": {"calls": ["nightly"]}}) == [
        ("api.calls[0]", "workload-unknown", {"suggestion": "known: api, crawler, web"})
    ]


# Values


@pytest.mark.parametrize(
    ("keys", "value"),
    [
        ({"env": {"A": {"secret": "keyz", "key": "token"}}}, "keyz"),
        ({"env": {"A": {"secret": "keys", "key": "tokn"}}}, "tokn"),
        ({"files": {"/a/b": "x", "/a_b": "y"}}, "y"),
        ({"replicas": 2, "scale": SCALE}, 2),
        ({"replicas": 2, "persistence": PERSISTENCE}, 2),
        ({"scale": {"min": 3, "max": 2}}, 2),
        ({"container": {"image": "x"}}, "x"),
        ({"container": {"name": "x"}}, "x"),
        ({"calls": ["crawlr"]}, "crawlr"),
    ],
    ids=str,
)
@of_every_workload
def test_a_problem_of_a_workload_has_the_value_at_its_place(keys: dict[str, Any], value: object, workload: str) -> None:
    (found,) = rejected(config_of(workload, keys))
    assert found.value == value
