"""What is merged and not deployed, and which plan may be deployed."""

import json
from pathlib import Path
from typing import Any

import pytest

from local.errors import UserError
from tests.unit.tools.ci.fake_github import FakeGitHub
from tools.ci import __main__ as command_line
from tools.ci import deployment
from tools.ci.deployment import Planned
from tools.ci.github import GitHub
from tools.ci.result import Changes, Result

PLAN, OTHER = "a" * 64, "b" * 64


def deployed(number: int, sha: str, *states: str, environment: str = "prod") -> dict[str, Any]:
    return {"id": number, "sha": sha, "environment": environment, "states": states}


def planned(stack: str = "prod", commit: str | None = "c0ffee", *, differs: bool = True) -> Planned:
    numbers = {"deletions": [], "replacements": [], "exposure": [], "summary": "2 objects change", "plan": PLAN}
    return Planned(stack, commit, Result(stack, "text", Changes.model_validate({"differs": differs, **numbers})))


@pytest.fixture
def github(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> FakeGitHub:
    """The GitHub of the workflow that runs the command line, with the stacks prod and staging to deploy."""
    fake = FakeGitHub()
    monkeypatch.setattr(GitHub, "of_workflow", lambda: fake.api)
    monkeypatch.setenv("DEPLOY_STACKS", "staging prod")
    monkeypatch.setenv("GITHUB_OUTPUT", str(tmp_path / "output"))
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(tmp_path / "summary"))
    monkeypatch.setattr(deployment, "git", lambda *_: "")
    monkeypatch.setattr(deployment, "planned", planned)
    return fake


def output(directory: Path) -> dict[str, Any]:
    lines = (line.partition("=") for line in (directory / "output").read_text().splitlines())
    return {name: json.loads(value) for name, _, value in lines}


def test_the_deployed_commit_is_that_of_the_last_deployment_that_succeeded() -> None:
    github = FakeGitHub()
    github.deployments = [
        deployed(5, "e", "success", environment="staging"),
        deployed(4, "d", "waiting"),
        deployed(3, "c", "failure", "in_progress", "queued"),
        deployed(2, "b", "inactive", "success", "in_progress"),
        deployed(1, "a", "inactive", "success"),
    ]
    assert deployment.deployed(github.api, "prod") == "b"
    assert deployment.deployed(github.api, "dev") is None


def test_a_stack_waits_if_it_differs_or_was_never_deployed(github: FakeGitHub, monkeypatch: pytest.MonkeyPatch) -> None:
    github.deployments = [deployed(1, "a", "success"), deployed(2, "b", "success", environment="staging")]
    changed = {"a": ["Pulumi.prod.yaml"], "b": ["Pulumi.prod.yaml"]}
    monkeypatch.setattr(deployment, "changed_files", lambda commit: changed[commit])
    assert [each.stack for each in deployment.pending(github.api, ["prod", "staging", "dev"])] == ["prod", "dev"]
    monkeypatch.setattr(deployment, "planned", lambda stack, commit: planned(stack, commit, differs=False))
    assert [each.stack for each in deployment.pending(github.api, ["prod", "staging", "dev"])] == ["dev"]


def test_an_unknown_stack_to_deploy_is_refused(github: FakeGitHub) -> None:
    with pytest.raises(UserError, match=r"Pulumi\.shop\.yaml does not exist"):
        deployment.pending(github.api, ["shop"])


def test_plans_are_given_to_the_next_job(github: FakeGitHub, tmp_path: Path) -> None:
    assert command_line.main(["plan"]) == 0
    assert output(tmp_path)["plans"] == [{"stack": "staging", "plan": PLAN}, {"stack": "prod", "plan": PLAN}]
    assert "## Stack prod" in (tmp_path / "summary").read_text()


