"""Comparison: everything that two plans of a stack differ in."""

import hashlib
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from compare.asked import Questions, ask_both
from compare.clients import Change, changes
from compare.exposure import Exposure, beyond, exposures, lines
from compare.guards import canonical
from compare.losses import Loss, losses
from compare.object_changes import ObjectChange, object_changes, shown
from compare.on_envoy import OnEnvoy
from compare.side import Side
from diagnostics import Problem
from kube.manifest import Manifest, ObjectName
from kube.read import NotKnown
from plans import Plan


@dataclass(frozen=True, order=True)
class ProblemLine:
    """A problem at an object and field, by its code."""

    code: str
    object: str
    text: str

    def __str__(self) -> str:
        return f"{self.object}: {self.text}"


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """The differences between two plans of a stack."""

    stack: str
    questions: Questions
    clients: tuple[Change, ...]
    exposure: tuple[Exposure, ...]
    exposure_lines: tuple[str, ...]
    """The contents of the file that accepts the head's exposure."""
    has_exposure_file: bool
    objects: tuple[ObjectChange, ...]
    losses: tuple[Loss, ...]
    new_problems: tuple[ProblemLine, ...]
    ended_problems: tuple[ProblemLine, ...]
    notes: tuple[str, ...]
    plan: str
    """SHA-256 over everything that the head plans, apart from the contents of secrets."""
    base: Side
    head: Side
    on_envoy: OnEnvoy | None = None
    """What a real Envoy does; None if it was not to be asked."""

    @property
    def differs(self) -> bool:
        changes = self.objects or self.clients or self.exposure or self.new_problems or self.ended_problems
        return bool(changes or (self.on_envoy and self.on_envoy.differences))

    @property
    def unchanged_classes(self) -> int:
        """Number of classes of requests whose outcome does not change."""
        return self.questions.classes - len({one.key for one in self.questions.asked if one.changes})

    @property
    def summary(self) -> str:
        """One line: how many objects, requests and guards change."""
        count = Counter(change.action for change in self.objects)
        words = [
            f"{count[action]} to {action}" for action in ("delete", "replace", "update", "create") if count[action]
        ]
        words += [_counted(len(self.clients), "change for clients", "changes for clients")] if self.clients else []
        words += [_counted(len(self.exposure), "exposure", "exposures")] if self.exposure else []
        words += [_counted(len(self.new_problems), "new problem", "new problems")] if self.new_problems else []
        words += ["Envoy does otherwise"] if self.on_envoy and self.on_envoy.differences else []
        return ", ".join(words) or "nothing changes"

    @property
    def nothing_else(self) -> str:
        """The line that says how many classes of requests stay as they are."""
        classes = _counted(self.unchanged_classes, "class of requests", "classes of requests")
        return f"nothing else changes ({classes})" if self.clients else f"nothing changes ({classes})"


def compare(base: Plan, head: Plan, *, accepted_exposure: Iterable[str] | None = None) -> Comparison:
    """Compare two plans. `accepted_exposure` has the lines of a committed file: then exposure counts beyond it only."""
    before, after = Side(base), Side(head)
    questions = ask_both(before, after)
    asked = questions.asked
    objects, moved = object_changes(base, head)
    old, new = _problems(before.problems), _problems(after.problems)
    exposure = exposures(asked) if accepted_exposure is None else beyond(accepted_exposure, asked)
    return Comparison(
        stack=head.stack,
        questions=questions,
        clients=tuple(changes(asked)),
        exposure=tuple(exposure),
        exposure_lines=tuple(lines(asked)),
        has_exposure_file=accepted_exposure is not None,
        objects=tuple(objects),
        losses=tuple(losses(objects)),
        new_problems=tuple(sorted(new - old)),
        ended_problems=tuple(sorted(old - new)),
        notes=tuple(_notes(base, head, questions, moved)),
        plan=digest(head),
        base=before,
        head=after,
    )


def digest(plan: Plan) -> str:
    """SHA-256 over everything planned. Contents of secrets do not count: their digests differ from run to run."""
    objects = sorted(
        canonical([each.urn, shown(each.manifest), each.protect, each.retain_on_delete]) for each in plan.objects
    )
    return hashlib.sha256("\n".join([plan.stack, *objects]).encode()).hexdigest()


def _problems(found: Iterable[tuple[Manifest, Problem]]) -> set[ProblemLine]:
    lines: set[ProblemLine] = set()
    for manifest, problem in found:
        try:
            name = str(ObjectName.of(manifest))
        except NotKnown:
            name = str(manifest.get("kind"))
        lines.add(ProblemLine(problem.code, name, str(problem)))
    return lines


def _notes(base: Plan, head: Plan, questions: Questions, moved: int) -> Iterable[str]:
    if sealed := max(base.sealed, head.sealed):
        yield f"{_counted(sealed, 'encrypted value', 'encrypted values')} sealed: nothing is said that depends on them."
    if questions.not_represented:
        count = _counted(len(questions.not_represented), "match", "matches")
        yield f"{count} not represented, as no request could be built: {'; '.join(questions.not_represented[:5])}"
    if moved:
        objects = _counted(moved, "object has", "objects have")
        yield f"{objects} another URN and the same name: `make preview` says whether Pulumi replaces them."
    if any(each.manifest.get("kind") == "EnvoyPatchPolicy" for each in (*base.objects, *head.objects)):
        yield "An EnvoyPatchPolicy may change any answer: its effect is not compared."


def _counted(count: int, one: str, many: str) -> str:
    return f"{count} {one if count == 1 else many}"
