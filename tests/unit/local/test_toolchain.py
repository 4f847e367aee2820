"""The store of tools, the pins, and the messages when a tool is not available."""

import hashlib
import io
import json
import multiprocessing
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from multiprocessing.synchronize import Event
from pathlib import Path

import pytest
from rich.console import Console

from local.errors import UserError
from local.paths import state_root
from local.toolchain import announcement, gobuild, release_download, setup, system
from local.toolchain.announcement import announce
from local.toolchain.build_errors import build_error
from local.toolchain.group_build import build_group
from local.toolchain.pins import ARTEFACTS, GROUPS, GoProgram, GoTest, Release
from local.toolchain.progress import Progress
from local.toolchain.store import Store
from local.toolchain.store_keys import store_key
from tests.unit.web import Web, serving


def _fill(store: Store, key: str, text: str) -> None:
    with store.making(key, lambda _: None) as directory:
        assert directory is not None
        (directory / "tool").write_text(text)
        (directory / "tool").chmod(0o644)
        (directory / "link").symlink_to("tool")


def test_a_tool_is_found_after_it_was_made() -> None:
    store = Store("tools")
    assert store.find("tool-1") is None
    _fill(store, "tool-1", "works")
    found = store.find("tool-1")
    assert found is not None
    assert (found / "tool").read_text() == "works"


HARM: dict[str, Callable[[Path], object]] = {
    "truncated": lambda tool: tool.write_text("wor"),
    "altered": lambda tool: tool.write_text("w0rks"),
    "removed": lambda tool: tool.unlink(),
    "executable": lambda tool: tool.chmod(0o755),
    "writable by others": lambda tool: tool.chmod(0o646),
    "a new file": lambda tool: tool.with_name("evil").write_text(""),
    "a new directory": lambda tool: tool.with_name("evil").mkdir(),
    "a new link": lambda tool: tool.with_name("evil").symlink_to("/bin/true"),
    "another link": lambda tool: _relink(tool.with_name("link"), "/bin/true"),
    "a link instead of a file": lambda tool: _relink(tool, "link"),
    "a pipe instead of a file": lambda tool: (tool.unlink(), os.mkfifo(tool)),
    "a directory that others may write to": lambda tool: tool.parent.chmod(0o777),
    "a link instead of the directory": lambda tool: _relink(tool.parent.rename(tool.parents[1] / "other"), tool.parent),
    "forged checksums beside it": lambda tool: (
        tool.write_text("w0rks"),
        tool.with_name("SHA256.json").write_text("{}"),
    ),
}


def _relink(link: Path, target: object) -> None:
    if isinstance(target, Path):
        target.symlink_to(link)
        return
    link.unlink()
    link.symlink_to(str(target))


@pytest.mark.parametrize("harm", HARM)
def test_a_damaged_tool_is_not_used_and_made_again(harm: str) -> None:
    store = Store("tools")
    _fill(store, "tool-1", "works")
    HARM[harm](store.root / "tool-1" / "tool")
    assert store.find("tool-1") is None
    _fill(store, "tool-1", "works again")
    found = store.find("tool-1")
    assert found is not None
    assert not found.is_symlink()
    assert (found / "tool").read_text() == "works again"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file to another user")
def test_a_tool_of_another_user_is_not_used() -> None:
    store = Store("tools")
    _fill(store, "tool-1", "works")
    os.chown(store.root / "tool-1" / "tool", 65534, 65534)
    assert store.find("tool-1") is None


@pytest.mark.parametrize("record", [None, "{}", "[]", "no JSON"])
def test_a_tool_without_a_record_in_the_state_directory_is_not_used(record: str | None) -> None:
    store = Store("tools")
    _fill(store, "tool-1", "works")
    (recorded,) = state_root().rglob("tool-1.json")
    recorded.unlink() if record is None else recorded.write_text(record)
    assert store.find("tool-1") is None
    assert store.is_unrecorded("tool-1") == (record is None)


@pytest.mark.parametrize("missing", [*ARTEFACTS["kubernetes"].programs, "kubelet", "kubectl"])
def test_a_tool_without_one_of_its_programs_is_not_used(missing: str) -> None:
    store, artefact = Store("tools"), ARTEFACTS["kubernetes"]
    with store.making(store_key(artefact), lambda _: None) as directory:
        assert directory is not None
        for name in artefact.programs:
            (directory / name).write_text("a program")
        for name in artefact.links:
            (directory / name).symlink_to(artefact.programs[0])
        (directory / missing).unlink()
    assert setup._find(artefact, store) is None


def test_the_checksum_file_of_a_tool_lists_every_other_file() -> None:
    store = Store("tools")
    _fill(store, "tool-1", "works")
    listed = json.loads((store.root / "tool-1" / "SHA256.json").read_text())
    assert listed == {"tool": hashlib.sha256(b"works").hexdigest()}


