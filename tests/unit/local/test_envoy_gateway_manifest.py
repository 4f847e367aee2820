"""Envoy Gateway's manifest: downloaded from the release or rendered from the chart."""

import hashlib
from pathlib import Path

import pytest

from local.errors import UserError
from local.toolchain import envoy_gateway_manifest as manifest
from local.toolchain import release_download
from local.toolchain.pins import Release
from local.toolchain.progress import Progress

TEXT = b"kind: Namespace\n"


@pytest.fixture
def published(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Publish a release in a local file."""
    file = tmp_path / "install.yaml"
    file.write_bytes(TEXT)
    checksum = hashlib.sha256(TEXT).hexdigest()
    monkeypatch.setattr(manifest, "MANIFEST_SHA256", checksum)
    monkeypatch.setattr(manifest, "_RELEASE", Release(url=file.as_uri(), sha256=checksum))
    return file


def test_a_reachable_release_is_downloaded_without_helm(published: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert manifest.tools_for_manifest() == ()
    kept = manifest.ensure_manifest(Progress())
    assert kept.read_bytes() == TEXT
    published.unlink()
    assert manifest.ensure_manifest(Progress()) == kept


def test_a_release_that_is_gone_is_rendered_from_the_charts(published: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    published.unlink()
    monkeypatch.setattr(manifest, "_rendered", lambda _: TEXT)
    assert manifest.ensure_manifest(Progress()).read_bytes() == TEXT


def test_a_release_that_was_changed_is_refused_and_not_replaced_by_a_rendered_one(
    published: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    published.write_bytes(b"something else")
    monkeypatch.setattr(manifest, "_rendered", lambda _: TEXT)
    with pytest.raises(UserError, match="is not the pinned file"):
        manifest.ensure_manifest(Progress())


def test_without_a_release_host_the_chart_is_rendered_with_helm(
    published: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(manifest, "_RELEASE", Release(url="https://release.invalid/install.yaml", sha256=""))
    monkeypatch.setattr(manifest, "reachable", lambda _: frozenset())
    monkeypatch.setattr(
        release_download, "fetch", lambda *_: pytest.fail("nothing is downloaded from an unreachable host")
    )
    monkeypatch.setattr(manifest, "_rendered", lambda _: TEXT)
    assert manifest.tools_for_manifest() == ("helm",)
    assert manifest.ensure_manifest(Progress()).read_bytes() == TEXT
