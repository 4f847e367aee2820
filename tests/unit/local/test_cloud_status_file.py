"""The cloud's status file on a disk that is full for a while."""

import asyncio
import errno
import json
import os
from pathlib import Path

import pytest

from local.cluster import repeated_write
from local.cluster.cloud import status_file
from local.cluster.cloud.status_file import StatusFile


class Disk:
    """A disk that can be full. It counts the writes."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.full = False
        self.writes = 0
        self._write = repeated_write.write_whole
        monkeypatch.setattr(repeated_write, "write_whole", self._write_whole)

    def _write_whole(self, path: Path, content: str) -> None:
        self.writes += 1
        if self.full:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        self._write(path, content)


@pytest.fixture
def disk(monkeypatch: pytest.MonkeyPatch) -> Disk:
    return Disk(monkeypatch)


def test_an_unchanged_section_is_written_once(disk: Disk, tmp_path: Path) -> None:
    status = StatusFile(tmp_path / "status.json")
    status.set("services", [])
    status.set("services", [])
    assert disk.writes == 1


def test_a_full_disk_does_not_end_the_cloud_and_is_logged_once(
    disk: Disk, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    disk.full = True
    status = StatusFile(tmp_path / "status.json")
    for section in ("services", "volumes", "api"):
        status.set(section, [])
    assert caplog.text.count("No space left on device") == 1


def test_a_failed_write_is_repeated_with_the_next_value_even_if_that_is_the_same(disk: Disk, tmp_path: Path) -> None:
    disk.full = True
    status = StatusFile(tmp_path / "status.json")
    status.set("volumes", [{"error": "x"}])
    disk.full = False
    status.set("volumes", [{"error": "x"}])
    assert json.loads((tmp_path / "status.json").read_text())["errors"] == ["x"]


def test_a_failed_write_is_repeated_without_a_change(
    disk: Disk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(status_file, "_RETRY_INTERVAL_S", 0.001)

    async def run() -> None:
        status = StatusFile(tmp_path / "status.json")
        disk.full = True
        status.set("services", [{"name": "web"}])
        repeating = asyncio.create_task(status.keep_written())
        await asyncio.sleep(0.02)
        disk.full = False
        async with asyncio.timeout(5):
            while not (tmp_path / "status.json").exists():
                await asyncio.sleep(0.001)
        repeating.cancel()

    asyncio.run(run())
    assert json.loads((tmp_path / "status.json").read_text())["services"] == [{"name": "web"}]
