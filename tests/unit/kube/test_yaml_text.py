"""YAML within limits: a short text that stands for very much ends in a message, within a second."""

import time

import pytest

from kube.yaml_text import DEEPEST, YamlError, read_yaml


def bomb(levels: int) -> bytes:
    """A list of nine aliases of a list of nine aliases, and so on."""
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{level}: &a{level} [{', '.join([f'*a{level - 1}'] * 9)}]" for level in range(1, levels)]
    return "\n".join(lines).encode()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (bomb(9), "repeats more than 10000 values by aliases: write them out"),
        (b"a: &a {b: *a}", "has an alias *a within its own anchor"),
        (b"a: " + b"[" * 300 + b"]" * 300, "has more than 64 levels of nesting"),
        (b"".join(b" " * level + b"a:\n" for level in range(1000)), "has more than 64 levels of nesting"),
        (b"a: " + b"{b: " * 2000 + b"}" * 2000, "has more than 64 levels of nesting"),
        (b"a: !!binary aGVsbG8=", "has a value that JSON does not have, such as binary data or .inf"),
        (b"a: .inf", "has a value that JSON does not have, such as binary data or .inf"),
        (b"a: " + b"9" * 5000, "has a value that JSON does not have, such as binary data or .inf"),
    ],
    ids=lambda value: str(value)[:20],
)
def test_a_text_beyond_the_limits_ends_in_a_message_within_a_second(text: bytes, message: str) -> None:
    begin = time.process_time()
    with pytest.raises(YamlError) as raised:
        read_yaml(text)
    assert str(raised.value) == message
    assert time.process_time() - begin < 1


def test_a_text_that_the_parser_itself_finds_too_deep_ends_in_its_message() -> None:
    with pytest.raises(YamlError, match="exceeded maximum nesting depth"):
        read_yaml(b"[" * 200_000)


@pytest.mark.parametrize("text", [b"a: [", b"a: \xe9", b"\0", b"a: *b", b"a: !!python/object:os.system {}"])
def test_a_text_that_is_not_yaml_says_why(text: bytes) -> None:
    with pytest.raises(YamlError, match=r"^is not YAML: "):
        read_yaml(text)


def test_values_are_those_of_json() -> None:
    text = b"base: &base {port: 80}\nweb: {<<: *base, 1: one}\napi: *base\nsince: 2026-11-24\n"
    assert read_yaml(text) == {
        "base": {"port": 80},
        "web": {"port": 80, "1": "one"},
        "api": {"port": 80},
        "since": "2026-11-24",
    }


def test_plain_values_are_those_that_pulumi_reads() -> None:
    text = b"[on, Off, yes, NO, y, n, 10:30, 1:30.5, true, False, 12, -0.5, 0x10, null]"
    strings = ["on", "Off", "yes", "NO", "y", "n", "10:30", "1:30.5"]
    assert read_yaml(text) == [*strings, True, False, 12, -0.5, 16, None]


def test_the_deepest_allowed_text_is_read() -> None:
    assert read_yaml(b"[" * DEEPEST + b"]" * DEEPEST)
