"""The directory of a cluster: its name and its permissions."""

import os
import stat

import pytest

from local.cluster.directory import DEFAULT_NAME, Directory
from local.errors import UserError


@pytest.mark.parametrize("name", ["a", "7", "synergychat", "team-2", "a" * 20])
def test_a_name_that_is_a_valid_node_name_is_accepted(name: str) -> None:
    assert Directory(name).root.name == name


@pytest.mark.parametrize(
    "name", ["", "-a", "a-", "A", "a_b", "a.b", "a b", "a\n", "..", "a/b", "ä", "a" * 21, "-" * 3], ids=repr
)
def test_any_other_name_is_refused_with_the_rule(name: str) -> None:
    with pytest.raises(UserError, match="is not valid") as caught:
        Directory(name)
    assert repr(name) in caught.value.message
    assert caught.value.fix == "Use at most 20 characters of a-z, 0-9 and -, with a letter or digit at both ends."


@pytest.mark.parametrize("umask", [0o000, 0o022, 0o027, 0o077], ids=oct)
def test_only_the_directories_that_pods_use_are_open_to_others_with_any_umask(umask: int) -> None:
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


def test_the_mode_of_a_directory_is_restored(directory: Directory) -> None:
    directory.root.chmod(0o777)
    directory.create()
    assert stat.S_IMODE(directory.root.stat().st_mode) == 0o700


def test_creating_a_directory_again_keeps_its_content(directory: Directory) -> None:
    (directory.etcd / "data").write_text("kept")
    directory.create()
    assert (directory.etcd / "data").read_text() == "kept"


def test_a_file_in_place_of_a_directory_is_named(directory: Directory) -> None:
    directory.volumes.rmdir()
    directory.volumes.touch()
    with pytest.raises(UserError, match=f"{directory.root} cannot be used: File exists .*volumes") as caught:
        directory.create()
    assert "XDG_STATE_HOME" in (caught.value.fix or "")


def test_the_lock_is_outside_the_directory(directory: Directory) -> None:
    assert not directory.lock.is_relative_to(directory.root)
    assert directory.lock.parent.is_dir()
    assert directory.lock != Directory("other").lock


def test_every_cluster_has_its_own_context() -> None:
    assert Directory(DEFAULT_NAME).context == "synergychat-local"
    assert Directory("test").context == "synergychat-test"
