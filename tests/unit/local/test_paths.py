"""The directories that hold this user's state and cache, and who may write to them."""

import os
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from components.platform import sources
from local import paths
from local.cluster.directory import Directory
from local.errors import UserError
from local.lock import locked
from local.paths import private_cache, state_root
from local.toolchain import manifests
from local.toolchain.gobuild import Go
from local.toolchain.store import Store
from tools import environment

CREATES: dict[str, Callable[[], object]] = {
    "the state": state_root,
    "a lock": lambda: locked(Directory("test").lock, lambda _: None).__enter__(),
    "a cluster": lambda: Directory("test").create(),
    "a backend": lambda: environment.backend("a/context"),
    "the logs of builds": Go,
    "a manifest": lambda: manifests.keep(b"", "0" * 64),
    "a manifest of the program": lambda: sources._keep(b"", sources.cache_directory() / "a.yaml"),
    "a tool": lambda: _fill(Store("tools")),
}


def _fill(store: Store) -> None:
    with store.making("tool-1", lambda _: None) as directory:
        assert directory is not None
        (directory / "below").mkdir()
        (directory / "below" / "program").write_text("")


def test_only_its_owner_can_read_the_state() -> None:
    assert state_root().stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize("umask", [0o000, 0o027, 0o077], ids=oct)
@pytest.mark.parametrize("created", CREATES)
def test_nobody_else_can_change_what_is_created_with_any_umask(tmp_path: Path, created: str, umask: int) -> None:
    before = os.umask(umask)
    try:
        CREATES[created]()
    finally:
        os.umask(before)
    modes = {path: stat.S_IMODE(path.lstat().st_mode) for path in tmp_path.rglob("*")}
    assert modes
    assert {path: oct(mode) for path, mode in modes.items() if path.is_dir() and mode & 0o022} == {}
    # Only the owner gets to what is below the first of them.
    assert {oct(modes[path]) for path in tmp_path.iterdir()} == {"0o700"}


def test_a_directory_that_cannot_be_created_is_named_with_the_fix(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "file"))
    with pytest.raises(UserError, match=f"{tmp_path}/file/synergychat .*Not a directory") as caught:
        Directory("test").create()
    assert "XDG_STATE_HOME" in (caught.value.fix or "")


@pytest.mark.parametrize("directory", [state_root, private_cache, lambda: private_cache("tools")])
@pytest.mark.parametrize("mode", [0o777, 0o770, 0o722])
def test_a_directory_that_others_may_write_to_is_refused_with_the_command(
    directory: Callable[[], Path], mode: int
) -> None:
    path = directory()
    path.chmod(mode)
    with pytest.raises(UserError, match=f"may write to the directory {path} .mode {mode:04o}") as caught:
        directory()
    assert caught.value.fix == f"Type: chmod go-w {path}"


def test_a_directory_of_another_user_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    private_cache("tools")
    monkeypatch.setattr(paths.os, "geteuid", lambda: os.getuid() + 1)
    with pytest.raises(UserError, match=rf"belongs to another user \(UID {os.getuid()}\)"):
        private_cache("tools")


def test_a_link_instead_of_a_directory_is_refused(tmp_path: Path) -> None:
    private_cache().joinpath("tools").symlink_to(tmp_path)
    with pytest.raises(UserError, match="is not a directory of its own"):
        private_cache("tools")


def test_a_directory_that_others_may_only_read_is_closed_to_them() -> None:
    private_cache("tools").chmod(0o755)
    assert stat.S_IMODE(private_cache("tools").stat().st_mode) == 0o700
