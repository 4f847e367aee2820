"""Fixtures for the tests of the local cluster. Each test has its own XDG directories instead of the user's."""

from pathlib import Path

import pytest

from local.cluster.directory import Directory


@pytest.fixture(autouse=True)
def own_places(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


@pytest.fixture
def directory(own_places: None) -> Directory:
    created = Directory("test")
    created.create()
    return created
