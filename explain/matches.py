"""Matches: the conditions of a rule, why a request does not meet them, and which of two matches goes first."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from diagnostics.problem import Reason, reason
from explain import regex
from explain.request import Request

METHOD, PATH = ":method", ":path"
"""Pseudo headers: Envoy matches method and path under these names."""
_PATH_CODES = {
    "Exact": "request-path-not-equal",
    "PathPrefix": "request-path-not-below",
    "RegularExpression": "request-path-no-match",
}


@dataclass(frozen=True)
class Condition:
    """One value that a header, a query parameter or a cookie must have."""

    name: str
    value: str
    kind: Literal["Exact", "RegularExpression", "Suffix"] = "Exact"

    def holds(self, value: str) -> bool:
        match self.kind:
            case "Exact":
                return value == self.value
            case "Suffix":
                return value.endswith(self.value)
            case "RegularExpression":
                return regex.matches(self.value, value)

    def __str__(self) -> str:
        sign = {"Exact": "=", "RegularExpression": " matching ", "Suffix": " ending in "}[self.kind]
        return f"{self.name}{sign}{self.value}"


@dataclass(frozen=True)
class Match:
    """Conditions that must all hold. As in Envoy Gateway a method is the header `:method`."""

    path_kind: Literal["Exact", "RegularExpression", "PathPrefix"] = "PathPrefix"
    path: str = "/"
    headers: tuple[Condition, ...] = ()
    cookies: tuple[Condition, ...] = ()
    queries: tuple[Condition, ...] = ()

    def __str__(self) -> str:
        kind = {"Exact": "path = ", "RegularExpression": "path matching ", "PathPrefix": "path prefix "}[self.path_kind]
        parts = [f"{kind}{self.path}"]
        parts += [f"method {header.value}" if header.name == METHOD else f"header {header}" for header in self.headers]
        parts += [f"cookie {cookie}" for cookie in self.cookies]
        parts += [f"query parameter {parameter}" for parameter in self.queries]
        return ", ".join(parts)


def precedence(match: Match) -> tuple[int, ...]:
    """Sort key: the greater match goes first. Equal ones go by age and name of their routes, then by their order.

    Envoy Gateway differs from https://gateway-api.sigs.k8s.io/reference/spec/#httprouterule in two points: a regular
    expression goes before every prefix, and a method has no rank of its own but counts as a header.
    """
    kind = ("PathPrefix", "RegularExpression", "Exact").index(match.path_kind)
    everything = match.path_kind == "PathPrefix" and match.path == "/"
    return (
        kind,
        0 if everything else len(match.path.encode()),
        *_count(match.headers),
        *_count(match.cookies),
        *_count(match.queries),
    )


def _count(conditions: Sequence[Condition]) -> tuple[int, int]:
    return len(conditions), sum(condition.kind == "Exact" for condition in conditions)


def mismatches(match: Match, request: Request) -> Iterator[Reason]:
    """Conditions that the request does not meet, in the order path, method, headers, cookies, query."""
    if not path_matches(match, request.path):
        yield reason(_PATH_CODES[match.path_kind], path=request.path, wanted=match.path)
    headers = {
        ":method": request.method,
        ":path": request.target,
        "host": request.authority,
        **dict(request.headers),
    }
    by_method_first = sorted(match.headers, key=lambda condition: condition.name != METHOD)
    yield from _unmet("header", by_method_first, {**headers, ":authority": headers["host"]}, fold=True)
    yield from _unmet("cookie", match.cookies, cookies_of(request))
    yield from _unmet("query parameter", match.queries, parameters_of(request))


def path_matches(match: Match, path: str) -> bool:
    match match.path_kind:
        case "Exact":
            return path == match.path
        case "RegularExpression":
            return regex.matches(match.path, path)
        case "PathPrefix":
            # Whole segments: /a is a prefix of /a/b but not of /ab.
            prefix = match.path.removesuffix("/")
            return path == prefix or path.startswith(f"{prefix}/")


def _unmet(
    what: str, conditions: Sequence[Condition], given: dict[str, str], *, fold: bool = False
) -> Iterator[Reason]:
    for condition in conditions:
        value = given.get(condition.name.lower() if fold else condition.name)
        if condition.name == METHOD:
            if value != condition.value:
                yield reason("request-method", method=value, wanted=condition.value)
        elif value is None:
            yield reason("request-value-missing", what=what, name=condition.name, wanted=condition)
        elif not condition.holds(value):
            yield reason("request-value-differs", what=what, name=condition.name, value=value, wanted=condition)


def cookies_of(request: Request) -> dict[str, str]:
    """First value of every cookie."""
    pairs = [pair.strip().partition("=") for pair in dict(request.headers).get("cookie", "").split(";")]
    return {name: value.strip('"') for name, _, value in reversed(pairs)}


def parameters_of(request: Request) -> dict[str, str]:
    """First value of every query parameter; Envoy decodes neither names nor values."""
    pairs = [pair.partition("=") for pair in request.query.split("&") if pair]
    return {name: value for name, _, value in reversed(pairs)}
