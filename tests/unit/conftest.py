"""Fixtures that several test files share."""

import gc
from pathlib import Path
from typing import Any

import pytest
import yaml

from checks.schema import Crds
from components.platform.sources import cache_directory
from local.toolchain.pins import MANIFEST_SHA256

# The release's objects and the kinds in them stay for the whole session: walking through them after every 700 new
# objects took a third of the time.
gc.set_threshold(100_000, 50, 1000)


@pytest.fixture(scope="session", params=[True, False], ids=["preview", "update"])
def preview(request: pytest.FixtureRequest) -> bool:
    """Both ways in which Pulumi runs a program."""
    return request.param


@pytest.fixture(scope="session")
def pinned_manifest() -> Path:
    """The manifest of the pinned release of Envoy Gateway, where set-up keeps it."""
    path = cache_directory() / f"{MANIFEST_SHA256}.yaml"
    if not path.exists():
        pytest.fail(f"{path} is missing: `make check` gets it before it runs the tests")
    return path


@pytest.fixture(scope="session")
def manifest_objects(pinned_manifest: Path) -> list[dict[str, Any]]:
    return [obj for obj in yaml.load_all(pinned_manifest.read_bytes(), Loader=yaml.CSafeLoader) if obj]


@pytest.fixture(scope="session")
def manifest_crds(manifest_objects: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [obj for obj in manifest_objects if obj["kind"] == "CustomResourceDefinition"]


@pytest.fixture(scope="session")
def crds(manifest_crds: list[dict[str, Any]]) -> Crds:
    """The kinds of the pinned release."""
    return Crds.of(manifest_crds)
