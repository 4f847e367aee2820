"""Evaluate the annotation by which the provider decides that an object is ready."""

import json
from collections.abc import Mapping
from typing import Any

from jsonpath import JSONPathEnvironment


def is_ready(manifest: Mapping[str, Any]) -> bool:
    """Whether each path (RFC 9535) selects something, whose first value is the one after `=`, if any."""
    environment = JSONPathEnvironment(strict=True)
    text: str = manifest["metadata"]["annotations"]["pulumi.com/waitFor"]
    # In a nested filter, `$` is not the root object for python-jsonpath.
    text = text.replace("$.metadata.generation", str(manifest["metadata"].get("generation", "null")))
    for expression in json.loads(text) if text.startswith("[") else [text]:
        path, _, value = expression.removeprefix("jsonpath={").rpartition("}")
        selected = environment.findall(f"${path.removeprefix('$')}", manifest)
        if not selected or (value and f"={selected[0]}" != value):
            return False
    return True
