"""CEL rules of a CRD (`x-kubernetes-validations`).

https://kubernetes.io/docs/tasks/extend-kubernetes/custom-resources/custom-resource-definitions/#validation-rules
"""

import re
from collections.abc import Iterator, Mapping, Set
from typing import Any

from checks.schema import cel
from checks.schema.structural import Schema, of_child
from diagnostics import Path, Problem, is_below, problem
from kube.json_paths import children

_FIELD_PATH = re.compile(r"\.([^.\[]+)|\['((?:[^'\\]|\\.)*)'\]")
Rule = Mapping[str, Any]


def broken_rules(value: Any, schema: Schema, closed: Set[Path], path: Path = ()) -> Iterator[Problem]:
    """The rules that a value breaks. A rule over one of the paths `closed` is not evaluated."""
    rules: list[Rule] = schema.get("x-kubernetes-validations", [])
    if rules and not any(is_below(place, path) for place in closed):
        self = cel.typed(value, schema)
        for rule in rules:
            if not _holds(rule, self):
                yield problem("cel-rule", path + _field_path(rule), value, message=_message(rule, self))
    for step, child in children(value):
        if declared := of_child(schema, step):
            yield from broken_rules(child, declared, closed, (*path, step))


def _holds(rule: Rule, self: Any) -> bool:
    try:
        return cel.evaluate(rule["rule"], self) is True
    except LookupError:
        return True
    except ValueError:
        # A field that is missing, for example: the API server refuses the object for that, too.
        return False


def _message(rule: Rule, self: Any) -> str:
    try:
        return str(cel.evaluate(rule["messageExpression"], self))
    except (KeyError, ValueError):
        # KeyError also stands for a function that only a newer API server has.
        return rule.get("message") or f"must satisfy {' '.join(rule['rule'].split())}"


def _field_path(rule: Rule) -> Path:
    return tuple(found[1] or found[2] for found in _FIELD_PATH.finditer(rule.get("fieldPath", "")))
