"""The workflows themselves: what they may do, and that their commands exist."""

import re
import shlex
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from local.paths import REPOSITORY
from tools import check
from tools.ci import __main__ as command_line

WORKFLOWS = {file.name: file for file in sorted(REPOSITORY.glob(".github/workflows/*"))}
ACTIONS = {file.parent.name: file for file in sorted(REPOSITORY.glob(".github/actions/*/action.yml"))}
WRITERS = {("comment.yml", "pull-requests"), ("deploy.yml", "id-token"), ("drift.yml", "id-token")}
WRITERS |= {("drift.yml", "issues"), ("pending.yml", "issues")}


def read(file: Path) -> Mapping[str, Any]:
    # YAML 1.1 reads the key `on` as a boolean.
    return {"on" if key is True else key: value for key, value in yaml.safe_load(file.read_text()).items()}


def jobs(name: str) -> dict[str, Any]:
    return read(WORKFLOWS[name])["jobs"]


def steps(name: str) -> Iterator[Mapping[str, Any]]:
    for job in jobs(name).values():
        yield from job["steps"]


def scripts() -> list[tuple[str, str]]:
    found = [(name, step["run"]) for name in WORKFLOWS for step in steps(name) if "run" in step]
    of_actions = ((name, read(file)["runs"]["steps"]) for name, file in ACTIONS.items())
    return found + [(name, step["run"]) for name, each in of_actions for step in each if "run" in step]


def test_the_workflows_are_those_of_the_page() -> None:
    page = (REPOSITORY / "docs" / "pull-requests.md").read_text()
    assert [name for name in WORKFLOWS if f"`{name}`" not in page] == []
    assert len(WORKFLOWS) == 6


@pytest.mark.parametrize("name", WORKFLOWS)
def test_a_workflow_gets_only_what_it_needs(name: str) -> None:
    workflow = read(WORKFLOWS[name])
    assert workflow["permissions"] == {}
    assert "pull_request_target" not in workflow["on"]
    for job in workflow["jobs"].values():
        assert job["timeout-minutes"] <= 90
        written = {(name, scope) for scope, right in job["permissions"].items() if right == "write"}
        assert written <= WRITERS
        assert set(job["permissions"].values()) <= {"read", "write"}


def test_what_runs_the_code_of_a_pull_request_has_no_secret_and_writes_nothing() -> None:
    for name, file in WORKFLOWS.items():
        if "pull_request" in read(file)["on"]:
            assert "secrets." not in file.read_text()
            assert not {writer for writer, _ in WRITERS} & {name}


def test_what_may_write_to_a_pull_request_checks_out_the_default_branch() -> None:
    for step in steps("comment.yml"):
        assert set(step.get("with", {})) <= {"persist-credentials", "python-version"}


def test_actions_are_pinned_by_commit_with_the_version_beside() -> None:
    for file in [*WORKFLOWS.values(), *ACTIONS.values()]:
        for action in re.findall(r"uses: (.*)", file.read_text()):
            local = action.startswith("./.github/actions/")
            assert local or re.fullmatch(r"[\w/-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", action), action


def test_no_checkout_leaves_its_token() -> None:
    for name in WORKFLOWS:
        for step in steps(name):
            if step.get("uses", "").startswith("actions/checkout@"):
                assert step["with"]["persist-credentials"] is False


def test_no_text_of_an_event_becomes_part_of_a_command() -> None:
    assert [script for _, script in scripts() if "${{" in script] == []


@pytest.mark.parametrize(("name", "script"), scripts(), ids=str)
def test_the_commands_exist(name: str, script: str, bare: dict[str, str]) -> None:
    """In an environment with nothing in it, as on a runner."""
    subprocess.run(["bash", "-n", "-c", script], env=bare, check=True)
    for line in script.splitlines():
        if found := re.search(r"\bmake ([^|&]*?)(?: 2>|\|| *$)", line):
            typed = shlex.split(found[1].replace("$", ""))
            done = subprocess.run(
                ["make", "-n", *typed], cwd=REPOSITORY, env=bare, capture_output=True, text=True, check=False
            )
            assert done.returncode == 0, done.stderr
            assert "-m tools" in done.stdout
        if found := re.search(r"-m tools\.ci (\w+)", line):
            with pytest.raises(SystemExit) as ended:
                command_line.main([found[1], "--help"])
            assert ended.value.code == 0


@pytest.fixture
def bare(tmp_path: Path) -> dict[str, str]:
    return {"PATH": "/usr/bin:/bin", "HOME": str(tmp_path)}


def test_the_checkers_of_workflows_find_a_mistake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / ".github" / "workflows").mkdir(parents=True)
    file = tmp_path / ".github" / "workflows" / "odd.yml"
    text = WORKFLOWS["check.yml"].read_text()
    file.write_text(text)
    monkeypatch.setattr(check, "REPOSITORY", tmp_path)

    def code(command: list[str], content: str) -> int:
        file.write_text(content)
        return subprocess.run(command, cwd=tmp_path, capture_output=True, check=False).returncode

    schema, *_, security = check.workflows()
    assert code(schema, text) == 0
    assert code(security, text) == 0
    assert code(schema, text.replace("runs-on", "run-on")) != 0
    assert code(security, text.replace("run: make check", "run: echo ${{ github.head_ref }}")) != 0
