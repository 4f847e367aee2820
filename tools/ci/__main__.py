"""`python -m tools.ci COMMAND`: what the workflows in `.github/workflows` run beside the targets of make."""

import argparse
import json
import os
import sys
from pathlib import Path
from typing import Any

from local.command import exit_code
from local.errors import UserError
from tools.ci import comment, deployment, issues
from tools.ci.affected import affected, changed_files, inputs_of_stacks
from tools.ci.deployment import Planned
from tools.ci.github import GitHub
from tools.ci.result import Result


def main(arguments: list[str] | None = None) -> int:
    given = _parser().parse_args(arguments)
    return exit_code(lambda: given.run(given))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tools.ci", description=__doc__)
    commands = parser.add_subparsers(required=True)

    command = commands.add_parser("stacks", help="list the stacks that the changes since a revision can change")
    command.add_argument("--base", required=True)
    command.set_defaults(run=lambda given: _stacks(given.base))

    command = commands.add_parser("compared", help="show what `make compare` wrote; fail if the stack has no plan")
    command.add_argument("--stack", required=True)
    command.add_argument("--out", required=True, type=Path)
    command.set_defaults(run=lambda given: _compared(given.stack, given.out))

    command = commands.add_parser("comment", help="comment on the pull request of the preview that has ended")
    command.set_defaults(run=lambda _: comment.run(_event(), GitHub.of_workflow()))

    command = commands.add_parser("plan", help="compare one stack, or those of DEPLOY_STACKS, with what is deployed")
    command.add_argument("--stack", default="")
    command.add_argument("--approved", default="", help="digest of the only plan of this stack that may be deployed")
    command.set_defaults(run=lambda given: _plan(given.stack, given.approved))

    command = commands.add_parser("deployed", help="list the deployed commit of each stack of DEPLOY_STACKS")
    command.set_defaults(run=lambda _: _deployed())

    command = commands.add_parser("pending", help="keep one issue per stack that is merged and not deployed")
    command.set_defaults(run=lambda _: _pending())

    command = commands.add_parser("drift", help="keep one issue per stack whose cluster differs from what is deployed")
    command.add_argument("--stack", required=True)
    command.add_argument("--report", required=True, type=Path, help="the output of `make drift` and `make status`")
    command.add_argument("--outcome", required=True, help="success, or how the look at the cluster ended")
    command.set_defaults(run=lambda given: _drift(given.stack, given.report, given.outcome))
    return parser


def _stacks(base: str) -> int:
    _output("stacks", affected(changed_files(base), inputs_of_stacks()))
    return 0


def _compared(stack: str, out: Path) -> int:
    result = Result.in_directory(stack, out)
    _summary(result)
    if result.changes is None:
        raise UserError(f"The stack {stack} cannot be planned:\n{result.comment}")
    return 0


def _plan(stack: str, approved: str) -> int:
    github = GitHub.of_workflow()
    if stack and stack not in _deploy_stacks():
        raise UserError(f"The stack {stack} is not in the variable DEPLOY_STACKS.")
    found = [_planned(github, stack)] if stack else deployment.pending(github, _deploy_stacks())
    for each in found:
        _summary(each.result)
        if approved:
            deployment.check_approved(each, approved)
    _output("plans", [{"stack": each.stack, "plan": each.digest} for each in found])
    return 0


def _planned(github: GitHub, stack: str) -> Planned:
    return deployment.planned(stack, deployment.deployed(github, stack))


def _deployed() -> int:
    github = GitHub.of_workflow()
    commits = {stack: deployment.deployed(github, stack) for stack in _deploy_stacks()}
    _output("stacks", [{"stack": stack, "commit": commit} for stack, commit in commits.items() if commit])
    return 0


def _pending() -> int:
    github, stacks = GitHub.of_workflow(), _deploy_stacks()
    waiting = {each.stack: each for each in deployment.pending(github, stacks)}
    for stack in stacks:
        each = waiting.get(stack)
        text = None if each is None else _text_of_pending(each)
        issues.keep(github, "pending", stack, f"Stack {stack}: merged, not deployed", text)
    return 0


def _text_of_pending(each: Planned) -> str:
    changes = each.result.changes
    plan = "It cannot be planned." if changes is None else f"{changes.summary}\n\nIts plan: `{changes.plan}`"
    return f"{deployment.waiting_commits(each)}\n\n{plan}"


def _drift(stack: str, report: Path, outcome: str) -> int:
    text = None
    if outcome != "success":
        # Four spaces make it code, and no line in it can end that.
        lines = report.read_text(errors="replace").splitlines() if report.exists() else ["There is no report."]
        text = "\n".join(
            ["The cluster differs from what was deployed, or did not answer:", "", *(f"    {x}" for x in lines)]
        )
    issues.keep(GitHub.of_workflow(), "drift", stack, f"Stack {stack}: the cluster differs from the stack", text)
    return 0


def _deploy_stacks() -> list[str]:
    return os.environ.get("DEPLOY_STACKS", "").split()


def _event() -> dict[str, Any]:
    path = os.environ.get("GITHUB_EVENT_PATH")
    if not path:
        raise UserError("GITHUB_EVENT_PATH is not set: this command is for a workflow.")
    return json.loads(Path(path).read_text())


def _output(name: str, value: Any) -> None:
    """Print an output of the step, as JSON on one line, and give it to the later steps and jobs."""
    line = f"{name}={json.dumps(value)}"
    print(line)
    _append("GITHUB_OUTPUT", line)


def _summary(result: Result) -> None:
    """Show a comparison on the page of the workflow's run."""
    _append("GITHUB_STEP_SUMMARY", f"## Stack {result.stack}\n\n{result.comment}\n")


def _append(variable: str, text: str) -> None:
    if file := os.environ.get(variable):
        with Path(file).open("a") as out:
            out.write(f"{text}\n")


if __name__ == "__main__":
    sys.exit(main())
