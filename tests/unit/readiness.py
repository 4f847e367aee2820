"""When the provider takes an object for ready."""

import json
from collections.abc import Mapping
from typing import Any

from jsonpath import JSONPathEnvironment


def is_ready(wire: Mapping[str, Any]) -> bool:
    """As the provider decides it: every path (RFC 9535) must select something, first of all the value behind `=`."""
    environment = JSONPathEnvironment(strict=True)
    text: str = wire["metadata"]["annotations"]["pulumi.com/waitFor"]
    for wait in json.loads(text) if text.startswith("[") else [text]:
        path, _, value = wait.removeprefix("jsonpath={").rpartition("}=")
        if environment.findall(f"${path}", wire)[:1] != [value]:
            return False
    return True
