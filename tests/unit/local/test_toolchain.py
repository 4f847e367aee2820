"""The store of tools, the table of pins, and what a user reads when something can not be had."""

import hashlib
import json
import multiprocessing
from dataclasses import replace
from multiprocessing.synchronize import Event
from pathlib import Path

import pytest

from local.errors import UserError
from local.toolchain import gobuild, releases, setup, system
from local.toolchain.pins import ARTEFACTS, GROUPS, GoProgram, Release
from local.toolchain.progress import Progress
from local.toolchain.store import MANIFEST, Store


def _fill(store: Store, key: str, text: str) -> None:
    with store.making(key, lambda _: None) as directory:
        assert directory is not None
        (directory / "tool").write_text(text)


def test_a_tool_is_found_after_it_was_made(tmp_path: Path) -> None:
    store = Store(tmp_path)
    assert store.find("tool-1") is None
    _fill(store, "tool-1", "works")
    found = store.find("tool-1")
    assert found is not None
    assert (found / "tool").read_text() == "works"


@pytest.mark.parametrize("harm", ["truncated", "altered", "removed", "no manifest"])
def test_a_tool_that_is_not_as_it_was_made_is_not_used(tmp_path: Path, harm: str) -> None:
    store = Store(tmp_path)
    _fill(store, "tool-1", "works")
    tool = tmp_path / "tool-1" / "tool"
    {
        "truncated": lambda: tool.write_text("wor"),
        "altered": lambda: tool.write_text("w0rks"),
        "removed": tool.unlink,
        "no manifest": (tmp_path / "tool-1" / MANIFEST).unlink,
    }[harm]()
    assert store.find("tool-1") is None
    _fill(store, "tool-1", "works again")
    assert store.find("tool-1") is not None


def test_a_run_that_fails_leaves_nothing_that_looks_like_a_tool(tmp_path: Path) -> None:
    store = Store(tmp_path)
    with pytest.raises(RuntimeError), store.making("tool-1", lambda _: None) as directory:
        assert directory is not None
        (directory / "tool").write_text("half")
        raise RuntimeError
    assert store.find("tool-1") is None


def _make_slowly(root: Path, entered: Event, released: Event) -> None:
    with Store(root).making("tool-1", lambda _: None) as directory:
        assert directory is not None
        entered.set()
        released.wait(20)
        (directory / "tool").write_text("first")


def test_a_second_set_up_waits_for_the_first_and_takes_its_result(tmp_path: Path) -> None:
    processes = multiprocessing.get_context("spawn")
    entered, released = processes.Event(), processes.Event()
    first = processes.Process(target=_make_slowly, args=(tmp_path, entered, released))
    first.start()
    assert entered.wait(20)
    holders: list[str] = []

    def waiting(holder: str) -> None:
        holders.append(holder)
        released.set()

    with Store(tmp_path).making("tool-1", waiting) as directory:
        assert directory is None
    first.join()
    assert (tmp_path / "tool-1" / "tool").read_text() == "first"
    assert holders == [f"pid {first.pid}"]


def test_every_program_of_the_table_has_its_module_and_its_sums() -> None:
    groups = {step.group for a in ARTEFACTS.values() for step in a.recipe if isinstance(step, GoProgram)}
    assert groups == set(GROUPS)
    for group in GROUPS.values():
        requires = "require" in (group.directory / "go.mod").read_text()
        assert (group.directory / "go.sum").exists() == requires


def test_every_release_of_the_table_has_a_sha256() -> None:
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
        releases.fetch(release, target)
    assert list(target.iterdir()) == []


def test_changing_a_pin_changes_where_the_tool_is_kept(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    runc = ARTEFACTS["runc"]
    before = setup._key(runc)
    (tmp_path / "go.sum").write_text("another sum")
    monkeypatch.setitem(GROUPS, "runc", replace(GROUPS["runc"], directory=tmp_path))
    assert setup._key(runc) != before


def test_a_failing_build_shows_its_last_lines_and_the_log(tmp_path: Path) -> None:
    log = tmp_path / "runc-build.log"
    log.write_text("\n".join(f"line {n}" for n in range(40)) + "\nundefined: Frobnicate\n")
    error = gobuild._failure("runc (build)", log)
    assert "undefined: Frobnicate" in error.message
    assert "line 0" not in error.message
    assert str(log) in str(error)


def test_a_full_disk_is_called_a_full_disk(tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.write_text("write /x: no space left on device\n")
    assert "disk filled up" in gobuild._failure("etcd (build)", log).message


def test_without_root_the_exact_command_for_missing_packages_is_printed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(system.os, "geteuid", lambda: 1000)
    monkeypatch.setattr(system, "_present", lambda _: False)
    monkeypatch.setattr(system.shutil, "which", lambda _: "/usr/bin/apt-get")
    with pytest.raises(UserError, match=r"Type: sudo apt-get install .* conntrack nftables"):
        system.ensure(["nft", "conntrack"], Progress())


def test_the_manifest_of_a_tool_names_every_file(tmp_path: Path) -> None:
    store = Store(tmp_path)
    _fill(store, "tool-1", "works")
    assert set(json.loads((tmp_path / "tool-1" / MANIFEST).read_text())) == {"tool"}
