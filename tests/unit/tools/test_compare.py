"""`make compare` in a small git repository with a tiny program."""

import json
import subprocess
from pathlib import Path

import pytest

from local import supplies
from local.errors import UserError
from tools import compare

PROGRAM = """
import pulumi
from pulumi_kubernetes.core.v1 import ConfigMap
ConfigMap('it', metadata={'name': 'it', 'namespace': 'chat'}, data={'size': pulumi.Config().require('size')})
"""


@pytest.fixture(autouse=True)
def nothing_is_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(supplies, "for_plan", lambda _: None)


def git(repository: Path, *arguments: str) -> str:
    identity = ("-c", "user.name=Somebody", "-c", "user.email=somebody@example.com", "-c", "commit.gpgsign=false")
    command = ["git", "-C", str(repository), *identity, *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    made = tmp_path / "repository"
    made.mkdir()
    (made / "Pulumi.yaml").write_text("name: tiny\nruntime: python\n")
    (made / "Pulumi.dev.yaml").write_text("config: {'tiny:size': small}\n")
    (made / "__main__.py").write_text(PROGRAM)
    git(made, "init", "--quiet", "--initial-branch=main")
    git(made, "add", ".")
    git(made, "commit", "--quiet", "--message=One")
    return made


def worktrees(repository: Path) -> int:
    return len(git(repository, "worktree", "list").splitlines())


def test_equal_trees_end_with_0_and_a_change_with_1_and_its_files(
    repository: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert compare.run("main", "dev", "", repository=repository) == compare.SAME
    assert capsys.readouterr().out.startswith("dev: nothing changes\nCompared with main (")
    (repository / "Pulumi.dev.yaml").write_text("config: {'tiny:size': large}\n")
    assert compare.run("main", "dev", str(tmp_path / "out"), repository=repository) == compare.DIFFERS
    assert "dev: 1 to update" in capsys.readouterr().out
    made = json.loads((tmp_path / "out" / "changes.json").read_text())
    assert made["objects"] == [
        {
            "action": "update",
            "object": "ConfigMap chat/it",
            "fields": [{"path": "data.size", "old": '"small"', "new": '"large"'}],
        }
    ]
    assert {file.name for file in (tmp_path / "out").iterdir()} == {
        "comment.md",
        "changes.json",
        "report.html",
        "exposure.dev.txt",
    }
    assert worktrees(repository) == 1


def test_a_head_that_breaks_and_a_base_that_breaks_end_with_3(
    repository: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (repository / "__main__.py").write_text("raise ImportError('no module named abc')\n")
    assert compare.run("main", "dev", "", repository=repository) == compare.NO_PLAN
    assert "no module named abc" in capsys.readouterr().err
    git(repository, "commit", "--quiet", "--all", "--message=Break it")
    (repository / "__main__.py").write_text(PROGRAM)
    assert compare.run("main", "dev", "", repository=repository) == compare.NO_PLAN
    said = capsys.readouterr().out
    assert "cannot be planned, so everything is new: ImportError: no module named abc" in said
    assert "dev: 1 to create" in said
    assert worktrees(repository) == 1


def test_a_stack_that_only_the_head_has_is_new(repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (repository / "Pulumi.qa.yaml").write_text("config: {'tiny:size': small}\n")
    assert compare.run("main", "qa", "", repository=repository) == compare.DIFFERS
    assert "has no stack qa, so everything is new." in capsys.readouterr().out


def test_a_stack_that_does_not_exist_is_a_mistake(repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert compare.run("main", "none", "", repository=repository) == compare.MISTAKE
    assert "There is no stack none" in capsys.readouterr().err


def test_a_stack_without_a_plan_has_its_reason_as_the_comment(repository: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    (repository / "Pulumi.dev.yaml").write_text("config: {'tiny:size': large}\n")
    assert compare.run("main", "dev", str(out), repository=repository) == compare.DIFFERS
    (repository / "Pulumi.dev.yaml").write_text("config: {}\n")
    assert compare.run("main", "dev", str(out), repository=repository) == compare.NO_PLAN
    assert [file.name for file in out.iterdir()] == ["comment.md"]
    text = (out / "comment.md").read_text()
    assert text.startswith("### `dev` cannot be planned\n\n<pre>")
    assert "Missing required configuration variable" in text


def test_a_base_that_does_not_exist_is_told_in_the_comment(tmp_path: Path) -> None:
    assert compare.command("no-such-revision", "dev", str(tmp_path)) == compare.NO_PLAN
    assert "There is no revision" in (tmp_path / "comment.md").read_text()


def test_a_directory_that_cannot_be_written_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "file").touch()
    assert compare.command("no-such-revision", "dev", str(tmp_path / "file")) == compare.NO_PLAN
    assert str(tmp_path / "file") in capsys.readouterr().err


def test_without_an_envoy_the_comparison_goes_on_and_says_why(
    repository: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def missing(_: object) -> None:
        raise UserError("There is no Go.")

    monkeypatch.setattr(supplies, "for_asking", missing)
    assert compare.run("main", "dev", "", with_envoy=True, repository=repository) == compare.SAME
    assert "No Envoy was asked: There is no Go." in capsys.readouterr().out


@pytest.mark.parametrize("base", ["elsewhere", "--help", "-x", "main;id", ""])
def test_a_base_that_does_not_exist_is_named(repository: Path, base: str) -> None:
    with pytest.raises(UserError) as raised:
        compare.run(base, "dev", "", repository=repository)
    assert raised.value.fix in ("Type: git fetch origin main", "Type: make compare BASE=main")


def test_a_failure_does_not_end_as_if_something_differed(capsys: pytest.CaptureFixture[str]) -> None:
    assert compare.command("no-such-revision", "dev", "") == compare.NO_PLAN
    assert "There is no revision 'no-such-revision' here" in capsys.readouterr().err


def test_outside_of_a_repository_the_user_is_told(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="is not a git repository"):
        compare.run("main", "dev", "", repository=tmp_path)
