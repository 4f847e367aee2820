"""Refusal: something that does not take a request, and the reason."""

from dataclasses import dataclass

from diagnostics.problem import Problem, Reason, shown_value
from kube.manifest import Manifest, ObjectName


@dataclass(frozen=True)
class Refusal:
    """Something that does not take a request: a listener, a rule, or a field that Envoy Gateway refuses."""

    what: str
    reason: Reason

    @classmethod
    def of(cls, manifest: Manifest, found: Problem) -> "Refusal":
        """The refusal of the field of an object that has a problem."""
        return cls(f"{ObjectName.of(manifest)}: {found.field}{shown_value(found.value)}", found)

    def __str__(self) -> str:
        return f"{self.what}: {self.reason.rule}"
