"""Where the user's cache and state live."""

from pathlib import Path

import pytest

from local.cluster.directory import Directory
from local.errors import UserError
from local.paths import cache_root, state_root


def test_cache_and_state_lie_where_the_user_says(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "a"))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "b"))
    assert cache_root() == tmp_path / "a" / "synergychat"
    assert state_root() == tmp_path / "b" / "synergychat"


@pytest.mark.parametrize("given", ["", "relative/place"])
def test_a_place_that_is_not_absolute_is_ignored_as_the_standard_demands(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, given: str
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_CACHE_HOME", given)
    monkeypatch.setenv("XDG_STATE_HOME", given)
    assert cache_root() == tmp_path / ".cache" / "synergychat"
    assert state_root() == tmp_path / ".local" / "state" / "synergychat"


def test_state_is_its_owners_alone() -> None:
    assert state_root().stat().st_mode & 0o777 == 0o700


def test_a_place_that_cannot_be_used_is_named_with_the_cure(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "file"))
    with pytest.raises(UserError, match=f"{tmp_path}/file/synergychat .*Not a directory") as caught:
        Directory("test").create()
    assert "XDG_STATE_HOME" in (caught.value.cure or "")
