"""The directory that holds this user's state."""

from pathlib import Path

import pytest

from local.cluster.directory import Directory
from local.errors import UserError
from local.paths import state_root


def test_only_its_owner_can_read_the_state() -> None:
    assert state_root().stat().st_mode & 0o777 == 0o700


def test_a_directory_that_cannot_be_created_is_named_with_the_fix(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "file"))
    with pytest.raises(UserError, match=f"{tmp_path}/file/synergychat .*Not a directory") as caught:
        Directory("test").create()
    assert "XDG_STATE_HOME" in (caught.value.fix or "")
