"""Run the program in a directory without an engine, and write what it declares as JSON.

`python -P program.py FILE` runs `__main__.py` of the current directory for the stack in its environment. The directory
may be an earlier revision, with modules of the same names as here: this file imports only the standard library, the
SDK, and its neighbour `recording`.
"""

import hashlib
import hmac
import importlib.util
import json
import os
import runpy
import sys
import uuid
from pathlib import Path
from typing import Any
from unittest import mock

STACK, PROJECT, SALT = "PLAN_STACK", "PLAN_PROJECT", "PLAN_SALT"
"""Variables that name the stack and its project, and salt the digests of secrets."""
KIND = "$plan"
"""Key of a JSON object that stands for a value of another kind: `{"$plan": "unknown"}`."""
UNKNOWN, SECRET = "unknown", "secret"
_NO_UUID = uuid.UUID(int=0)


def main(file: Path) -> int:
    directory = Path.cwd()
    recording = _neighbour("recording")
    sys.path.insert(0, str(directory))
    sys.argv = ["__main__.py"]
    main = str(directory / "__main__.py")
    # Two plans of the same revision must be equal.
    with mock.patch("uuid.uuid4", lambda: _NO_UUID):
        recorded = recording.record(
            lambda: runpy.run_path(main, run_name="__main__"), project=os.environ[PROJECT], stack=os.environ[STACK]
        )
    salt = os.environ[SALT].encode()
    fields = ("urn", "type", "name", "parent", "inputs", "delete_before_replace", "protect", "retain_on_delete")

    def plain(value: Any) -> Any:
        if value == recording.UNKNOWN:
            return {KIND: UNKNOWN}
        if isinstance(value, recording.Secret):
            text = json.dumps(plain(value.value), sort_keys=True)
            digest = hmac.new(salt, text.encode(), hashlib.sha256).hexdigest()[:16]
            keys = sorted(value.value) if isinstance(value.value, dict) else []
            return {KIND: SECRET, "digest": digest, "keys": keys}
        if isinstance(value, dict):
            return {key: plain(item) for key, item in value.items()}
        return [plain(item) for item in value] if isinstance(value, list) else value

    exports = [outputs for urn, outputs in recorded.outputs.items() if "::pulumi:pulumi:Stack::" in urn]
    document = {
        "exit_code": recorded.exit_code,
        "log": recorded.log,
        "exports": plain(exports[0] if exports else {}),
        "resources": [
            {field: plain(getattr(each, field)) for field in fields}
            | {"depends_on": sorted(each.depends_on), "aliases": sorted(each.aliases)}
            for each in recorded
        ],
    }
    file.write_text(json.dumps(document))
    return 0


def _neighbour(name: str) -> Any:
    """Import a file of this directory by its path, whatever else has its name."""
    spec = importlib.util.spec_from_file_location(f"plan_{name}", Path(__file__).with_name(f"{name}.py"))
    if spec is None or spec.loader is None:
        raise ImportError(name)
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    return module


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
