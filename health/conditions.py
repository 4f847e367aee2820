"""Conditions as Kubernetes and Gateway API write them: https://gateway-api.sigs.k8s.io/geps/gep-1364/."""

from collections.abc import Mapping, Sequence
from typing import Any

from health.failure import Failure


def no_status(question: str, subject: str = "") -> Failure:
    """The failure of an object without a status; `question` suggests a cause."""
    return Failure("", f"no status yet; {question}", subject)


def unmet(status: Mapping[str, Any], wanted: Sequence[str], generation: int, subject: str = "") -> list[Failure]:
    """The conditions of `wanted` that are not True for this generation of the object."""
    conditions = {condition["type"]: condition for condition in status.get("conditions", [])}
    if not conditions:
        return [no_status("does its controller run?", subject)]
    failures: list[Failure] = []
    for name in wanted:
        condition = conditions.get(name)
        if condition is None:
            failures.append(Failure("", f"{name} is not reported yet", subject))
        elif condition.get("observedGeneration", generation) < generation:
            failures.append(Failure("", f"{name} is stale: its observedGeneration is older than the object", subject))
        elif condition["status"] != "True":
            failures.append(Failure(condition["reason"], condition["message"], subject))
    return list(dict.fromkeys(failures))


def met(status: Mapping[str, Any], unwanted: str, generation: int, subject: str = "") -> list[Failure]:
    """The condition of type `unwanted`, if it is True for this generation of the object."""
    return [
        Failure(condition["reason"], condition["message"], subject)
        for condition in status.get("conditions", [])
        if (condition["type"], condition["status"]) == (unwanted, "True")
        and condition.get("observedGeneration", generation) == generation
    ]
