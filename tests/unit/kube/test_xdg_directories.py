"""Directories of this user's cache and state."""

from pathlib import Path

import pytest

from components.platform import sources
from kube.xdg_directories import cache_root, state_path
from local.toolchain import manifests


def test_cache_and_state_are_where_the_user_says(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "a"))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "b"))
    assert cache_root() == tmp_path / "a" / "synergychat"
    assert state_path() == tmp_path / "b" / "synergychat"
    assert not state_path().exists()


@pytest.mark.parametrize("given", ["", "relative/directory"])
def test_a_path_that_is_not_absolute_is_ignored_as_the_standard_demands(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, given: str
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_CACHE_HOME", given)
    monkeypatch.setenv("XDG_STATE_HOME", given)
    assert cache_root() == tmp_path / ".cache" / "synergychat"
    assert state_path() == tmp_path / ".local" / "state" / "synergychat"


@pytest.mark.parametrize("given", ["", "/somewhere", "relative/directory"])
def test_the_program_looks_for_a_manifest_where_set_up_puts_it(monkeypatch: pytest.MonkeyPatch, given: str) -> None:
    monkeypatch.setenv("HOME", "/home/user")
    monkeypatch.setenv("XDG_CACHE_HOME", given)
    assert manifests.place("0" * 64).parent == sources.cache_directory()
