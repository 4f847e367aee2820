"""Where set-up has Envoy Gateway's manifest from."""

import hashlib
from pathlib import Path

import pytest

from local.toolchain import envoy_gateway_manifest as manifest
from local.toolchain import release_download
from local.toolchain.pins import Release
from local.toolchain.progress import Progress

TEXT = b"kind: Namespace\n"


@pytest.fixture
def published(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A release that can be had, without a network; rendering the chart is not tried."""
    file = tmp_path / "install.yaml"
    file.write_bytes(TEXT)
    checksum = hashlib.sha256(TEXT).hexdigest()
    monkeypatch.setattr(manifest, "MANIFEST_SHA256", checksum)
    monkeypatch.setattr(manifest, "_RELEASE", Release(url=file.as_uri(), sha256=checksum))
    return file


def test_where_the_release_can_be_had_nothing_is_rendered_and_no_helm_is_made(
    published: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert manifest.tools_for_manifest() == ()
    kept = manifest.ensure_manifest(Progress())
    assert kept.read_bytes() == TEXT
    published.unlink()
    assert manifest.ensure_manifest(Progress()) == kept


@pytest.mark.parametrize("harm", ["altered", "removed"])
def test_a_release_that_is_not_the_pinned_one_or_not_there_is_rendered(
    published: Path, monkeypatch: pytest.MonkeyPatch, harm: str
) -> None:
    published.write_bytes(b"something else") if harm == "altered" else published.unlink()
    monkeypatch.setattr(manifest, "_rendered", lambda _: TEXT)
    assert manifest.ensure_manifest(Progress()).read_bytes() == TEXT


def test_where_no_release_host_answers_the_chart_is_rendered_with_helm(
    published: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(manifest, "_RELEASE", Release(url="https://release.invalid/install.yaml", sha256=""))
    monkeypatch.setattr(manifest, "reachable", lambda _: frozenset())
    monkeypatch.setattr(
        release_download, "fetch", lambda *_: pytest.fail("nothing is fetched from a host that is away")
    )
    monkeypatch.setattr(manifest, "_rendered", lambda _: TEXT)
    assert manifest.tools_for_manifest() == ("helm",)
    assert manifest.ensure_manifest(Progress()).read_bytes() == TEXT
