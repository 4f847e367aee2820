"""Terminal: text that others wrote, made safe to print.

A pod's output, a condition or an event can hold sequences that clear a screen, set its title or reverse the direction
of a line. With them, one tenant of a cluster could show the operator anything.
"""

import unicodedata

_UNSAFE = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
"""Categories of Unicode: control characters, invisible formats such as U+202E, lone surrogates, separators of lines."""
_KEPT = "\n\t"


def printable(text: str) -> str:
    r"""The text with every character that a terminal acts on as an escape, such as `\x1b` or `\u202e`."""
    if text.isprintable():
        return text
    return "".join(character if _is_safe(character) else _escaped(character) for character in text)


def _is_safe(character: str) -> bool:
    return character in _KEPT or unicodedata.category(character) not in _UNSAFE


def _escaped(character: str) -> str:
    number = ord(character)
    if number <= 0xFF:
        return f"\\x{number:02x}"
    return f"\\u{number:04x}" if number <= 0xFFFF else f"\\U{number:08x}"
