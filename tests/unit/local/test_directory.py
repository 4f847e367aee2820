"""The directory of a cluster: its name, and who may look into it."""

import os
import stat
from pathlib import Path

import pytest

from local.cluster.directory import DEFAULT_NAME, Directory
from local.errors import UserError


@pytest.mark.parametrize("name", ["a", "7", "synergychat", "team-2", "a" * 20])
def test_a_name_that_serves_as_a_node_name_is_taken(name: str) -> None:
    assert Directory(name).root.name == name


@pytest.mark.parametrize(
    "name", ["", "-a", "a-", "A", "a_b", "a.b", "a b", "a\n", "..", "a/b", "ä", "a" * 21, "-" * 3], ids=repr
)
def test_any_other_name_is_refused_with_the_rule(name: str) -> None:
    with pytest.raises(UserError, match="is no name for a cluster") as caught:
        Directory(name)
    assert repr(name) in caught.value.message
    assert caught.value.cure == "Use up to 20 of a-z, 0-9 and -, with a letter or digit at both ends."


@pytest.mark.parametrize("umask", [0o000, 0o022, 0o077], ids=oct)
def test_what_pods_reach_into_is_open_and_all_else_is_its_owners_alone_whatever_the_umask(umask: int) -> None:
    directory = Directory("test")
    before = os.umask(umask)
    try:
        directory.create()
    finally:
        os.umask(before)
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in directory.root.iterdir()}
    shared = {"kubelet", "pod-logs", "volumes"}
    assert {name for name, mode in modes.items() if mode == 0o755} == shared
    assert {name for name, mode in modes.items() if mode == 0o700} == set(modes) - shared
    assert stat.S_IMODE(directory.root.stat().st_mode) == 0o700


def test_a_directory_that_was_opened_to_others_is_closed_again(directory: Directory) -> None:
    directory.root.chmod(0o777)
    directory.create()
    assert stat.S_IMODE(directory.root.stat().st_mode) == 0o700


def test_making_a_directory_again_keeps_what_is_in_it(directory: Directory) -> None:
    (directory.etcd / "data").write_text("kept")
    directory.create()
    assert (directory.etcd / "data").read_text() == "kept"


def test_something_else_in_the_directorys_place_is_named(directory: Directory) -> None:
    directory.volumes.rmdir()
    directory.volumes.touch()
    with pytest.raises(UserError, match=f"{directory.root} cannot be used: File exists .*volumes") as caught:
        directory.create()
    assert "XDG_STATE_HOME" in (caught.value.cure or "")


def test_the_lock_outlives_the_directory(directory: Directory) -> None:
    assert not directory.lock.is_relative_to(directory.root)
    assert directory.lock.parent.is_dir()
    assert directory.lock != Directory("other").lock


def test_clusters_of_one_name_and_two_users_have_cgroups_of_their_own(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    mine = Directory("test").cgroup
    assert Directory("test").cgroup == mine
    assert Directory("other").cgroup != mine
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "another user's"))
    assert Directory("test").cgroup != mine


def test_every_cluster_has_a_context_of_its_own() -> None:
    assert Directory(DEFAULT_NAME).context == "synergychat-local"
    assert Directory("test").context == "synergychat-test"
