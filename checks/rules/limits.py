"""Limits in policies that the CRDs accept and Envoy Gateway refuses.

Follows https://gateway.envoyproxy.io/docs/api/extension_types/ and Envoy Gateway's translation of these fields.
"""

from collections.abc import Iterator
from fractions import Fraction
from math import isqrt
from typing import Any

from checks.schema import cel
from checks.schema.formats import quantity
from checks.schema.regex import is_regex
from diagnostics import Path, Problem, problem
from gatewayapi.kinds import ENVOY_GATEWAY
from kube.manifest import Manifest, group_of, kind_of
from kube.read import items, read, skip_unknown

_MOST_BYTES = 2**32 - 1
_LEAST_BANDWIDTH = 1024
_SECONDS = {"Minute": 60, "Hour": 3600, "Day": 86400, "Week": 604800, "Month": 2592000, "Year": 31536000}
_BACK_OFF = ("spec", "retry", "perRetry", "backOff")


def refused_limits(manifest: Manifest) -> Iterator[Problem]:
    """The problem of each limit in a policy of Envoy Gateway."""
    match group_of(manifest), kind_of(manifest):
        case (group, "ClientTrafficPolicy") if group == ENVOY_GATEWAY:
            yield from _bytes(manifest, ("spec", "connection", "bufferLimit"))
        case (group, "BackendTrafficPolicy") if group == ENVOY_GATEWAY:
            yield from _bytes(manifest, ("spec", "connection", "bufferLimit"))
            yield from _bytes(manifest, ("spec", "requestBuffer", "limit"))
            for direction in ("request", "response"):
                yield from _bandwidth(manifest, ("spec", "bandwidthLimit", direction, "limit"))
            yield from _table_size(manifest)
            yield from _back_off(manifest)
            yield from _client_selectors(manifest, "global")
            yield from _client_selectors(manifest, "local")
            yield from _local_rules(manifest)
        case _:
            return


@skip_unknown
def _bytes(manifest: Manifest, path: Path) -> Iterator[Problem]:
    value = read(manifest, *path)
    if value is None:
        return
    size = quantity(value)
    if size is None or not 0 <= size <= _MOST_BYTES or size.denominator != 1:
        yield problem("limit-bytes", path, value, most=_MOST_BYTES)


@skip_unknown
def _bandwidth(manifest: Manifest, path: Path) -> Iterator[Problem]:
    value, unit = read(manifest, *path, "value"), read(manifest, *path, "unit", default="Second")
    least = _LEAST_BANDWIDTH * _SECONDS.get(unit, 1)
    if value is not None and (quantity(value) or 0) < least:
        yield problem("limit-bandwidth-too-low", (*path, "value"), value, least=least, unit=unit.lower())


@skip_unknown
def _table_size(manifest: Manifest) -> Iterator[Problem]:
    path = ("spec", "loadBalancer", "consistentHash", "tableSize")
    size = read(manifest, *path)
    if size is not None and not _is_prime(size):
        prime = next(number for number in range(size, 2 * size + 2) if _is_prime(number))
        yield problem("limit-not-prime", path, size, prime=prime)


@skip_unknown
def _back_off(manifest: Manifest) -> Iterator[Problem]:
    base, most = (read(manifest, *_BACK_OFF, field) for field in ("baseInterval", "maxInterval"))
    for field, value in (("baseInterval", base), ("maxInterval", most)):
        if value is not None and cel.evaluate("duration(self) == duration('0s')", value):
            yield problem("limit-zero-duration", (*_BACK_OFF, field), value)
    if None not in (base, most) and cel.evaluate("duration(self[0]) > duration(self[1])", [base, most]):
        yield problem("limit-max-below-base", (*_BACK_OFF, "maxInterval"), most, base=base)


@skip_unknown
def _client_selectors(manifest: Manifest, scope: str) -> Iterator[Problem]:
    for rule, _ in items(manifest, "spec", "rateLimit", scope, "rules"):
        for selector, _ in items(manifest, *rule, "clientSelectors"):
            for path, match in (*items(manifest, *selector, "headers"), *items(manifest, *selector, "queryParams")):
                yield from _match(path, match)


@skip_unknown
def _match(path: Path, match: Any) -> Iterator[Problem]:
    kind, value = read(match, "type"), read(match, "value", default="")
    if kind == "RegularExpression" and not is_regex(value):
        yield problem("regex-invalid", (*path, "value"), value)
    if kind == "Distinct" and read(match, "invert"):
        yield problem("rate-limit-distinct-inverted", (*path, "invert"), True)


@skip_unknown
def _local_rules(manifest: Manifest) -> Iterator[Problem]:
    """Problems of a local rate limit. Its rule without `clientSelectors` holds for all other clients."""
    rules = list(items(manifest, "spec", "rateLimit", "local", "rules"))
    general = [(path, rule) for path, rule in rules if not read(rule, "clientSelectors")]
    for path, _ in general[1:]:
        yield problem("rate-limit-two-defaults", path, first=general[0][0][-1])
    if len(general) != 1:
        return
    unit = read(general[0][1], "limit", "unit", default="")
    for path, rule in rules:
        own = read(rule, "limit", "unit", default="")
        if Fraction(_SECONDS.get(own, 1), _SECONDS.get(unit, 1)).denominator != 1:
            yield problem("rate-limit-unit", (*path, "limit", "unit"), own, unit=unit)


def _is_prime(number: int) -> bool:
    return number > 1 and all(number % divisor for divisor in range(2, isqrt(number) + 1))
