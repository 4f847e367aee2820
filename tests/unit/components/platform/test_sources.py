"""Sources: where a manifest comes from, and that its SHA-256 checksum is verified."""

import errno
import hashlib
import os
import re
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from components.platform import sources
from components.platform.sources import ManifestError
from tests.unit import release
from tests.unit.web import Web, serving

DATA = release.text()
CHECKSUM = hashlib.sha256(DATA).hexdigest()
OTHER_CHECKSUM = "0" * 64
NEWER = "1.9.99"
"""A release whose checksum the program does not know."""
PAGE = b"\n <!DOCTYPE html><html><body>Sign in to the proxy</body></html>"


@pytest.fixture
def web(monkeypatch: pytest.MonkeyPatch) -> Iterator[Web]:
    """A host that has the manifest."""
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    with serving(Web(body=DATA)) as web:
        yield web


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    return tmp_path / "cache" / "manifests"


def read(cache: Path, manifest: str | Path | None, *checksums: str, **settings: Any) -> sources.Raw:
    location = None if manifest is None else str(manifest)
    return sources.read(release.source(manifest=location, sha256=checksums, **settings), cache)


def refusal(cache: Path, manifest: str | Path | None, *checksums: str, **settings: Any) -> str:
    with pytest.raises(ManifestError) as raised:
        read(cache, manifest, *checksums, **settings)
    return str(raised.value)


def kept(cache: Path) -> list[str]:
    return sorted(path.name for path in cache.glob("*"))


# A file


def test_a_file_is_read_with_its_checksum_and_without_one(tmp_path: Path, cache: Path) -> None:
    file = tmp_path / "install.yaml"
    file.write_bytes(DATA)
    expected = sources.Raw(data=DATA, sha256=CHECKSUM, origin=str(file))
    assert read(cache, file) == read(cache, file, CHECKSUM) == read(cache, file, OTHER_CHECKSUM, CHECKSUM) == expected
    assert kept(cache) == []


def test_a_file_with_another_checksum_is_refused_with_both_checksums(tmp_path: Path, cache: Path) -> None:
    file = tmp_path / "install.yaml"
    file.write_bytes(DATA)
    assert refusal(cache, file, OTHER_CHECKSUM, "1" * 64) == (
        f"{file} does not match synergychat:envoyGateway.sha256:\n"
        f"  {CHECKSUM}  found\n  {OTHER_CHECKSUM}  accepted\n  {'1' * 64}  accepted\n"
        "Either the file was changed, or the checksum belongs to another version. Find out which before you set a "
        "new one."
    )


def test_a_missing_file_is_named_with_its_key(tmp_path: Path, cache: Path) -> None:
    file = tmp_path / "install.yaml"
    assert refusal(cache, file) == (
        f"{file} cannot be read: No such file or directory (synergychat:envoyGateway.manifest)"
    )


def test_a_path_that_the_system_does_not_take_is_named_with_its_key(cache: Path) -> None:
    assert refusal(cache, "a" * 300) == (
        f"{'a' * 300} cannot be read: File name too long (synergychat:envoyGateway.manifest)"
    )


@pytest.mark.parametrize("page", [PAGE, b"<html>", b"\xef\xbb\xbf<!doctype HTML>"])
def test_a_file_that_is_a_web_page_is_refused(tmp_path: Path, cache: Path, page: bytes) -> None:
    file = tmp_path / "install.yaml"
    file.write_bytes(page)
    assert refusal(cache, file, CHECKSUM) == (
        f"{file} is a web page, not a manifest: does a proxy or a login page answer?"
    )


# A download


def test_a_download_with_an_accepted_checksum_is_used_and_kept(web: Web, cache: Path) -> None:
    location = f"{web.url}/install.yaml"
    assert read(cache, location, OTHER_CHECKSUM, CHECKSUM) == sources.Raw(data=DATA, sha256=CHECKSUM, origin=location)
    assert web.asked == ["/install.yaml"]
    assert kept(cache) == [f"{CHECKSUM}.yaml"]


