"""Document: a comparison as JSON, described by `changes.schema.json`."""

from typing import Any

from compare.comparison import Comparison
from compare.losses import Loss
from compare.on_envoy import OnEnvoy


def document(comparison: Comparison) -> dict[str, Any]:
    """The comparison as values of JSON."""

    def of(action: str) -> list[Loss]:
        return [loss for loss in comparison.losses if loss.action == action]

    return {
        "stack": comparison.stack,
        "differs": comparison.differs,
        "summary": comparison.summary,
        "plan": comparison.plan,
        "deletions": [{"object": loss.name, "kind": loss.kind, "cure": loss.cure} for loss in of("delete")],
        "replacements": [_loss(loss) for loss in of("replace")],
        "interruptions": [_loss(loss) for loss in of("interrupt")],
        "exposure": [
            {"workload": one.workload, "requests": one.where, "what": one.what, "command": one.command}
            for one in comparison.exposure
        ],
        "clients": [
            {"kind": change.kind, "requests": list(change.where), "what": list(change.what), "command": change.command}
            for change in comparison.clients
        ],
        "classes": {
            "asked": comparison.questions.classes,
            "changed": comparison.questions.classes - comparison.unchanged_classes,
            "notRepresented": list(comparison.questions.not_represented),
        },
        "onEnvoy": None if comparison.on_envoy is None else _on_envoy(comparison.on_envoy),
        "objects": [
            {
                "action": change.action,
                "object": change.name,
                "fields": [{"path": one.field, "old": one.old, "new": one.new} for one in change.fields],
            }
            for change in comparison.objects
        ],
        "newProblems": [{"code": one.code, "text": str(one)} for one in comparison.new_problems],
        "endedProblems": [{"code": one.code, "text": str(one)} for one in comparison.ended_problems],
        "notes": list(comparison.notes),
    }


def _loss(loss: Loss) -> dict[str, str]:
    return {"object": loss.name, "kind": loss.kind, "why": loss.why, "cure": loss.cure}


def _on_envoy(found: OnEnvoy) -> dict[str, Any]:
    return {
        "classes": found.classes,
        "differences": list(found.differences),
        "leftOut": list(found.left_out),
        "reason": found.reason,
    }
