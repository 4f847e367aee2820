"""The rules in CEL of a CRD (`x-kubernetes-validations`).

https://kubernetes.io/docs/tasks/extend-kubernetes/custom-resources/custom-resource-definitions/#validation-rules
"""

import re
from collections.abc import Iterator, Mapping, Set
from typing import Any

from checks.schema import cel
from checks.schema.structural import Schema, of_child
from diagnostics.problem import Mistake, Path
from kube.json_paths import children

_FIELD_PATH = re.compile(r"\.([^.\[]+)|\['((?:[^'\\]|\\.)*)'\]")
Rule = Mapping[str, Any]


def mistakes(value: Any, schema: Schema, closed: Set[Path], path: Path = ()) -> Iterator[Mistake]:
    """The rules that the value breaks. None is asked in whose scope a path of `closed` lies."""
    rules: list[Rule] = schema.get("x-kubernetes-validations", [])
    if rules and not any(place[: len(path)] == path for place in closed):
        self = cel.typed(value, schema)
        for rule in rules:
            if not _holds(rule, self):
                yield Mistake(path=path + _field_path(rule), value=value, rule=_message(rule, self))
    for step, child in children(value):
        if declared := of_child(schema, step):
            yield from mistakes(child, declared, closed, (*path, step))


def _holds(rule: Rule, self: Any) -> bool:
    try:
        return cel.evaluated(rule["rule"], self) is True
    except LookupError:
        return True
    except ValueError:
        # Such as for a field that is not there: the API server refuses the object for that, too.
        return False


def _message(rule: Rule, self: Any) -> str:
    try:
        return str(cel.evaluated(rule["messageExpression"], self))
    except (KeyError, ValueError):
        # KeyError, also: one with functions that only a newer API server has.
        return rule.get("message") or f"must satisfy {' '.join(rule['rule'].split())}"


def _field_path(rule: Rule) -> Path:
    return tuple(found[1] or found[2] for found in _FIELD_PATH.finditer(rule.get("fieldPath", "")))
