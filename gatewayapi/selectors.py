"""Label selectors: https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/#label-selectors."""

from collections.abc import Callable
from typing import Any

from kube.read import read


def selects(selector: Any, label: Callable[[str], str | None]) -> bool:
    """Whether a LabelSelector chooses the object with these labels; an empty one chooses every object."""
    exact: dict[str, str] = read(selector, "matchLabels", default={})
    if not all(label(key) == read(exact, key) for key in exact):
        return False
    return all(_holds(each, label) for each in read(selector, "matchExpressions", default=[]))


def _holds(expression: Any, label: Callable[[str], str | None]) -> bool:
    value, values = label(read(expression, "key")), read(expression, "values", default=[])
    match read(expression, "operator"):
        case "In":
            return value in values
        case "NotIn":
            return value not in values
        case "Exists":
            return value is not None
        case _:
            return value is None
