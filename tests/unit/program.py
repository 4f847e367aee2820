"""Runs the real __main__.py as Pulumi runs it for a committed stack, with no engine and no cluster."""

import functools
import json
import runpy
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast
from unittest import mock

import pytest
import yaml

from components.platform import release
from plans.recording import Recording
from tests.unit.kube.clusters import FakeCluster
from tests.unit.recording import PROJECT, record
from tests.unit.stacks import passed_value
from tests.unit.web import Web, serving

IDENTIFIER = "5f2c8f0e-1111-4000-8000-000000000000"
"""Identifier of every new stack."""

ROOT = Path(__file__).resolve().parents[2]

# The pinned release is read by most runs, and takes longer to parse than all else that they do.
_parsed = mock.patch.object(release, "objects", functools.lru_cache(2)(release.objects))


def stack_config(stack: str) -> dict[str, Any]:
    """The config of a committed stack: its file's values over the defaults of the project."""
    project = cast(dict[str, Any], yaml.safe_load((ROOT / "Pulumi.yaml").read_text()))
    own = cast(dict[str, Any], yaml.safe_load((ROOT / f"Pulumi.{stack}.yaml").read_text()))
    defaults = {f"{PROJECT}:{key}": each["default"] for key, each in project["config"].items() if "default" in each}
    return defaults | own["config"]


def run(
    directory: Path,
    *,
    stack: str = "dev",
    preview: bool = False,
    manifest: Path | None = None,
    config: Mapping[str, Any] | None = None,
    main: Path = ROOT / "__main__.py",
) -> Recording:
    """Run the program in `directory`. `manifest` is cached there as set-up does; `config` overrides the stack's keys.

    An update finds the stack's cluster answering; a preview finds no cluster at all.
    """
    values = stack_config(stack) | dict(config or {})
    text = {key: passed_value(value) for key, value in values.items()}
    cache = directory / "synergychat" / "manifests"
    cache.mkdir(parents=True, exist_ok=True)
    if manifest is not None:
        shutil.copy(manifest, cache)
    with pytest.MonkeyPatch.context() as patch, serving(Web()) as api_server, _parsed:
        patch.setattr("kube.identity.kubectl", lambda _: FakeCluster().run)
        patch.setattr("kube.identity.uuid.uuid4", lambda: IDENTIFIER)
        patch.setenv("PULUMI_CONFIG", json.dumps(text))
        patch.setenv("XDG_CACHE_HOME", str(directory))
        patch.setenv("KUBECONFIG", str(directory / "kubeconfig"))
        patch.setenv("no_proxy", "127.0.0.1")
        if not preview:
            _write_kubeconfig(directory / "kubeconfig", stack_config(stack)[f"{PROJECT}:context"], api_server.url)
        return record(lambda: runpy.run_path(str(main), run_name="__main__"), preview=preview, stack=stack)


def _write_kubeconfig(path: Path, context: str, server: str) -> None:
    clusters = [{"name": "a-cluster", "cluster": {"server": server}}]
    contexts = [{"name": context, "context": {"cluster": "a-cluster"}}]
    path.write_text(yaml.safe_dump({"clusters": clusters, "contexts": contexts}))
