"""Values of a config that are valid JSON for Python, and that no parser of the typed config reads."""

from typing import Any

import pytest

from config import ConfigError, reading
from tests.unit.recording import PROJECT
from tests.unit.stacks import located, passed, problems


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
        (nested(101), "web", "config-too-deep"),
        (nested(250), "web", "config-too-deep"),
    ],
    ids=["text", "text in a group", "item", "name", "levels", "levels that pydantic does not read"],
)
def test_a_value_that_no_parser_of_the_config_reads_is_a_problem(value: Any, place: str, code: str) -> None:
    found = located({"web": value})
    assert problems({"web": value}) == [(place, code)]
    str(found[0]).encode()  # a message with half a surrogate pair cannot be printed


def test_a_value_with_more_levels_than_python_reads_is_a_problem() -> None:
    deep = "[" * 100_000 + "]" * 100_000
    with pytest.raises(ConfigError) as raised:
        reading.parse(PROJECT, passed({"objects": deep}))
    assert [found.problem.code for found in raised.value.problems] == ["config-too-deep"]


def test_a_whole_surrogate_pair_and_100_levels_are_no_such_problem() -> None:
    config = {"web": {"env": {"SMILE": "\U0001f600"}}, "objects": nested(100)}
    assert not {"config-not-unicode", "config-too-deep"} & {code for _, code in problems(config)}