def test_a_download_that_is_kept_needs_no_network(web: Web, cache: Path) -> None:
    location = f"{web.url}/install.yaml"
    first = read(cache, location, CHECKSUM)
    web.status = 500
    assert read(cache, location, OTHER_CHECKSUM, CHECKSUM) == first
    assert web.asked == ["/install.yaml"]


def test_a_manifest_that_the_user_put_into_the_cache_is_used_for_the_release(cache: Path) -> None:
    cache.mkdir(parents=True)
    (cache / f"{CHECKSUM}.yaml").write_bytes(DATA)
    raw = read(cache, None, CHECKSUM, version="1.5.1")
    assert raw.data == DATA
    assert raw.origin == "https://github.com/envoyproxy/gateway/releases/download/v1.5.1/install.yaml"


def test_a_download_that_cannot_be_kept_is_still_used(web: Web, cache: Path) -> None:
    cache.parent.write_text("a file where a directory belongs")
    location = f"{web.url}/install.yaml"
    assert read(cache, location, CHECKSUM).data == read(cache, location, CHECKSUM).data == DATA
    assert len(web.asked) == 2


def test_a_full_disk_does_not_prevent_a_download_and_no_part_of_it_stays(
    web: Web, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(draft: Path, _: Path) -> Path:
        assert draft.exists()
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(Path, "replace", full)
    assert read(cache, f"{web.url}/install.yaml", CHECKSUM).data == DATA
    assert [path.name for path in cache.iterdir()] == []


def test_a_kept_file_that_was_changed_is_not_used(web: Web, cache: Path) -> None:
    location = f"{web.url}/install.yaml"
    read(cache, location, CHECKSUM)
    (cache / f"{CHECKSUM}.yaml").write_bytes(DATA + b"---\n# one more object\n")
    assert read(cache, location, CHECKSUM).data == DATA
    assert len(web.asked) == 2
    assert (cache / f"{CHECKSUM}.yaml").read_bytes() == DATA


def test_a_download_with_another_checksum_is_refused_and_not_kept(web: Web, cache: Path) -> None:
    message = refusal(cache, f"{web.url}/install.yaml", OTHER_CHECKSUM)
    assert f"  {CHECKSUM}  found\n  {OTHER_CHECKSUM}  accepted\n" in message
    assert kept(cache) == []


def test_a_download_of_an_unknown_release_is_refused_with_its_checksum_and_the_command(web: Web, cache: Path) -> None:
    assert refusal(cache, f"{web.url}/install.yaml", version=NEWER) == (
        f"{web.url}/install.yaml cannot be used without a SHA-256 checksum, and this program does not know that of "
        f"Envoy Gateway {NEWER}. The download has\n  {CHECKSUM}\n"
        "Compare it with one from a source that you trust, then type:\n"
        f"  pulumi config set --path 'synergychat:envoyGateway.sha256[0]' {CHECKSUM}"
    )
    assert kept(cache) == []


# A known release


@pytest.fixture
def known(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two releases that the program knows: 1.9.1, which the web server and the tests have, and 1.8.3."""
    sums = {"1.8.3": OTHER_CHECKSUM, "1.9.1": CHECKSUM}
    monkeypatch.setattr(release, "ENVOY_GATEWAY", replace(release.ENVOY_GATEWAY, known=sums))


@pytest.mark.usefixtures("known")
def test_the_version_alone_is_enough_for_a_known_release(
    web: Web, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    product = replace(release.ENVOY_GATEWAY, url=f"{web.url}/v{{version}}/install.yaml")
    monkeypatch.setattr(release, "ENVOY_GATEWAY", product)
    assert read(cache, None, version="1.9.1").data == DATA
    web.status = 500
    assert read(cache, None, version="1.9.1").data == DATA
    assert web.asked == ["/v1.9.1/install.yaml"]


@pytest.mark.usefixtures("known")
def test_a_mirror_of_a_known_release_needs_no_checksum(web: Web, cache: Path) -> None:
    assert read(cache, f"{web.url}/mirror/install.yaml", version="1.9.1").data == DATA


@pytest.mark.usefixtures("known")
def test_a_download_that_is_not_the_known_release_is_refused_with_the_release_that_it_is(web: Web, cache: Path) -> None:
    assert refusal(cache, web.url, version="1.8.3") == (
        f"{web.url} is not the manifest of Envoy Gateway 1.8.3:\n"
        f"  {CHECKSUM}  found, Envoy Gateway 1.9.1\n  {OTHER_CHECKSUM}  the release's\n"
        "Find out why before you use it. If it is a manifest of your own, set synergychat:envoyGateway.sha256 to its "
        "checksum."
    )
    assert kept(cache) == []


@pytest.mark.usefixtures("known")
def test_a_checksum_of_the_stack_is_used_instead_of_the_known_one(web: Web, cache: Path) -> None:
    assert read(cache, web.url, CHECKSUM, version="1.8.3").data == DATA
    assert f"  {OTHER_CHECKSUM}  accepted, Envoy Gateway 1.8.3\n" in refusal(
        cache, f"{web.url}/install.yaml", OTHER_CHECKSUM, version="1.9.1"
    )


@pytest.mark.usefixtures("known")
def test_a_file_of_ones_own_is_not_compared_with_the_known_release(tmp_path: Path, cache: Path) -> None:
    file = tmp_path / "install.yaml"
    file.write_bytes(DATA)
    assert read(cache, file, version="1.8.3").data == DATA


@pytest.mark.parametrize(
    ("settings", "warned"),
    [
        ({"version": "1.9.1", "sha256": ("1" * 64,)}, True),
        ({"version": "1.9.1", "sha256": (OTHER_CHECKSUM,)}, True),
        ({"version": "1.9.1", "sha256": ("1" * 64, CHECKSUM)}, False),
        ({"version": "1.9.1"}, False),
        ({"version": NEWER, "sha256": ("1" * 64,)}, False),
        ({"version": "1.9.1", "sha256": ("1" * 64,), "manifest": "a-chart"}, False),
        ({"version": "1.9.1", "sha256": ("1" * 64,), "manifest": "https://mirror.example.com/install.yaml"}, False),
    ],
)
@pytest.mark.usefixtures("known")
def test_a_checksum_that_takes_another_manifest_for_the_releases_own_is_warned_about(
    settings: dict[str, Any], warned: bool
) -> None:
    warning = sources.other_than_released(release.source(**settings))
    assert warning == (
        "synergychat:envoyGateway.sha256 does not have the checksum of Envoy Gateway 1.9.1, "
        f"{CHECKSUM}: another manifest is used. If it is not one of your own, remove "
        "synergychat:envoyGateway.sha256, which this release does not need"
        if warned
        else None
    )


@pytest.mark.parametrize("checksums", [(), (CHECKSUM,)])
def test_a_download_that_is_a_web_page_is_refused_without_its_checksum(
    web: Web, cache: Path, checksums: tuple[str, ...]
) -> None:
    web.body = PAGE
    message = refusal(cache, web.url, *checksums, version=NEWER)
    assert message == f"{web.url} is a web page, not a manifest: does a proxy or a login page answer?"


@pytest.mark.parametrize("checksums", [(), (CHECKSUM,)])
def test_an_incomplete_download_is_refused_without_its_checksum(
    web: Web, cache: Path, checksums: tuple[str, ...]
) -> None:
    web.missing = 1000
    message = refusal(cache, web.url, *checksums, version=NEWER)
    assert message.startswith(f"{web.url} cannot be downloaded: the connection ended 1000 bytes too early\n")
    assert kept(cache) == []


def test_a_missing_release_asks_for_the_version(web: Web, cache: Path) -> None:
    web.status = 404
    assert refusal(cache, web.url, CHECKSUM) == f"{web.url} answered 404 Not Found: is the version right?"


def test_a_host_that_does_not_answer_is_named_with_the_alternatives(web: Web, cache: Path) -> None:
    with serving(Web()) as gone:
        pass
    message = refusal(cache, gone.url, CHECKSUM)
    assert message.startswith(f"{gone.url} cannot be downloaded: [Errno 111] Connection refused\n")
    assert "synergychat:envoyGateway.manifest" in message
    assert f"store the manifest in {sources.cache_directory()} as {CHECKSUM}.yaml (`make up` does so" in message


def test_a_host_that_does_not_answer_for_an_unknown_release_asks_for_the_checksum_too(web: Web, cache: Path) -> None:
    with serving(Web()) as gone:
        pass
    message = refusal(cache, gone.url, version=NEWER)
    assert "as SHA256.yaml, with its checksum in synergychat:envoyGateway.sha256" in message


def test_a_download_that_is_too_slow_is_aborted(web: Web, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    web.pause_s = 0.05
    monkeypatch.setattr(sources, "_DEADLINE_S", 0.2)
    assert refusal(cache, web.url, CHECKSUM).startswith(f"{web.url} cannot be downloaded: not complete after 0.2 s\n")


def test_a_download_that_is_too_large_is_aborted(web: Web, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    web.body = b"#" * (3 << 20)
    monkeypatch.setattr(sources, "_LARGEST", 1 << 20)
    assert refusal(cache, web.url, CHECKSUM) == f"{web.url} is larger than any manifest (1 MiB)"


def test_downloads_are_kept_in_the_users_cache_directory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", "/somewhere")
    assert sources.cache_directory() == Path("/somewhere/synergychat/manifests")
    monkeypatch.setenv("XDG_CACHE_HOME", "")
    monkeypatch.setenv("HOME", "/home/user")
    assert sources.cache_directory() == Path("/home/user/.cache/synergychat/manifests")


# A chart


@pytest.fixture
def chart(tmp_path: Path) -> Path:
    directory = tmp_path / "gateway-helm"
    (directory / "templates").mkdir(parents=True)
    (directory / "Chart.yaml").write_text("name: gateway-helm\n")
    (directory / "templates" / "b.yaml").write_text("b: 1\n")
    (directory / "templates" / "a b.yaml").write_text("a: 1\n")
    return directory


@pytest.fixture
def helm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A `helm` that writes its arguments to `arguments` and prints `output`; without `output` it fails."""
    programs = tmp_path / "programs"
    programs.mkdir()
    (programs / "output").write_bytes(DATA)
    script = f'#!/bin/sh\ncd {programs}\nprintf "%s\\n" "$@" > arguments\n[ -e output ] && exec cat output\n'
    (programs / "helm").write_text(script + "echo no such value >&2; exit 3\n")
    (programs / "helm").chmod(0o755)
    monkeypatch.setenv("PATH", f"{programs}:/usr/bin:/bin")
    return programs


def test_a_chart_is_rendered_for_the_namespace_with_its_crds(chart: Path, helm: Path, cache: Path) -> None:
    raw = read(cache, chart, namespace="gateways")
    assert raw == sources.Raw(data=DATA, sha256=sources.chart_sha256(chart), origin=str(chart))
    template, name, copy, *rest = (helm / "arguments").read_text().split("\n")[:-1]
    assert (template, name) == ("template", "eg")
    assert copy != str(chart)
    assert rest == [
        "--namespace",
        "gateways",
        "--include-crds",
    ]


def test_the_checksum_of_a_chart_is_that_of_the_command_in_the_reference(chart: Path) -> None:
    page = (Path(sources.__file__).parents[2] / "docs" / "config.md").read_text()
    (command,) = re.findall(r"^ {4}cd DIRECTORY && (.*)$", page, re.MULTILINE)
    done = subprocess.run(["bash", "-c", command], cwd=chart, capture_output=True, text=True, check=True)
    assert done.stdout.split()[0] == sources.chart_sha256(chart)


@pytest.mark.parametrize("change", ["a file's text", "a file's name", "a new file"])
def test_a_chart_that_was_changed_is_refused_and_not_rendered(
    chart: Path, helm: Path, cache: Path, change: str
) -> None:
    accepted = sources.chart_sha256(chart)
    read(cache, chart, accepted)
    (helm / "arguments").unlink()
    template = chart / "templates" / "b.yaml"
    {
        "a file's text": lambda: template.write_text("b: 2\n"),
        "a file's name": lambda: template.rename(template.with_name("c.yaml")),
        "a new file": lambda: (chart / "templates" / "c.yaml").write_text(""),
    }[change]()
    assert f"  {accepted}  accepted" in refusal(cache, chart, accepted)
    assert not (helm / "arguments").exists()


@pytest.mark.parametrize("kind", ["a link to a file", "a link to a directory", "a broken link", "a pipe"])
def test_a_chart_with_anything_but_files_is_refused(
    tmp_path: Path, chart: Path, helm: Path, cache: Path, kind: str
) -> None:
    accepted = sources.chart_sha256(chart)
    strange, elsewhere = chart / "templates" / "strange", tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "c.yaml").write_text("c: 1\n")
    {
        "a link to a file": lambda: strange.symlink_to(elsewhere / "c.yaml"),
        "a link to a directory": lambda: strange.symlink_to(elsewhere),
        "a broken link": lambda: strange.symlink_to(tmp_path / "missing"),
        "a pipe": lambda: os.mkfifo(strange),
    }[kind]()
    message = refusal(cache, chart, accepted)
    assert message.startswith(f"{chart} cannot be used as a chart: ")
    assert "strange" in message
    assert not (helm / "arguments").exists()


@pytest.mark.parametrize("name", [f"a\n{'0' * 64}  b.yaml", "a\\b.yaml", "a\x1b[2J.yaml"])
def test_a_chart_with_a_file_name_that_could_forge_the_listing_is_refused(
    chart: Path, helm: Path, cache: Path, name: str
) -> None:
    (chart / "templates" / name).write_text("")
    assert refusal(cache, chart) == (
        f"{chart} cannot be used as a chart: the file name {f'templates/{name}'!r} has a control character or a "
        "backslash"
    )


def test_a_chart_is_rendered_as_it_was_when_it_was_verified(
    chart: Path, helm: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (helm / "helm").write_text('#!/bin/sh\nexec cat "$3/templates/b.yaml"\n')
    accepted, verify = sources.chart_sha256(chart), sources._verify

    def verify_and_change(*arguments: Any) -> None:
        verify(*arguments)
        (chart / "templates" / "b.yaml").write_text("b: changed\n")

    monkeypatch.setattr(sources, "_verify", verify_and_change)
    assert read(cache, chart, accepted).data == b"b: 1\n"


def test_a_directory_that_is_not_a_chart_is_refused(tmp_path: Path, cache: Path, helm: Path) -> None:
    assert refusal(cache, tmp_path) == (
        f"{tmp_path} is not a chart: it has no Chart.yaml (synergychat:envoyGateway.manifest)"
    )


def test_a_chart_without_helm_is_refused(chart: Path, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    assert refusal(cache, chart) == f"{chart} is a chart, but there is no `helm` on the PATH to render it"


def test_the_message_of_helm_is_part_of_the_refusal(chart: Path, helm: Path, cache: Path) -> None:
    (helm / "output").unlink()
    assert refusal(cache, chart) == f"{chart} cannot be rendered: no such value"


def test_a_helm_that_hangs_is_aborted(chart: Path, helm: Path, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (helm / "helm").write_text("#!/bin/sh\nexec sleep 30\n")
    monkeypatch.setattr(sources, "_DEADLINE_S", 0.2)
    assert refusal(cache, chart) == f"{chart} cannot be rendered: helm was not done after 0.2 s"
