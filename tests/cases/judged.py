"""Objects that the checks accept: Envoy Gateway refuses those of `judged.yaml`, and none of `elsewhere.yaml`."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from diagnostics.problem import Problem
from judge.verdicts import verdicts
from tests.cases import builders
from tests.cases.builders import Manifest
from tests.cases.case import DIRECTORY, VERSION, Loader, with_common

_FILE = DIRECTORY / "judged.yaml"
_ALWAYS = (
    {
        "kind": "Gateway",
        "metadata": {"name": "gate"},
        "spec": {"listeners": [{"name": "http", "port": 80, "protocol": "HTTP"}]},
    },
    {"kind": "Service", "metadata": {"name": "web"}, "spec": {"ports": [{"port": 80}]}},
    {
        "kind": "HTTPRoute",
        "metadata": {"name": "web"},
        "spec": {"parentRefs": [{"name": "gate"}], "rules": [{"backendRefs": [{"name": "web", "port": 80}]}]},
    },
)


@dataclass(frozen=True, kw_only=True)
class JudgedCase:
    """Objects, one of which Envoy Gateway refuses."""

    name: str
    code: str
    objects: Sequence[Manifest]
    refused: str
    """`Kind name`."""
    says: str
    """The message of Envoy Gateway."""

    @property
    def stack(self) -> list[Manifest]:
        """The objects with those that every case has."""
        return with_common([*map(builders.complete, _ALWAYS), *self.objects])

    @property
    def subject(self) -> Manifest:
        """The object that is refused."""
        kind, _, name = self.refused.partition(" ")
        (found,) = (each for each in self.objects if (each["kind"], each["metadata"]["name"]) == (kind, name))
        return found

    def problem(self) -> Problem:
        """The problem of the refused object, from an answer with Envoy Gateway's message."""
        ((_, problem),) = verdicts(self._answer(), self.stack)
        return problem

    def _answer(self) -> dict[str, Any]:
        if self.subject["kind"] == "ConfigMap":
            return {"release": VERSION, "objects": [], "configProblem": self.says}
        metadata = self.subject["metadata"]
        condition = {"type": "Accepted", "status": "False", "message": self.says}
        found = {
            "apiVersion": self.subject["apiVersion"],
            "kind": self.subject["kind"],
            "namespace": metadata.get("namespace", ""),
            "name": metadata["name"],
            "status": {"conditions": [condition]},
        }
        return {"release": VERSION, "objects": [found]}


def elsewhere() -> dict[str, list[Manifest]]:
    """Objects that refer to what only a cluster has, with those that are always there."""
    document = Loader((DIRECTORY / "elsewhere.yaml").read_text()).get_single_data()
    config = builders.config("{enableBackend: true, enableLua: true}")
    return {
        name: with_common([config, *map(builders.complete, (*_ALWAYS, *objects))]) for name, objects in document.items()
    }


def load() -> list[JudgedCase]:
    """All examples, in the order of the file."""
    document = Loader(_FILE.read_text()).get_single_data()
    return [
        JudgedCase(
            name=name,
            code=fields["code"],
            objects=[builders.complete(manifest) for manifest in fields["objects"]],
            refused=fields["refused"],
            says=fields.get("says", ""),
        )
        for name, fields in document.items()
    ]
