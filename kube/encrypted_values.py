"""Encrypted values of a stack's file: `pulumi config set --secret` writes each as a group with one key, `secure`."""

from collections.abc import Callable, Iterator
from typing import Any, cast


def ciphertext(value: Any) -> str | None:
    """Return the ciphertext of an encrypted value; None for any other value."""
    match value:
        case {"secure": str(text), **rest} if not rest:
            return text
        case _:
            return None


def ciphertexts(value: Any) -> Iterator[str]:
    """Yield the ciphertexts of the value and of all its parts."""
    if (text := ciphertext(value)) is not None:
        yield text
        return
    for part in _parts(value):
        yield from ciphertexts(part)


def has_encrypted(value: Any) -> bool:
    """Tell whether the value or a part of it is encrypted. Pulumi then treats the whole value of a key as a secret."""
    return next(ciphertexts(value), None) is not None


def replaced(value: Any, replacement: Callable[[str], str]) -> Any:
    """Return a copy of the value with the replacement of its ciphertext in place of each encrypted value."""
    if (text := ciphertext(value)) is not None:
        return replacement(text)
    if isinstance(value, dict):
        return {key: replaced(below, replacement) for key, below in cast(dict[str, Any], value).items()}
    if isinstance(value, list):
        return [replaced(below, replacement) for below in cast(list[Any], value)]
    return value


def _parts(value: Any) -> list[Any]:
    if isinstance(value, dict):
        return list(cast(dict[str, Any], value).values())
    return cast(list[Any], value) if isinstance(value, list) else []
