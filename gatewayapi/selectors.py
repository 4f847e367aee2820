"""Label selectors: https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/#label-selectors."""

from collections.abc import Callable
from typing import Any

from kube.read import read, values


def selects(selector: Any, label: Callable[[str], str | None]) -> bool:
    """Whether a LabelSelector selects the object whose labels `label` looks up; an empty one selects every object."""
    exact: dict[str, str] = read(selector, "matchLabels", default={})
    if not all(label(key) == read(exact, key) for key in exact):
        return False
    return all(_holds(expression, label) for expression in values(selector, "matchExpressions"))


def _holds(expression: Any, label: Callable[[str], str | None]) -> bool:
    value, allowed = label(read(expression, "key")), values(expression, "values")
    match read(expression, "operator"):
        case "In":
            return value in allowed
        case "NotIn":
            return value not in allowed
        case "Exists":
            return value is not None
        case _:
            return value is None
