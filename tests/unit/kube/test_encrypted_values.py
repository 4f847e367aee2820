"""Encrypted values, as Pulumi finds them in a stack's file."""

from typing import Any

import pytest

from kube.encrypted_values import ciphertext, has_encrypted, replaced


@pytest.mark.parametrize(
    ("value", "found"),
    [
        ({"secure": "v1:a"}, "v1:a"),
        ({"secure": ""}, ""),
        ({"secure": 1}, None),
        ({"secure": "v1:a", "port": 80}, None),  # Pulumi passes such a group as it is
        ([{"secure": "v1:a"}], None),
        ("secure", None),
    ],
)
def test_a_group_whose_only_key_is_secure_is_encrypted(value: Any, found: str | None) -> None:
    assert ciphertext(value) == found


@pytest.mark.parametrize("value", [{"secure": "a"}, {"a": {"b": {"secure": "a"}}}, [1, [{"secure": "a"}]]])
def test_an_encrypted_value_is_found_at_any_depth(value: Any) -> None:
    assert has_encrypted(value)
    assert not has_encrypted(replaced(value, lambda _: "text"))


def test_only_encrypted_values_are_replaced() -> None:
    given = {"a": {"secure": "b"}, "list": [1, {"secure": "c"}, {"secure": "d", "other": None}]}
    assert replaced(given, str.upper) == {"a": "B", "list": [1, "C", {"secure": "d", "other": None}]}
