"""Rate limits that the CRD takes and that Envoy Gateway cannot hand to Envoy."""

from collections.abc import Iterator
from typing import Any

from checks.graph.known import items, judged, read
from checks.graph.stack import Wire
from checks.mistake import Mistake, Path
from checks.regular import is_regular

_SECONDS = {"Second": 1, "Minute": 60, "Hour": 3600, "Day": 86400, "Month": 2592000, "Year": 31536000}
_LOCAL = ("spec", "rateLimit", "local", "rules")


def mistakes(policy: Wire) -> Iterator[Mistake]:
    yield from _of_selectors(policy, "local")
    yield from _of_selectors(policy, "global")
    yield from _of_local(policy)


@judged
def _of_selectors(policy: Wire, where: str) -> Iterator[Mistake]:
    for rule, _ in items(policy, "spec", "rateLimit", where, "rules"):
        for selector, _ in items(policy, *rule, "clientSelectors"):
            for path, match in (*items(policy, *selector, "headers"), *items(policy, *selector, "queryParams")):
                yield from _of_match(path, match)


@judged
def _of_match(path: Path, match: Any) -> Iterator[Mistake]:
    kind, value = read(match, "type"), read(match, "value", default="")
    if kind == "RegularExpression" and not is_regular(value):
        yield Mistake(path=(*path, "value"), value=value, rule="is no regular expression (RE2)")
    if kind == "Distinct" and read(match, "invert"):
        rule = "does not go together with type: Distinct"
        yield Mistake(path=(*path, "invert"), value=True, rule=rule, cure="remove it, or match a value")


@judged
def _of_local(policy: Wire) -> Iterator[Mistake]:
    """https://www.envoyproxy.io/docs/envoy/latest/configuration/http/http_filters/local_rate_limit_filter."""
    rules = list(items(policy, *_LOCAL))
    of_all = [path for path, rule in rules if not read(rule, "clientSelectors")]
    for path in of_all[1:]:
        rule = "a local rate limit takes one rule without clientSelectors"
        yield Mistake(path=path, rule=rule, cure="keep one limit for all clients")
    if of_all:
        unit = read(policy, *of_all[0], "limit", "unit")
        for path, rule in rules:
            own = read(rule, "limit", "unit")
            if _SECONDS.get(own, 0) % _SECONDS.get(unit, 1):
                told = f"must be as long as the {unit} of the rule without clientSelectors, or longer"
                yield Mistake(path=(*path, "limit", "unit"), value=own, rule=told, cure=f"write {unit}")