def test_a_failed_run_leaves_no_tool_in_the_store() -> None:
    store = Store("tools")
    with pytest.raises(RuntimeError), store.making("tool-1", lambda _: None) as directory:
        assert directory is not None
        (directory / "tool").write_text("half")
        raise RuntimeError
    assert store.find("tool-1") is None


def _make_slowly(entered: Event, released: Event) -> None:
    with Store("tools").making("tool-1", lambda _: None) as directory:
        assert directory is not None
        entered.set()
        released.wait(20)
        (directory / "tool").write_text("first")


def test_a_second_set_up_waits_for_the_first_and_takes_its_result() -> None:
    processes = multiprocessing.get_context("spawn")
    entered, released = processes.Event(), processes.Event()
    first = processes.Process(target=_make_slowly, args=(entered, released))
    first.start()
    assert entered.wait(20)
    holders: list[str] = []

    def waiting(holder: str) -> None:
        holders.append(holder)
        released.set()

    store = Store("tools")
    with store.making("tool-1", waiting) as directory:
        assert directory is None
    first.join()
    assert (store.root / "tool-1" / "tool").read_text() == "first"
    assert holders == [f"pid {first.pid}"]


def test_every_program_of_the_pins_has_its_module_and_checksums() -> None:
    groups = {step.group for a in ARTEFACTS.values() for step in a.recipe if isinstance(step, GoProgram)}
    assert groups == set(GROUPS)
    for group in GROUPS.values():
        requires = "require" in (group.directory / "go.mod").read_text()
        assert (group.directory / "go.sum").exists() == requires


def test_every_release_of_the_pins_has_a_sha256() -> None:
    for artefact in ARTEFACTS.values():
        for release in artefact.releases:
            assert len(bytes.fromhex(release.sha256)) == 32


def test_a_release_that_is_not_the_pinned_file_is_refused(tmp_path: Path) -> None:
    published = tmp_path / "tool"
    published.write_text("something else")
    release = Release(url=published.as_uri(), sha256=hashlib.sha256(b"the tool").hexdigest())
    target = tmp_path / "made"
    target.mkdir()
    with pytest.raises(UserError, match="is not the pinned file"):
        release_download.fetch(release, target)
    assert list(target.iterdir()) == []


def test_a_release_that_drips_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    monkeypatch.setattr(release_download, "DEADLINE_S", 0.3)
    with (
        serving(Web(body=b"#" * 100, pause_s=0.05)) as web,
        pytest.raises(UserError, match=r"not complete after 0\.3 s"),
    ):
        release_download.fetch(Release(url=web.url, sha256="0" * 64), tmp_path)


def test_a_release_without_end_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    monkeypatch.setattr(release_download, "LARGEST", 1 << 20)
    with serving(Web(body=b"#" * (3 << 20))) as web, pytest.raises(UserError, match="it is larger than 1 MiB"):
        release_download.fetch(Release(url=web.url, sha256="0" * 64), tmp_path)


