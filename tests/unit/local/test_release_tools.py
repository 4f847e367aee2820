"""Tools from official releases: set-up against a web server that stands for the release hosts."""

import hashlib
import io
import platform
import tarfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from local.architecture import architecture
from local.errors import UserError
from local.toolchain import release_download, setup
from local.toolchain.gobuild import Go
from local.toolchain.pins import ARTEFACTS, Artefact, GoProgram, Release
from local.toolchain.progress import Progress
from local.toolchain.store_keys import store_key
from tests.unit.web import Web, broken_off, dripping, gone, serving, stalled

PROGRAM = b"#!/bin/sh\necho released\n"
BUILT = b"#!/bin/sh\necho built\n"


def _archive(path: str, content: bytes = PROGRAM) -> bytes:
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode="w:gz") as archive:
        entry = tarfile.TarInfo(path)
        entry.size = len(content)
        archive.addfile(entry, io.BytesIO(content))
    return data.getvalue()


@pytest.fixture
def web(monkeypatch: pytest.MonkeyPatch) -> Iterator[Web]:
    """A release host, which has the program. The tool on the user's PATH is not used."""
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    monkeypatch.setattr(setup, "reachable", lambda hosts: hosts)
    monkeypatch.setattr(setup, "_installed", lambda _: None)
    with serving(Web(body=PROGRAM)) as web:
        yield web


