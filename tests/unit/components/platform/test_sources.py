"""Where a manifest comes from, and that nothing is used which is not what its SHA-256 says."""

import errno
import hashlib
import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from components.platform import sources
from components.platform.sources import ManifestError
from tests.unit import release
from tests.unit.web import Web, serving

DATA = release.text()
SUM = hashlib.sha256(DATA).hexdigest()
OTHER_SUM = "0" * 64
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


def read(cache: Path, manifest: str | Path | None, *sums: str, **settings: Any) -> sources.Raw:
    location = None if manifest is None else str(manifest)
    return sources.read(release.source(manifest=location, sha256=sums, **settings), cache)


def refusal(cache: Path, manifest: str | Path | None, *sums: str, **settings: Any) -> str:
    with pytest.raises(ManifestError) as raised:
        read(cache, manifest, *sums, **settings)
    return str(raised.value)


def kept(cache: Path) -> list[str]:
    return sorted(path.name for path in cache.glob("*"))


# A file


def test_a_file_is_read_with_its_sum_and_without_one(tmp_path: Path, cache: Path) -> None:
    file = tmp_path / "install.yaml"
    file.write_bytes(DATA)
    expected = sources.Raw(data=DATA, sha256=SUM, origin=str(file))
    assert read(cache, file) == read(cache, file, SUM) == read(cache, file, OTHER_SUM, SUM) == expected
    assert kept(cache) == []


