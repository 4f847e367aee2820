"""The size of a stack's config, which Pulumi passes to the program in one variable of the environment."""

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from diagnostics.terminal import printable
from kube.encrypted_values import replaced
from local.errors import UserError
from tools.environment import declared_defaults

_LIMIT = 128 * 1024
"""Bytes of a variable on Linux (MAX_ARG_STRLEN), with its name and the zero at its end."""


def check(file: Path, keys: Mapping[str, Any]) -> None:
    """Raise UserError if the keys of a stack's file are more than Pulumi can pass to the program."""
    values = {key: replaced(value, _as_long) for key, value in {**declared_defaults(), **keys}.items()}
    texts = {key: value if isinstance(value, str) else _json(value) for key, value in values.items()}
    size = len(f"PULUMI_CONFIG={_json(texts)}".encode())
    if size < _LIMIT:
        return
    sizes = sorted(((len(text.encode()), key) for key, text in texts.items()), reverse=True)
    largest = ", ".join(f"{key} ({size // 1024} KiB)" for size, key in sizes[:3] if size >= 1024)
    problem = (
        f"The config in {file.name} has {size // 1024} KiB. Pulumi passes it to the program in a variable of the "
        f"environment, which holds less than {_LIMIT // 1024} KiB. Its largest keys: {largest}."
    )
    advice = "Move apps, objects, policies and routes to files of their own, and list them in synergychat:include."
    raise UserError(printable(problem), advice)


def _as_long(ciphertext: str) -> str:
    """Return a text of the length that an encrypted value has in clear. Base64 is longer than what it encodes."""
    return "*" * (len(ciphertext.rpartition(":")[2]) * 3 // 4)


def _json(value: Any) -> str:
    """Return JSON as Pulumi writes it."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return re.sub("[<>&]", lambda found: f"\\u{ord(found[0]):04x}", text)
