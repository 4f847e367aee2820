"""Locks of killed runs in a backend of files, with real processes as holders."""

import json
import os
import shutil
import socket
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from local.errors import UserError
from local.paths import REPOSITORY
from tools import pulumi_processes, state_lock
from tools.stack import Stack


@pytest.fixture
def backend(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A backend that only processes of this test use."""
    everywhere = pulumi_processes.running
    monkeypatch.setattr(
        pulumi_processes, "running", lambda: {pid: url for pid, url in everywhere().items() if _is_child(pid)}
    )
    return tmp_path / "100%25 state"


def _is_child(pid: int) -> bool:
    children = Path("/proc/self/task").glob("*/children")
    return pid in [int(child) for file in children for child in file.read_text().split()]


@pytest.fixture
def pulumi(backend: Path, tmp_path: Path) -> Iterator[int]:
    """The PID of a living process named pulumi that uses the backend."""
    program = tmp_path / "pulumi"
    shutil.copyfile(shutil.which("sleep") or "", program)
    program.chmod(0o755)
    with subprocess.Popen([program, "60"], env={"PULUMI_BACKEND_URL": backend.as_uri()}) as process:
        while not pulumi_processes.is_pulumi(process.pid):
            assert process.poll() is None
        yield process.pid
        process.kill()


def lock(backend: Path, text: str, stack: str = "dev", project: str = "synergychat") -> Path:
    file = backend / ".pulumi" / "locks" / "organization" / project / stack / "one.json"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)
    file.with_name("one.json.attrs").write_text("{}")
    return file


def held_by(pid: int, host: str | None = None, **more: object) -> str:
    holder: Mapping[str, object] = {"pid": pid, "username": "me", "hostname": host or socket.gethostname(), **more}
    return json.dumps(holder)


DAMAGED = ["", "[]", "{", '{"pid": 1', "null", '"text"', "\0", '{"hostname": "here"}', '{"hostname": 1, "pid": "x"}']


@pytest.mark.parametrize("text", DAMAGED)
def test_a_damaged_lock_that_nobody_can_hold_is_removed_with_a_message(
    backend: Path, text: str, capsys: pytest.CaptureFixture[str]
) -> None:
    file = lock(backend, text)
    state_lock.release_dead("dev", backend.as_uri())
    assert list(file.parent.iterdir()) == []
    assert str(file) in capsys.readouterr().out


def test_a_damaged_lock_that_a_running_pulumi_may_hold_stays(backend: Path, pulumi: int) -> None:
    file = lock(backend, "")
    with pytest.raises(UserError) as refused:
        state_lock.release_dead("dev", backend.as_uri())
    assert f"pid {pulumi}" in refused.value.message
    assert f"rm '{file}'" in (refused.value.fix or "")
    assert file.exists()


def test_a_pulumi_of_another_backend_cannot_hold_it(backend: Path, pulumi: int, tmp_path: Path) -> None:
    other = tmp_path / "other"
    file = lock(other, "")
    state_lock.release_dead("dev", other.as_uri())
    assert not file.exists()


def test_a_stack_tells_that_its_last_run_was_killed(backend: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PULUMI_BACKEND_URL", backend.as_uri())
    state = backend / ".pulumi" / "stacks" / "synergychat" / "dev.json"
    state.parent.mkdir(parents=True)
    state.write_text('{"resources": []}')
    lock(backend, held_by(2**22 + 1))
    assert Stack("dev", "kind-one", named=False).recover()
    assert not Stack("dev", "kind-one", named=False).recover()


def test_the_lock_of_a_living_pulumi_stays(backend: Path, pulumi: int) -> None:
    file = lock(backend, held_by(pulumi))
    state_lock.release_dead("dev", backend.as_uri())
    assert file.exists()


def test_the_lock_of_another_machine_stays(backend: Path) -> None:
    file = lock(backend, held_by(1, host="elsewhere.example.com"))
    state_lock.release_dead("dev", backend.as_uri())
    assert file.exists()


def test_the_lock_of_a_pulumi_that_has_ended_is_removed_also_if_its_pid_is_another_programs(
    backend: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for pid in (os.getpid(), 2**22 + 1):
        file = lock(backend, held_by(pid))
        state_lock.release_dead("dev", backend.as_uri())
        assert not file.exists()
        assert f"pid {pid}" in capsys.readouterr().out


def test_locks_of_other_stacks_and_projects_stay(backend: Path) -> None:
    files = [lock(backend, "", stack="prod"), lock(backend, "", project="other")]
    state_lock.release_dead("dev", backend.as_uri())
    assert all(file.exists() for file in files)


@pytest.mark.parametrize(
    ("url", "place"),
    [
        ("file:///var/state", "/var/state"),
        ("file:///var/state?no_tmp_dir=true", "/var/state"),
        ("file:///var/100%2525", "/var/100%25"),
        ("file://~/state", str(Path.home().resolve() / "state")),
        ("file://~", str(Path.home().resolve())),
        ("file://./state", str(REPOSITORY / "state")),
    ],
)
def test_the_directory_of_a_backend_is_found_as_pulumi_does(url: str, place: str) -> None:
    assert str(state_lock.directory(url)) == place


@pytest.mark.parametrize("url", ["s3://bucket", "https://api.pulumi.com", ""])
def test_a_backend_that_is_not_of_files_is_left_alone(url: str) -> None:
    assert state_lock.directory(url) is None
    state_lock.release_dead("dev", url)


def test_a_pulumi_that_ends_meanwhile_does_not_run(pulumi: int, backend: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    answers = iter([True, False])
    monkeypatch.setattr(pulumi_processes, "is_pulumi", lambda pid: pid == pulumi and next(answers))
    monkeypatch.setattr(pulumi_processes, "_backend", lambda _: None)
    assert pulumi_processes.running() == {}