def test_a_file_with_another_sum_is_refused_with_both_sums(tmp_path: Path, cache: Path) -> None:
    file = tmp_path / "install.yaml"
    file.write_bytes(DATA)
    assert refusal(cache, file, OTHER_SUM, "1" * 64) == (
        f"{file} is not what synergychat:envoyGateway.sha256 accepts:\n"
        f"  {SUM}  found\n  {OTHER_SUM}  accepted\n  {'1' * 64}  accepted\n"
        "Either it was changed, or the sum belongs to another version: find out before you set a new one."
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
def test_a_web_page_in_place_of_a_file_is_called_one(tmp_path: Path, cache: Path, page: bytes) -> None:
    file = tmp_path / "install.yaml"
    file.write_bytes(page)
    assert refusal(cache, file, SUM) == (
        f"{file} is a web page, not a manifest: does a proxy or a login answer in its place?"
    )


# A download


def test_a_download_with_an_accepted_sum_is_used_and_kept(web: Web, cache: Path) -> None:
    location = f"{web.url}/install.yaml"
    assert read(cache, location, OTHER_SUM, SUM) == sources.Raw(data=DATA, sha256=SUM, origin=location)
    assert web.asked == ["/install.yaml"]
    assert kept(cache) == [f"{SUM}.yaml"]


def test_a_download_that_is_kept_needs_no_network(web: Web, cache: Path) -> None:
    location = f"{web.url}/install.yaml"
    first = read(cache, location, SUM)
    web.status = 500
    assert read(cache, location, OTHER_SUM, SUM) == first
    assert web.asked == ["/install.yaml"]


def test_a_manifest_that_was_put_there_by_hand_is_used_in_place_of_the_release(cache: Path) -> None:
    cache.mkdir(parents=True)
    (cache / f"{SUM}.yaml").write_bytes(DATA)
    raw = read(cache, None, SUM, version="1.5.1")
    assert raw.data == DATA
    assert raw.origin == "https://github.com/envoyproxy/gateway/releases/download/v1.5.1/install.yaml"


def test_a_download_that_cannot_be_kept_is_used_all_the_same(web: Web, cache: Path) -> None:
    cache.parent.write_text("a file where a directory belongs")
    location = f"{web.url}/install.yaml"
    assert read(cache, location, SUM).data == read(cache, location, SUM).data == DATA
    assert len(web.asked) == 2


def test_a_download_for_which_the_disk_has_no_room_is_used_and_leaves_no_part(
    web: Web, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(draft: Path, _: Path) -> Path:
        assert draft.exists()
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(Path, "replace", full)
    assert read(cache, f"{web.url}/install.yaml", SUM).data == DATA
    assert [path.name for path in cache.iterdir()] == []


def test_a_kept_file_that_was_tampered_with_is_not_used(web: Web, cache: Path) -> None:
    location = f"{web.url}/install.yaml"
    read(cache, location, SUM)
    (cache / f"{SUM}.yaml").write_bytes(DATA + b"---\n# one more object\n")
    assert read(cache, location, SUM).data == DATA
    assert len(web.asked) == 2
    assert (cache / f"{SUM}.yaml").read_bytes() == DATA


def test_a_download_with_another_sum_is_refused_and_not_kept(web: Web, cache: Path) -> None:
    message = refusal(cache, f"{web.url}/install.yaml", OTHER_SUM)
    assert f"  {SUM}  found\n  {OTHER_SUM}  accepted\n" in message
    assert kept(cache) == []


def test_a_download_without_a_sum_is_refused_with_the_one_it_has(web: Web, cache: Path) -> None:
    assert refusal(cache, f"{web.url}/install.yaml") == (
        f"{web.url}/install.yaml is not used without a SHA-256. What was received has\n  {SUM}\n"
        "Compare it with one from a source that you trust, then type: "
        "pulumi config set --path 'synergychat:envoyGateway.sha256[0]' SHA256"
    )
    assert kept(cache) == []


@pytest.mark.parametrize("sums", [(), (SUM,)])
def test_a_web_page_in_place_of_a_download_is_called_one_and_its_sum_is_not_offered(
    web: Web, cache: Path, sums: tuple[str, ...]
) -> None:
    web.body = PAGE
    message = refusal(cache, web.url, *sums)
    assert message == f"{web.url} is a web page, not a manifest: does a proxy or a login answer in its place?"


@pytest.mark.parametrize("sums", [(), (SUM,)])
def test_a_download_that_breaks_off_is_said_to_and_its_sum_is_not_offered(
    web: Web, cache: Path, sums: tuple[str, ...]
) -> None:
    web.missing = 1000
    message = refusal(cache, web.url, *sums)
    assert message.startswith(f"{web.url} cannot be fetched: the connection ended 1000 bytes too early\n")
    assert hashlib.sha256(DATA).hexdigest() not in message
    assert kept(cache) == []


def test_a_release_that_is_not_there_asks_for_the_version(web: Web, cache: Path) -> None:
    web.status = 404
    assert refusal(cache, web.url, SUM) == f"{web.url} answered 404 Not Found: is the version right?"


def test_a_host_that_does_not_answer_is_named_with_the_ways_round_it(web: Web, cache: Path) -> None:
    with serving(Web()) as gone:
        pass
    message = refusal(cache, gone.url, SUM)
    assert message.startswith(f"{gone.url} cannot be fetched: [Errno 111] Connection refused\n")
    assert "synergychat:envoyGateway.manifest" in message
    assert str(sources.cache_directory()) in message


def test_a_download_that_only_drips_is_given_up(web: Web, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    web.pause_s = 0.05
    monkeypatch.setattr(sources, "_DEADLINE_S", 0.2)
    assert refusal(cache, web.url, SUM).startswith(f"{web.url} cannot be fetched: not complete after 0.2 s\n")


def test_a_download_without_end_is_given_up(web: Web, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    web.body = b"#" * (3 << 20)
    monkeypatch.setattr(sources, "_LARGEST", 1 << 20)
    assert refusal(cache, web.url, SUM) == f"{web.url} is larger than any manifest (1 MiB)"


def test_downloads_are_kept_where_the_user_keeps_caches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", "/somewhere")
    assert sources.cache_directory() == Path("/somewhere/synergychat/manifests")
    monkeypatch.setenv("XDG_CACHE_HOME", "")
    monkeypatch.setenv("HOME", "/home/ada")
    assert sources.cache_directory() == Path("/home/ada/.cache/synergychat/manifests")


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
    """A `helm` that writes down its arguments and says what `says` holds."""
    programs = tmp_path / "programs"
    programs.mkdir()
    (programs / "says").write_bytes(DATA)
    script = f'#!/bin/sh\nprintf "%s\\n" "$@" > {programs}/asked\n[ -e {programs}/says ] && exec cat {programs}/says\n'
    (programs / "helm").write_text(script + "echo no such value >&2; exit 3\n")
    (programs / "helm").chmod(0o755)
    monkeypatch.setenv("PATH", f"{programs}:/usr/bin:/bin")
    return programs


def test_a_chart_is_rendered_for_the_namespace_with_its_crds(chart: Path, helm: Path, cache: Path) -> None:
    raw = read(cache, chart, namespace="gateways")
    assert raw == sources.Raw(data=DATA, sha256=sources.chart_sha256(chart), origin=str(chart))
    assert (helm / "asked").read_text().split("\n")[:-1] == [
        "template",
        "eg",
        str(chart),
        "--namespace",
        "gateways",
        "--include-crds",
    ]


def test_the_sum_of_a_chart_is_the_one_that_the_reference_tells_how_to_get(chart: Path) -> None:
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
    (helm / "asked").unlink()
    template = chart / "templates" / "b.yaml"
    {
        "a file's text": lambda: template.write_text("b: 2\n"),
        "a file's name": lambda: template.rename(template.with_name("c.yaml")),
        "a new file": lambda: (chart / "templates" / "c.yaml").write_text(""),
    }[change]()
    assert f"  {accepted}  accepted" in refusal(cache, chart, accepted)
    assert not (helm / "asked").exists()


def test_a_directory_that_is_no_chart_is_refused(tmp_path: Path, cache: Path, helm: Path) -> None:
    assert refusal(cache, tmp_path) == (
        f"{tmp_path} is a directory without a Chart.yaml, so no chart (synergychat:envoyGateway.manifest)"
    )


def test_a_chart_without_helm_says_what_is_missing(chart: Path, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    assert refusal(cache, chart) == f"{chart} is a chart, and there is no `helm` on the PATH to render it with"


def test_a_chart_that_helm_refuses_is_refused_in_the_words_of_helm(chart: Path, helm: Path, cache: Path) -> None:
    (helm / "says").unlink()
    assert refusal(cache, chart) == f"{chart} cannot be rendered: no such value"


def test_a_helm_that_hangs_is_given_up(chart: Path, helm: Path, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (helm / "helm").write_text("#!/bin/sh\nexec sleep 30\n")
    monkeypatch.setattr(sources, "_DEADLINE_S", 0.2)
    assert refusal(cache, chart) == f"{chart} cannot be rendered: helm was not done after 0.2 s"
