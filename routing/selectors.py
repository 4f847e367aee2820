"""Label selectors, as in https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/."""

from collections.abc import Mapping

from routing.objects import Wire, part, parts


def selects(selector: Wire, labels: Mapping[str, str]) -> bool:
    """Whether a `matchLabels`/`matchExpressions` selector takes `labels`. An empty one takes everything."""
    return all(labels.get(key) == value for key, value in part(selector, "matchLabels").items()) and all(
        _holds(expression, labels) for expression in parts(selector, "matchExpressions")
    )


def _holds(expression: Wire, labels: Mapping[str, str]) -> bool:
    value = labels.get(expression["key"])
    match expression["operator"]:
        case "In":
            return value in expression["values"]
        case "NotIn":
            return value not in expression["values"]
        case "Exists":
            return value is not None
        case _:
            return value is None
