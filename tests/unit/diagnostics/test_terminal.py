"""Text of others on a terminal: no character of it may act on the terminal."""

import pytest

from diagnostics import problem
from diagnostics.render import Located
from diagnostics.terminal import printable


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b[2J\x1b]0;owned\x07", r"\x1b[2J\x1b]0;owned\x07"),
        ("\x9b31mred", r"\x9b31mred"),
        ("a\rb\x7f", r"a\x0db\x7f"),
        ("cod\u202eexe.\u2066", r"cod\u202eexe.\u2066"),
        ("\ud800", r"\ud800"),
        ("\U000e0001", r"\U000e0001"),
        ("a\u2028b", r"a\u2028b"),
    ],
)
def test_a_character_that_a_terminal_acts_on_is_shown_as_an_escape(text: str, shown: str) -> None:
    assert printable(text) == shown


@pytest.mark.parametrize("text", ["", "a\tb\nc", "Grüße, 世界 🚀"])
def test_other_text_stays_as_it_is(text: str) -> None:
    assert printable(text) == text


def test_a_key_a_value_and_a_word_of_a_message_are_shown_without_control_characters() -> None:
    found = problem("secret-unknown", ("env", "a\x9b\u202e"), "b\x9b\u202e", suggestion="c\x9b\u202e")
    located = Located(place="synergychat:k\x9b\u202e", problem=found, value="d\x9b\u202e")
    assert str(found) == r'env[a\x9b\u202e] = "b\x9b\u202e": is not one of `secrets` [secret-unknown]'
    assert str(located) == (
        r'synergychat:k\x9b\u202e = "d\x9b\u202e": is not one of `secrets` [secret-unknown]'
        "\n"
        r"      fix: c\x9b\u202e"
    )
