"""When the provider takes an object for ready."""

import json
from collections.abc import Mapping
from typing import Any

from jsonpath import JSONPathEnvironment


def is_ready(wire: Mapping[str, Any]) -> bool:
    """As the provider decides it: each path (RFC 9535) selects something, and first the value behind `=`, if any."""
    environment = JSONPathEnvironment(strict=True)
    text: str = wire["metadata"]["annotations"]["pulumi.com/waitFor"]
    # In a filter within a filter python-jsonpath takes `$` for something else than the object.
    text = text.replace("$.metadata.generation", str(wire["metadata"].get("generation", "null")))
    for wait in json.loads(text) if text.startswith("[") else [text]:
        path, _, value = wait.removeprefix("jsonpath={").rpartition("}")
        selected = environment.findall(f"${path.removeprefix('$')}", wire)
        if not selected or (value and f"={selected[0]}" != value):
            return False
    return True
