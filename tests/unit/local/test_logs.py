"""Rotation of the components' logs, which needs no free space."""

import errno
import logging
import os
from pathlib import Path
from typing import Any

import pytest

from local.cluster import logs


@pytest.fixture(autouse=True)
def _small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logs, "_MAX_BYTES", 1000)


def _no_space(*_: Any, **__: Any) -> Any:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def test_a_large_log_is_truncated_and_its_end_is_kept(tmp_path: Path) -> None:
    (tmp_path / "etcd.log").write_bytes(b"old" * 1000 + b"new" * 300)
    (tmp_path / "kubelet.log").write_text("short")
    logs.rotate(tmp_path)
    assert (tmp_path / "etcd.log").read_bytes() == b""
    kept = (tmp_path / "etcd.log.1").read_bytes()
    assert len(kept) == 1000
    assert kept.endswith(b"new" * 300)
    assert (tmp_path / "kubelet.log").read_text() == "short"
    assert not (tmp_path / "kubelet.log.1").exists()


def test_an_open_log_is_written_from_its_start_after_the_rotation(tmp_path: Path) -> None:
    with (tmp_path / "etcd.log").open("ab", buffering=0) as component:
        component.write(b"x" * 2000)
        logs.rotate(tmp_path)
        component.write(b"next")
    assert (tmp_path / "etcd.log").read_bytes() == b"next"


def test_on_a_full_disk_logs_are_truncated_and_nothing_is_raised(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    for name in ("etcd.log", "kubelet.log"):
        (tmp_path / name).write_bytes(b"x" * 2000)
        (tmp_path / f"{name}.1").write_bytes(b"older")
    monkeypatch.setattr(Path, "write_bytes", _no_space)
    with caplog.at_level(logging.WARNING):
        logs.rotate(tmp_path)
    assert {path.name: path.stat().st_size for path in tmp_path.iterdir()} == {"etcd.log": 0, "kubelet.log": 0}
    assert "etcd.log is not rotated: [Errno 28] No space left on device" in caplog.text


def test_space_is_freed_before_any_is_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "etcd.log").write_bytes(b"x" * 2000)
    (tmp_path / "etcd.log.1").write_bytes(b"older")
    write = Path.write_bytes

    def only_into_freed_space(path: Path, data: bytes) -> int:
        used = sum(file.stat().st_size for file in tmp_path.iterdir())
        assert used == 0
        return write(path, data)

    monkeypatch.setattr(Path, "write_bytes", only_into_freed_space)
    logs.rotate(tmp_path)
    assert (tmp_path / "etcd.log.1").stat().st_size == 1000


def test_a_log_that_cannot_be_truncated_does_not_keep_the_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    for name in ("etcd.log", "kubelet.log"):
        (tmp_path / name).write_bytes(b"x" * 2000)
    truncate = os.truncate
    monkeypatch.setattr(os, "truncate", lambda path, size: _no_space() if path.name[0] == "e" else truncate(path, size))
    logs.rotate(tmp_path)
    assert (tmp_path / "kubelet.log").stat().st_size == 0
    assert "etcd.log is not rotated" in caplog.text