def test_a_changed_pin_changes_the_store_key(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    runc = ARTEFACTS["runc"]
    before = store_key(runc)
    (tmp_path / "go.sum").write_text("another checksum")
    monkeypatch.setitem(GROUPS, "runc", replace(GROUPS["runc"], directory=tmp_path))
    assert store_key(runc) != before


def _log(tmp_path: Path, *lines: str) -> Path:
    log = tmp_path / "runc-build.log"
    log.write_text("".join(f"{line}\n" for line in lines))
    return log


PACKAGES = [f"k8s.io/api/v{n}" for n in range(200)]
"""The package names that `go build -v` prints."""


def test_a_failed_build_shows_the_compiler_errors_without_the_package_names(tmp_path: Path) -> None:
    lines = ["# github.com/opencontainers/runc", "./main.go:7:2: undefined: Frobnicate", "\tdid you mean Frobnication?"]
    log = _log(tmp_path, "go: downloading k8s.io/api v0.36.3", *PACKAGES, *lines, *PACKAGES)
    error = build_error("runc (build)", log)
    assert error.message == "runc (build) failed:\n" + "\n".join(f"    {line}" for line in lines)
    assert str(log) in (error.fix or "")


def test_the_first_errors_are_shown_and_the_others_counted(tmp_path: Path) -> None:
    error = build_error("runc (build)", _log(tmp_path, *(f"./main.go:{n}: wrong" for n in range(40))))
    assert "./main.go:0: wrong" in error.message
    assert error.message.endswith("    ... and 25 more lines")


@pytest.mark.parametrize(("lines", "shown"), [(PACKAGES, PACKAGES[-1]), ([], "it printed nothing")])
def test_a_killed_build_shows_its_last_output(tmp_path: Path, lines: list[str], shown: str) -> None:
    assert build_error("runc (build)", _log(tmp_path, *lines)).message.endswith(f"    {shown}")


def test_a_full_disk_in_a_build_is_reported_with_the_file_that_did_not_fit(tmp_path: Path) -> None:
    log = _log(tmp_path, "# etcd", "write /x/etcd: no space left on device", *PACKAGES)
    assert build_error("etcd (build)", log).message.startswith(
        "The disk is full: etcd (build) says write /x/etcd: no space left on device.\n"
    )


def _go(directory: Path, monkeypatch: pytest.MonkeyPatch, script: str) -> gobuild.Go:
    """Create a fake Go that runs `script` for every command except `go env`."""
    settings = 'case "$*" in "env GOVERSION") echo go9.9.9; exit;; "env GOPROXY") echo off; exit;; esac'
    program = directory / "go"
    program.write_text(f"#!/bin/sh\n{settings}\n{script}\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{directory}:/usr/bin:/bin")
    return gobuild.Go()


def test_a_missing_module_is_reported_with_the_error_of_go(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # With -json, the error is on stdout.
    go = _go(tmp_path, monkeypatch, """echo '{'; echo '  "Error": "no such module"'; echo '}'; exit 1""")
    with pytest.raises(UserError) as raised:
        go.module_directory("runc", "example.com/none")
    assert raised.value.message == 'runc (download) failed:\n      "Error": "no such module"'


def test_a_broken_go_is_reported_with_its_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    go = _go(tmp_path, monkeypatch, "")
    (tmp_path / "go").write_text('#!/bin/sh\n[ "$2" = GOVERSION ] && echo go9.9.9 && exit\necho bad env >&2; exit 1\n')
    with pytest.raises(UserError, match="go does not work: bad env"):
        go.fetch_modules("runc", ["."])


def test_a_build_writes_only_into_a_directory_that_the_next_run_empties(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = Store("kept").root
    # A killed build leaves its files in the directory of -o.
    script = f'[ "$1" = list ] && exit; find {kept} -type d > {tmp_path}/seen; exit 1'
    go = _go(tmp_path, monkeypatch, script)
    with Progress() as progress, pytest.raises(UserError), Store("kept").making("pause-1", lambda _: None) as work:
        assert work is not None
        build_group(go, "pause", [(GoProgram(group="pause", package=".", cpu_s=1), work)], progress)
    seen = (tmp_path / "seen").read_text().split()
    assert seen == [str(kept), str(kept / ".pause-1.part"), str(kept / ".pause-1.part" / ".pause.out")]


def test_the_tests_of_a_package_are_built_as_one_program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    script = f'echo "$*" >> {tmp_path}/said; [ "$1" = list ] && exit; while [ "$1" != -o ]; do shift; done; : > "$2"'
    go = _go(tmp_path, monkeypatch, script)
    step = GoTest(group="conformance", package=".", cpu_s=1)
    (tmp_path / "work").mkdir()
    with Progress() as progress:
        build_group(go, "conformance", [(step, tmp_path / "work")], progress)
    listed, built = (tmp_path / "said").read_text().splitlines()
    assert listed.startswith("list -deps -e -test ")
    assert built.startswith("test -c ")
    assert [path.name for path in (tmp_path / "work").iterdir()] == ["conformance"]


def test_stopping_ends_the_running_build_and_prevents_others(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    os.mkfifo(tmp_path / "runs")
    go = _go(tmp_path, monkeypatch, f"echo > {tmp_path}/runs; exec sleep 60")
    monkeypatch.setattr(gobuild, "_GRACE_S", 0.1)
    with ThreadPoolExecutor() as pool:
        build = pool.submit(go.build, "pause", ["."], tmp_path, lambda _: None)
        (tmp_path / "runs").read_text()
        go.stop()
        with pytest.raises(UserError):
            build.result(timeout=20)
        next_build = pool.submit(go.build, "pause", ["."], tmp_path, lambda _: None)
        with pytest.raises(UserError):
            next_build.result(timeout=20)


@pytest.mark.parametrize(
    ("seconds", "expected"), [(5, "Less than a minute"), (40, "About one minute"), (700, "About 12 minutes")]
)
def test_the_build_time_is_estimated_in_minutes(monkeypatch: pytest.MonkeyPatch, seconds: int, expected: str) -> None:
    monkeypatch.setattr(announcement.os, "cpu_count", lambda: 1)
    console = Console(file=io.StringIO(), highlight=False)
    tool = replace(ARTEFACTS["pause"], recipe=(GoProgram(group="pause", package=".", cpu_s=seconds),))
    announce([], [tool], Progress(console))
    assert isinstance(console.file, io.StringIO)
    assert f"\n{expected} on 1 CPU cores, only this time:" in console.file.getvalue()


def test_without_root_the_command_that_installs_missing_packages_is_printed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(system.os, "geteuid", lambda: 1000)
    monkeypatch.setattr(system, "_present", lambda _: False)
    monkeypatch.setattr(system.shutil, "which", lambda _: "/usr/bin/apt-get")
    with pytest.raises(UserError, match=r"Run: sudo apt-get install .* conntrack nftables"):
        system.ensure(["nft", "conntrack"], Progress())
