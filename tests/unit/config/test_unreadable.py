"""Values of a config that are valid JSON for Python, and that no parser of the typed config reads."""

from typing import Any

import pytest

from config import ConfigError, reading
from kube.yaml_text import DEEPEST
from tests.unit.recording import PROJECT
from tests.unit.stacks import CONTEXT, located, passed, problems


def nested(levels: int) -> list[Any]:
    value: list[Any] = []
    for _ in range(levels - 1):
        value = [value]
    return value


@pytest.mark.parametrize(
    ("value", "place", "code"),
    [
        ("\ud800", "web", "config-not-unicode"),
        ({"hostname": "a\udfff"}, "web.hostname", "config-not-unicode"),
        ({"command": ["a", "\udc00"]}, "web.command[1]", "config-not-unicode"),
        ({"env": {"\ud83d": "a"}}, "web.env", "config-not-unicode"),
        (nested(DEEPEST + 1), "web", "config-too-deep"),
        (nested(250), "web", "config-too-deep"),
    ],
    ids=["text", "text in a group", "item", "name", "levels", "levels that pydantic does not read"],
)
def test_a_value_that_no_parser_of_the_config_reads_is_a_problem(value: Any, place: str, code: str) -> None:
    found = located({"web": value})
    assert problems({"web": value}) == [(place, code)]
    str(found[0]).encode()  # a message with half a surrogate pair cannot be printed


@pytest.mark.parametrize("levels", [65, 300, 2000, 100_000])
def test_a_value_that_is_nested_too_deep_ends_in_a_message(levels: int) -> None:
    text = "[" * levels + "]" * levels
    with pytest.raises(ConfigError) as raised:
        reading.parse(PROJECT, passed({"context": CONTEXT, "objects": text}))
    assert [(found.place, found.problem.code) for found in raised.value.problems] == [
        ("synergychat:objects", "config-too-deep")
    ]


def test_the_deepest_allowed_value_is_judged_by_all_rules() -> None:
    value: Any = {}
    for _ in range(60):
        value = {"a": value}
    assert problems({"web": {"container": value, "port": 0}}) == [("web.port", "config-number")]


def test_half_a_surrogate_pair_in_a_secret_is_a_problem_that_does_not_show_the_secret() -> None:
    found = located({"secrets": {"s": {"tls.crt": "planted\ud800"}}}, ["secrets"])
    assert [(each.place, each.problem.code) for each in found] == [
        ('synergychat:secrets.s["tls.crt"]', "config-not-unicode")
    ]
    assert "planted" not in str(found[0]) + repr(found)


def test_a_whole_surrogate_pair_and_the_deepest_allowed_value_are_no_such_problem() -> None:
    config = {"web": {"env": {"SMILE": "\U0001f600"}}, "objects": nested(DEEPEST)}
    assert not {"config-not-unicode", "config-too-deep"} & {code for _, code in problems(config)}
