"""Problems that the rules find in a set of objects."""

from checks.rules import problems
from diagnostics import Problem
from kube.manifest import Manifest
from tests.cases.builders import namespace
from tests.cases.case import VERSION

Found = tuple[str, str, str]
"""The code, the object as `Kind name`, and the field."""


def found(*objects: Manifest, version: str = VERSION) -> list[Found]:
    return [
        (problem.code, f"{manifest['kind']} {manifest['metadata']['name']}", problem.field)
        for manifest, problem in problems(objects, version=version)
    ]


def found_in_chat(*objects: Manifest) -> list[Found]:
    """Problems when the stack declares namespace `chat`, and so all objects in it."""
    return found(namespace(), *objects)


def only_problem(*objects: Manifest, version: str = VERSION) -> Problem:
    ((_, problem),) = problems([namespace(), *objects], version=version)
    return problem