@pytest.mark.parametrize(("approved", "code"), [(PLAN, 0), ("", 0), (OTHER, 1), ("x", 1)])
def test_only_the_approved_plan_is_deployed(
    github: FakeGitHub, approved: str, code: int, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert command_line.main(["plan", "--stack=prod", f"--approved={approved}"]) == code
    assert (tmp_path / "output").exists() is (code == 0)
    assert ("not the one that was approved" in capsys.readouterr().err) is (code == 1)


def test_a_stack_that_is_not_to_be_deployed_is_refused(github: FakeGitHub, capsys: pytest.CaptureFixture[str]) -> None:
    assert command_line.main(["plan", "--stack=dev"]) == 1
    assert "dev is not in the variable DEPLOY_STACKS" in capsys.readouterr().err


def test_a_commit_that_is_older_than_the_deployed_one_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deployment, "git", lambda *_: "d00d\n")
    with pytest.raises(UserError, match="which is deployed, is not part of this commit"):
        deployment.check_approved(planned(), PLAN)


def test_a_stack_without_a_plan_is_not_deployed() -> None:
    with pytest.raises(UserError, match=r"cannot be planned:\n\[unknown-key\]"):
        deployment.check_approved(Planned("prod", None, Result("prod", "[unknown-key]", None)), PLAN)


def test_the_result_of_make_compare_is_read_from_its_files(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """make ends with 2 for every exit code of a recipe."""
    (tmp_path / "Makefile").write_text(
        'compare:\n\t@mkdir -p $(OUT) && echo "$(BASE) $(STACK)" > $(OUT)/comment.md && exit 1\n'
    )
    monkeypatch.setattr(deployment, "REPOSITORY", tmp_path)
    (tmp_path / "comparisons" / "prod").mkdir(parents=True)
    (tmp_path / "comparisons" / "prod" / "changes.json").write_text("of an earlier run")
    found = deployment.planned("prod", None)
    assert found.result == Result("prod", "HEAD prod\n", None)
    assert found.waits


def test_one_issue_says_what_is_not_deployed_until_it_is(github: FakeGitHub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deployment, "pending", lambda *_: [planned()])
    monkeypatch.setattr(deployment, "git", lambda *_: "abc1234\ndef5678\n")
    assert command_line.main(["pending"]) == 0
    assert [each["title"] for each in github.issues] == ["Stack prod: merged, not deployed"]
    assert "- abc1234\n- def5678\n\n2 objects change" in github.issues[0]["body"]
    monkeypatch.setattr(deployment, "pending", lambda *_: [])
    assert command_line.main(["pending"]) == 0
    assert [each["state"] for each in github.issues] == ["closed"]


def test_one_issue_shows_the_drift_as_code(github: FakeGitHub, tmp_path: Path) -> None:
    report = tmp_path / "drift.txt"
    report.write_text("~ Deployment web\n```\n@ada\n")
    arguments = ["drift", "--stack=prod", f"--report={report}", "--outcome"]
    assert command_line.main([*arguments, "failure"]) == 0
    assert github.issues[0]["body"].endswith("\n    ~ Deployment web\n    ```\n    @ada")
    assert command_line.main([*arguments, "success"]) == 0
    assert github.issues[0]["state"] == "closed"


def test_a_preview_fails_if_there_is_no_plan(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "comment.md").write_text("[unknown-key] gateways")
    assert command_line.main(["compared", "--stack=prod", f"--out={tmp_path}"]) == 1
    assert "[unknown-key] gateways" in capsys.readouterr().err
    changes = planned().result.changes
    assert changes is not None
    (tmp_path / "changes.json").write_text(changes.model_dump_json())
    assert command_line.main(["compared", "--stack=prod", f"--out={tmp_path}"]) == 0


def test_outside_of_a_workflow_a_command_says_so(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("GITHUB_TOKEN", "GITHUB_REPOSITORY", "GITHUB_EVENT_PATH"):
        monkeypatch.delenv(name, raising=False)
    for command in ("comment", "plan"):
        assert command_line.main([command]) == 1
        assert "this command is for a workflow" in capsys.readouterr().err