@pytest.fixture
def builds(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The programs that set-up builds, in place of Go."""
    built: list[str] = []

    def build_group(_: Go, group: str, members: Sequence[tuple[GoProgram, Path]], progress: Progress) -> None:
        for member, directory in members:
            assert list(directory.iterdir()) == [], "a failed download leaves nothing behind"
            (directory / member.program).write_bytes(BUILT)
            built.append(member.program)

    monkeypatch.setattr(setup, "build_group", build_group)
    return built


def publish(monkeypatch: pytest.MonkeyPatch, name: str, *releases: Release) -> Artefact:
    """Pin `releases` for a tool, and need no system packages."""
    artefact = replace(ARTEFACTS[name], releases=releases, builds_with=(), runs_with=())
    monkeypatch.setitem(ARTEFACTS, name, artefact)
    return artefact


def pinned(web: Web, file: str = "runc.ARCH", content: bytes = PROGRAM) -> Release:
    return Release(
        url=f"{web.url}/{file}", sha256=hashlib.sha256(content).hexdigest(), architecture=architecture(), name="runc"
    )


def test_a_machine_without_linux_builds_what_is_released_for_linux(
    web: Web, builds: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    publish(monkeypatch, "runc", pinned(web))
    monkeypatch.setattr(platform, "system", lambda: "Darwin")
    assert setup.ensure(["runc"], Progress()).program("runc").read_bytes() == BUILT
    assert web.asked == []


def test_the_official_file_is_taken_and_nothing_is_built(
    web: Web, builds: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    publish(monkeypatch, "runc", pinned(web), replace(pinned(web), url=f"{web.url}/other", architecture="other"))
    program = setup.ensure(["runc"], Progress()).program("runc")
    assert (program.name, program.read_bytes()) == ("runc", PROGRAM)
    assert program.stat().st_mode & 0o777 == 0o755
    assert (web.asked, builds) == (["/runc.ARCH"], [])
    setup.ensure(["runc"], Progress())
    assert web.asked == ["/runc.ARCH"]


def test_the_program_is_taken_out_of_an_archive(web: Web, builds: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    web.body = _archive("linux/helm")
    publish(monkeypatch, "helm", replace(pinned(web, "helm.tar.gz", web.body), members={"helm": "linux/helm"}))
    program = setup.ensure(["helm"], Progress()).program("helm")
    assert [path.name for path in program.parent.iterdir() if path.name != "SHA256.json"] == ["helm"]
    assert (program.read_bytes(), builds) == (PROGRAM, [])


def test_an_archive_without_the_program_is_refused(
    web: Web, builds: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    web.body = _archive("elsewhere/helm")
    publish(monkeypatch, "helm", replace(pinned(web, "helm.tar.gz", web.body), members={"helm": "linux/helm"}))
    with pytest.raises(UserError, match=r"helm\.tar\.gz has no file linux/helm"):
        setup.ensure(["helm"], Progress())


def test_the_six_programs_of_kubernetes_stand_for_the_links_of_the_built_one(
    web: Web, builds: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    names = ARTEFACTS["kubernetes"].links
    publish(monkeypatch, "kubernetes", *(replace(pinned(web, name), name="") for name in names))
    tools = setup.ensure(["kubernetes"], Progress())
    assert {tools.program(name).name for name in names} == set(names)
    assert not any(tools.program(name).is_symlink() for name in names)
    assert (sorted(web.asked), builds) == (sorted(f"/{name}" for name in names), [])


def test_another_file_than_the_pinned_one_is_an_error_with_both_checksums(
    web: Web, builds: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    web.body = b"#!/bin/sh\necho changed\n"
    publish(monkeypatch, "runc", pinned(web))
    with pytest.raises(UserError, match="is not the pinned file") as raised:
        setup.ensure(["runc"], Progress())
    for content in (web.body, PROGRAM):
        assert hashlib.sha256(content).hexdigest() in raised.value.message
    assert builds == []


@pytest.mark.parametrize("fault", [gone, broken_off, stalled, dripping])
def test_a_tool_whose_release_does_not_arrive_is_built(
    web: Web,
    builds: list[str],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    fault: Callable[[Web], None],
) -> None:
    monkeypatch.setattr(release_download, "STALL_S", 0.3)
    monkeypatch.setattr(release_download, "DEADLINE_S", 0.5)
    fault(web)
    publish(monkeypatch, "runc", pinned(web))
    with Progress() as progress:
        assert setup.ensure(["runc"], progress).program("runc").read_bytes() == BUILT
    assert builds == ["runc"]
    said = capsys.readouterr().out
    assert f"{web.url}/runc.ARCH could not be downloaded: " in said
    assert "Set-up builds runc instead." in said


def test_a_built_kubernetes_has_its_links_after_a_half_download(
    web: Web, builds: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    first, *others = ARTEFACTS["kubernetes"].links
    with serving(Web(status=404)) as without:
        files = (replace(pinned(web, first), name=""), *(replace(pinned(without, name), name="") for name in others))
        publish(monkeypatch, "kubernetes", *files)
        tools = setup.ensure(["kubernetes"], Progress())
    assert builds == ["hyperkube"]
    assert {tools.program(name).resolve().name for name in (first, *others)} == {"hyperkube"}


def test_a_tool_without_a_checksum_for_this_machine_is_built(
    web: Web, builds: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    publish(monkeypatch, "runc", replace(pinned(web), architecture="other"))
    assert setup.ensure(["runc"], Progress()).program("runc").read_bytes() == BUILT
    assert (web.asked, builds) == ([], ["runc"])


def test_a_checksum_that_is_added_makes_no_tool_again() -> None:
    runc = ARTEFACTS["runc"]
    assert runc.releases
    assert store_key(runc) == store_key(replace(runc, releases=()))


@pytest.mark.parametrize("name", [name for name, artefact in ARTEFACTS.items() if artefact.releases])
@pytest.mark.parametrize("machine", ["amd64", "arm64"])
def test_a_release_brings_every_command_of_its_tool_on_both_architectures(name: str, machine: str) -> None:
    artefact = ARTEFACTS[name]
    found = [
        program
        for release in artefact.releases_for(machine)
        for program in (*release.members, *(() if release.members else [release.name or release.url.split("/")[-1]]))
    ]
    assert sorted(found) == sorted(artefact.commands)
    assert all(artefact.version in release.url for release in artefact.releases)
    assert all(release.url.startswith("https://") for release in artefact.releases)
    assert "ARCH" not in repr(artefact.releases)
