"""Deployments: the commits that are merged and not deployed, and the plan that is approved."""

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from local import child
from local.errors import UserError
from local.paths import REPOSITORY
from tools.ci.affected import affected, changed_files, inputs_of_stacks
from tools.ci.github import GitHub
from tools.ci.result import Result
from tools.git import git

COMPARISONS = Path("comparisons")
"""Directory of the comparisons, one directory for each stack."""
_SUCCEEDED = ("success", "inactive")
"""States of a deployment that succeeded: GitHub sets `inactive` when the next one does."""


@dataclass(frozen=True)
class Planned:
    """A stack, the commit that is deployed, and what the checked out commit changes in it."""

    stack: str
    deployed: str | None
    result: Result

    @property
    def waits(self) -> bool:
        """Whether a deployment would change anything."""
        return self.deployed is None or self.result.changes is None or self.result.changes.differs

    @property
    def digest(self) -> str:
        """The digest of the plan. Raises UserError if there is no plan."""
        if self.result.changes is None:
            raise UserError(f"The stack {self.stack} cannot be planned:\n{self.result.comment}")
        return self.result.changes.plan


def deployed(github: GitHub, stack: str) -> str | None:
    """Return the commit of the last deployment that succeeded; None if there was none."""
    for deployment in github.pages("deployments", environment=stack):
        states = {status["state"] for status in github.pages(f"deployments/{deployment['id']}/statuses")}
        if not states.isdisjoint(_SUCCEEDED):
            return deployment["sha"]
    return None


def pending(github: GitHub, stacks: Sequence[str]) -> list[Planned]:
    """Compare each of the stacks that the commits since its deployment can change. The others are up to date."""
    inputs = inputs_of_stacks()
    found: list[Planned] = []
    for stack in stacks:
        if stack not in inputs:
            raise UserError(f"DEPLOY_STACKS names {stack}: Pulumi.{stack}.yaml does not exist.")
        commit = deployed(github, stack)
        if commit is None or stack in affected(changed_files(commit), inputs):
            found.append(planned(stack, commit))
    return [each for each in found if each.waits]


def planned(stack: str, commit: str | None) -> Planned:
    """Compare a stack with the deployed commit; without one, with itself, for the digest of its plan."""
    out = COMPARISONS / stack
    shutil.rmtree(REPOSITORY / out, ignore_errors=True)
    # make ends with 2 whatever its recipe ends with: the files say how the comparison went.
    child.run(["make", "compare", f"BASE={commit or 'HEAD'}", f"STACK={stack}", f"OUT={out}"], cwd=REPOSITORY)
    return Planned(stack, commit, Result.in_directory(stack, REPOSITORY / out))


def check_approved(of: Planned, approved: str) -> None:
    """Refuse any plan but the approved one, and a commit that is older than the deployed one.

    A run can wait for its reviewers while a later commit is deployed.
    """
    if of.deployed and git("rev-list", "--max-count=1", "HEAD.." + of.deployed):
        raise UserError(
            f"The stack {of.stack} is not deployed: {of.deployed}, which is deployed, is not part of this commit.",
            "To go back to an earlier state, revert the commits after it.",
        )
    if of.digest != approved:
        raise UserError(
            f"The stack {of.stack} is not deployed: its plan is not the one that was approved.\n"
            f"  approved: {approved}\n  now:      {of.digest}",
            "Something was merged or deployed in between. Look at the new plan, and deploy again.",
        )


def waiting_commits(of: Planned) -> str:
    """Return a Markdown list of the commits that are merged and not deployed, the newest first."""
    if of.deployed is None:
        return "It has never been deployed by the workflow."
    log = git("log", "--format=%h", "--max-count=50", f"{of.deployed}..HEAD").split()
    return "\n".join(f"- {commit}" for commit in log)
