"""Files that are either whole or absent, however the writer ends."""

import os
import resource
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from kube.atomic_write import write_whole


@contextmanager
def full_after(size: int) -> Iterator[None]:
    """Within this, no file of this process grows beyond `size`: the write fails as it does on a full disk."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@contextmanager
def umask(mask: int) -> Iterator[None]:
    before = os.umask(mask)
    try:
        yield
    finally:
        os.umask(before)


@pytest.mark.parametrize("content", ["words, also 'größer'", b"\x00\xff"])
def test_a_file_holds_what_was_written(tmp_path: Path, content: str | bytes) -> None:
    path = tmp_path / "file"
    write_whole(path, content)
    assert path.read_bytes() == (content.encode() if isinstance(content, str) else content)
    assert list(tmp_path.iterdir()) == [path]


def test_a_failing_write_leaves_the_old_content_and_nothing_beside_it(tmp_path: Path) -> None:
    path = tmp_path / "settings.json"
    write_whole(path, "old")
    with full_after(4096), pytest.raises(OSError):
        write_whole(path, b"x" * 100_000)
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_reader_that_is_half_way_keeps_the_old_content(tmp_path: Path) -> None:
    path = tmp_path / "file"
    write_whole(path, "old content")
    with path.open("rb", buffering=0) as reader:
        assert reader.read(3) == b"old"
        write_whole(path, "new")
        assert reader.read() == b" content"
    assert path.read_text() == "new"


def test_a_file_is_its_owners_alone_unless_a_mode_is_asked_for(tmp_path: Path) -> None:
    with umask(0):
        write_whole(tmp_path / "key", "secret")
        write_whole(tmp_path / "shared", "", mode=0o644)
    assert stat.S_IMODE((tmp_path / "key").stat().st_mode) == 0o600
    assert stat.S_IMODE((tmp_path / "shared").stat().st_mode) == 0o644


def test_a_file_that_others_could_read_is_private_once_it_is_replaced(tmp_path: Path) -> None:
    path = tmp_path / "kubeconfig"
    path.touch(mode=0o644)
    write_whole(path, "secret")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
