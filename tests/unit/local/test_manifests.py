"""Manifests of releases: downloaded, or rendered from the charts."""

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from local.errors import UserError
from local.toolchain import cert_manager_manifest, manifests, release_download
from local.toolchain.manifests import Manifest
from local.toolchain.pins import Release
from local.toolchain.progress import Progress
from tests.unit.web import Web, broken_off, gone, serving, stalled

TEXT = b"kind: Namespace\n"
CHECKSUM = hashlib.sha256(TEXT).hexdigest()


@pytest.fixture
def web(monkeypatch: pytest.MonkeyPatch) -> Iterator[Web]:
    """A release host, which has the manifest."""
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    monkeypatch.setattr(manifests, "reachable", lambda hosts: hosts)
    with serving(Web(body=TEXT)) as web:
        yield web


@pytest.fixture
def manifest(web: Web) -> Manifest:
    release = Release(url=f"{web.url}/install.yaml", sha256=CHECKSUM)
    return Manifest(title="a product", release=release, rendered=lambda _: pytest.fail("it can be downloaded"))


def test_a_reachable_release_is_downloaded_once_and_without_helm(web: Web, manifest: Manifest) -> None:
    assert manifests.tools_for(manifest) == ()
    kept = manifests.ensure(manifest, Progress())
    assert (kept.name, kept.read_bytes()) == (f"{CHECKSUM}.yaml", TEXT)
    assert manifests.ensure(manifest, Progress()) == kept
    assert web.asked == ["/install.yaml"]


@pytest.mark.parametrize("fault", [gone, broken_off, stalled])
def test_a_release_that_does_not_arrive_is_rendered_from_the_charts(
    web: Web, manifest: Manifest, monkeypatch: pytest.MonkeyPatch, fault: Callable[[Web], None]
) -> None:
    fault(web)
    monkeypatch.setattr(release_download, "STALL_S", 0.2)
    rendering = replace(manifest, rendered=lambda _: TEXT)
    assert manifests.ensure(rendering, Progress()).read_bytes() == TEXT
    assert web.asked == ["/install.yaml"]


def test_a_release_that_was_changed_is_refused_and_not_replaced_by_a_rendered_one(web: Web, manifest: Manifest) -> None:
    web.body = b"something else"
    with pytest.raises(UserError, match="is not the pinned file"):
        manifests.ensure(replace(manifest, rendered=lambda _: TEXT), Progress())


def test_without_a_release_host_the_chart_is_rendered_with_helm(
    web: Web, manifest: Manifest, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(manifests, "reachable", lambda _: frozenset())
    assert manifests.tools_for(manifest) == ("helm",)
    assert manifests.ensure(replace(manifest, rendered=lambda _: TEXT), Progress()).read_bytes() == TEXT
    assert web.asked == []


def test_a_rendering_with_another_checksum_is_refused(manifest: Manifest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(manifests, "reachable", lambda _: frozenset())
    with pytest.raises(UserError, match=r"rendered from a product's charts has SHA-256 .*, but .* is pinned"):
        manifests.ensure(replace(manifest, rendered=lambda _: b"something else"), Progress())


# cert-manager's, which differs from what Helm 3 prints


def _document(template: str, kind: str, name: str) -> str:
    return f"# Source: cert-manager/templates/{template}\nkind: {kind}\nname: {name}\n"


def test_the_manifest_of_cert_manager_is_joined_as_the_release_does_it(tmp_path: Path) -> None:
    templates = tmp_path / "deploy" / "charts" / "cert-manager" / "templates"
    templates.mkdir(parents=True)
    (tmp_path / "hack").mkdir()
    (tmp_path / "deploy" / "manifests").mkdir()
    (tmp_path / "hack" / "boilerplate-yaml.txt").write_text("# Copyright YEAR\n")
    (tmp_path / "deploy" / "manifests" / "namespace.yaml").write_text("kind: Namespace\n")
    (templates / "rbac.yaml").write_text("kind: Binding\n---\nkind: Role\nroles:\n  kind: Other\n")
    (templates / "webhook.yaml").write_text("kind: Webhook\n{{- end }}")
    (templates / "last.yaml").write_text("kind: Last\n")
    (templates / "crd.yaml").write_text("kind: CustomResourceDefinition\n")
    others = [
        _document("rbac.yaml", "Role", "one"),
        _document("rbac.yaml", "Role", "two"),
        _document("rbac.yaml", "Binding", "three"),
        _document("webhook.yaml", "Webhook", "four"),
        _document("last.yaml", "Last", "five"),
    ]
    crds = [_document("crd.yaml", "CustomResourceDefinition", name) for name in ("a", "b")]
    rendered = ["---\n" + "---\n".join(documents) for documents in ([*crds, *others], others)]
    one, two, three, four, five = others
    assert cert_manager_manifest.as_published(rendered[0], rendered[1], tmp_path) == (
        f"# Copyright 2022\nkind: Namespace\n\n---\n{crds[0]}---\n{crds[1]}\n---\n"
        # The end of a template keeps its newline, except of one without and of the file.
        f"{one}---\n{two}\n---\n{three}---\n{four}---\n{five}"
    )
