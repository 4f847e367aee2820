"""`.venv`: made once, brought up to date when a pin changes, and never taken for whole when it is not."""

import sys
from pathlib import Path

import pytest

from local import venv
from local.venv import DEV, RUN


class Commands:
    """A replacement for `python -m venv` and `pip install`; `works` says whether pip succeeds."""

    def __init__(self, where: Path) -> None:
        self._python = where / "bin" / "python"
        self.run: list[list[str]] = []
        self.works = True

    def __call__(self, command: list[str], fix: str) -> bool:
        self.run.append(command)
        if command[1:3] == ["-m", "venv"]:
            self._python.parent.mkdir(parents=True)
            self._python.write_text("#!/bin/sh\nexit 0\n")
            self._python.chmod(0o755)
            return True
        return self.works

    def done(self) -> list[str]:
        """Modules that were run since the last call: `venv` or `pip`."""
        kinds = [command[2] for command in self.run]
        self.run.clear()
        return kinds


@pytest.fixture
def where(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository with requirements, and where its `.venv` goes."""
    monkeypatch.setattr(venv, "REPOSITORY", tmp_path)
    for name in (*RUN, *DEV):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(f"{name}==1\n")
    return tmp_path / ".venv"


@pytest.fixture
def commands(where: Path, monkeypatch: pytest.MonkeyPatch) -> Commands:
    stand_in = Commands(where)
    monkeypatch.setattr(venv, "_run", stand_in)
    return stand_in


def test_a_fresh_clone_gets_an_environment_with_hashes_checked(where: Path, commands: Commands) -> None:
    assert venv.install(RUN, where)
    make, install = commands.run
    assert make == [sys.executable, "-m", "venv", str(where)]
    assert install[0] == str(where / "bin" / "python")
    assert {"--require-hashes", "--only-binary=:all:"} <= set(install)
    assert [install[i + 1] for i, part in enumerate(install) if part == "--requirement"] == [
        str(where.parent / name) for name in RUN
    ]


def test_a_second_run_does_nothing(where: Path, commands: Commands) -> None:
    assert venv.install(RUN, where)
    assert commands.done() == ["venv", "pip"]
    assert venv.install(RUN, where)
    assert commands.done() == []


def test_a_pin_that_changed_is_installed_into_the_environment_that_is_there(where: Path, commands: Commands) -> None:
    venv.install(RUN, where)
    commands.done()
    (where.parent / RUN[1]).write_text("other==2\n")
    assert venv.install(RUN, where)
    assert commands.done() == ["pip"]


def test_what_the_tests_need_is_installed_beside_what_is_there(where: Path, commands: Commands) -> None:
    venv.install(RUN, where)
    commands.done()
    assert venv.install(DEV, where)
    assert venv.install(RUN, where)
    assert commands.done() == ["pip"]


def test_an_installation_that_failed_is_tried_again(where: Path, commands: Commands) -> None:
    commands.works = False
    assert not venv.install(RUN, where)
    assert commands.done() == ["venv", "pip"]
    commands.works = True
    assert venv.install(RUN, where)
    assert commands.done() == ["pip"]


def test_an_environment_without_a_python_is_made_anew(where: Path, commands: Commands) -> None:
    venv.install(RUN, where)
    commands.done()
    (where / "left-over").touch()
    (where / "bin" / "python").unlink()
    assert venv.install(RUN, where)
    assert commands.done() == ["venv", "pip"]
    assert not (where / "left-over").exists()


def test_an_environment_whose_pip_does_not_run_is_made_anew(where: Path, commands: Commands) -> None:
    venv.install(RUN, where)
    commands.done()
    (where / "bin" / "python").write_text("#!/bin/sh\nexit 1\n")
    (where.parent / RUN[0]).write_text("other==2\n")
    assert venv.install(RUN, where)
    assert commands.done() == ["venv", "pip"]


@pytest.mark.parametrize(("arguments", "installed"), [([], [RUN]), (["--dev"], [RUN, DEV])])
def test_the_tests_own_packages_are_installed_only_on_request(
    monkeypatch: pytest.MonkeyPatch, arguments: list[str], installed: list[tuple[str, ...]]
) -> None:
    asked: list[tuple[str, ...]] = []

    def install(files: tuple[str, ...]) -> bool:
        asked.append(files)
        return True

    monkeypatch.setattr(venv, "install", install)
    assert venv.main(arguments) == 0
    assert asked == installed


def test_nothing_more_is_tried_after_a_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[str, ...]] = []
    monkeypatch.setattr(venv, "install", lambda files: asked.append(files) is not None)
    assert venv.main(["--dev"]) == 1
    assert asked == [RUN]


def test_an_old_python_is_told_what_to_type(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(venv, "install", lambda _: pytest.fail("nothing is installed with an old Python"))
    monkeypatch.setattr(sys, "version_info", (3, 10, 4, "final", 0))
    assert venv.main([]) == 1
    said = "".join(capsys.readouterr())
    assert "Python 3.10.4 is too old: 3.11 or newer is needed" in said
    assert "make PYTHON=" in said


def test_a_command_that_fails_shows_its_last_words_and_the_fix(capsys: pytest.CaptureFixture[str]) -> None:
    words = "; ".join(f"echo line {n} >&2" for n in range(9))
    assert not venv._run(["sh", "-c", f"{words}; exit 3"], "Check the network.")
    said = capsys.readouterr().err
    assert "\n    line 8\n" in said
    assert "\n    line 3\n" not in said
    assert said.endswith("  Check the network.\n")


def test_a_command_that_works_says_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    assert venv._run(["sh", "-c", "echo noise; echo noise >&2"], "")
    assert capsys.readouterr() == ("", "")


def test_the_files_to_install_are_in_the_repository_with_a_hash_for_every_package() -> None:
    for name in (*RUN, *DEV):
        pins = [line for line in (venv.REPOSITORY / name).read_text().splitlines() if line and line[0] not in " #"]
        assert pins
        assert all("==" in line for line in pins)
        assert (venv.REPOSITORY / name).read_text().count("--hash=sha256:") >= len(pins)
