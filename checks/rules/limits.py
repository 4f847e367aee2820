"""Limits that the CRDs of policies take and Envoy Gateway refuses.

Follows https://gateway.envoyproxy.io/docs/api/extension_types/ and Envoy Gateway 1.9's translation of these fields.
"""

from collections.abc import Iterator
from fractions import Fraction
from math import isqrt
from typing import Any

from checks.schema import cel
from checks.schema.formats import quantity
from checks.schema.regex import is_regular
from diagnostics.problem import Mistake, Path
from gatewayapi.objects import ENVOY_GATEWAY, Wire, group_of, kind_of
from kube.read import items, judged, read

_MOST_BYTES = 2**32 - 1
_LEAST_BANDWIDTH = 1024
_SECONDS = {"Minute": 60, "Hour": 3600, "Day": 86400, "Week": 604800, "Month": 2592000, "Year": 31536000}
_BACK_OFF = ("spec", "retry", "perRetry", "backOff")


def mistakes(wire: Wire) -> Iterator[Mistake]:
    match group_of(wire), kind_of(wire):
        case (group, "ClientTrafficPolicy") if group == ENVOY_GATEWAY:
            yield from _of_bytes(wire, ("spec", "connection", "bufferLimit"))
        case (group, "BackendTrafficPolicy") if group == ENVOY_GATEWAY:
            yield from _of_bytes(wire, ("spec", "connection", "bufferLimit"))
            yield from _of_bytes(wire, ("spec", "requestBuffer", "limit"))
            for way in ("request", "response"):
                yield from _of_bandwidth(wire, ("spec", "bandwidthLimit", way, "limit"))
            yield from _of_table_size(wire)
            yield from _of_back_off(wire)
            yield from _of_selectors(wire, "global")
            yield from _of_selectors(wire, "local")
            yield from _of_local_rules(wire)
        case _:
            return


@judged
def _of_bytes(wire: Wire, path: Path) -> Iterator[Mistake]:
    value = read(wire, *path)
    if value is None:
        return
    size = quantity(value)
    if size is None or not 0 <= size <= _MOST_BYTES or size.denominator != 1:
        yield Mistake(path=path, value=value, rule=f"must be whole bytes, at most {_MOST_BYTES}")


@judged
def _of_bandwidth(wire: Wire, path: Path) -> Iterator[Mistake]:
    value, unit = read(wire, *path, "value"), read(wire, *path, "unit", default="Second")
    least = _LEAST_BANDWIDTH * _SECONDS.get(unit, 1)
    if value is not None and (quantity(value) or 0) < least:
        rule = f"is less than 1Ki a second, the least that Envoy can hold back: {least} in a {unit.lower()}"
        yield Mistake(path=(*path, "value"), value=value, rule=rule)


@judged
def _of_table_size(wire: Wire) -> Iterator[Mistake]:
    path = ("spec", "loadBalancer", "consistentHash", "tableSize")
    size = read(wire, *path)
    if size is not None and not _is_prime(size):
        prime = next(number for number in range(size, 2 * size + 2) if _is_prime(number))
        yield Mistake(path=path, value=size, rule="must be a prime number", cure=f"the next one is {prime}")


@judged
def _of_back_off(wire: Wire) -> Iterator[Mistake]:
    base, most = (read(wire, *_BACK_OFF, field) for field in ("baseInterval", "maxInterval"))
    for field, value in (("baseInterval", base), ("maxInterval", most)):
        if value is not None and cel.evaluated("duration(self) == duration('0s')", value):
            yield Mistake(path=(*_BACK_OFF, field), value=value, rule="must be longer than nothing")
    if None not in (base, most) and cel.evaluated("duration(self[0]) > duration(self[1])", [base, most]):
        yield Mistake(path=(*_BACK_OFF, "maxInterval"), value=most, rule=f"is shorter than the baseInterval, {base}")


@judged
def _of_selectors(wire: Wire, where: str) -> Iterator[Mistake]:
    for rule, _ in items(wire, "spec", "rateLimit", where, "rules"):
        for selector, _ in items(wire, *rule, "clientSelectors"):
            for path, match in (*items(wire, *selector, "headers"), *items(wire, *selector, "queryParams")):
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
def _of_local_rules(wire: Wire) -> Iterator[Mistake]:
    """The rule without clientSelectors is what a local limit begins with."""
    rules = list(items(wire, "spec", "rateLimit", "local", "rules"))
    general = [(path, rule) for path, rule in rules if not read(rule, "clientSelectors")]
    for path, _ in general[1:]:
        rule = f"has no clientSelectors, as {general[0][0][-1]} has none: only one rule is for all clients"
        yield Mistake(path=path, rule=rule, cure="give it clientSelectors, or keep one of the two")
    if len(general) != 1:
        return
    unit = read(general[0][1], "limit", "unit", default="")
    for path, rule in rules:
        own = read(rule, "limit", "unit", default="")
        if Fraction(_SECONDS.get(own, 1), _SECONDS.get(unit, 1)).denominator != 1:
            rule = f"must be a multiple of the {unit} of the rule that is for all clients"
            yield Mistake(path=(*path, "limit", "unit"), value=own, rule=rule)


def _is_prime(number: int) -> bool:
    return number > 1 and all(number % each for each in range(2, isqrt(number) + 1))
