"""Requests: representatives of the classes that two route tables distinguish.

On a host, Envoy gives a request to the first match of a list that accepts it. So the outcome of a request changes only
if the match that takes it before, or the one that takes it after, is new, gone, moved against the others, or does
something else. For each such match, and each match of the other list that some request meets as well, requests meet
both. Besides these, each match gets requests that meet it, and requests that fail one of its conditions.

Whether some request meets two matches is seen by samples: of two regular expressions it may not be found.
"""

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from compare.outcomes import Outcome, outcome_of_rule
from compare.samples import common_paths, other_value, path_outside, paths_of, values_of
from compare.side import Side
from compare.sites import Site, sites
from explain.matches import METHOD, PATH, Condition, Match
from explain.request import Request
from explain.virtual_hosts import Entry
from gatewayapi.fleets import Fleet

_OTHER_METHOD = "PATCH"
_UNNAMED_QUERY = "zz-any", "1"
"""A query parameter that no match names. It keeps a request from a match on the end of path and query."""
_UNNAMED_METHODS = ("GET", "HEAD", "PUT", "PATCH", "OPTIONS")


@dataclass(frozen=True)
class Representatives:
    """Requests to ask of both sides, each with its site, and the matches for which no request could be built."""

    requests: tuple[tuple[Site, Request], ...]
    not_represented: tuple[str, ...]


def representatives(base: Side, head: Side) -> Representatives:
    """One request for each class that the tables of both sides distinguish. The same plans give the same requests."""
    found: dict[tuple[Site, Request], None] = {}
    missing: dict[str, None] = {}
    for site in sites(base, head):
        for request in _of_site(site, base, head, missing):
            found[site, request] = None
    return Representatives(tuple(found), tuple(missing))


def _of_site(site: Site, base: Side, head: Side, missing: dict[str, None]) -> Iterator[Request]:
    yield site.request()
    if site.scheme in ("tcp", "udp", "tls"):
        return
    before, after = _list(base, site.base, site), _list(head, site.head, site)
    methods = _Methods.of(match for match in (*before, *after))
    for match in dict.fromkeys((*before, *after)):
        made = list(_alone(match, site, methods))
        if not made:
            missing[f"{site.authority}: {match}"] = None
        yield from made
    for one, other, paths in _overlaps(before, after):
        yield from _meeting((one, other), paths, site, methods)


def _list(side: Side, fleet: Fleet | None, site: Site) -> dict[Match, Outcome]:
    """The matches of a site in their order, each with what its rule does. A second equal match takes nothing."""
    found: dict[Match, Outcome] = {}
    for entry in side.evaluator.entries(site.request(), fleet) if fleet else ():
        if entry.match not in found:
            found[entry.match] = outcome_of_rule(entry, _sample(entry, site), side)
    return found


def _sample(entry: Entry, site: Site) -> Request:
    return next(_alone(entry.match, site, _Methods("GET", ())), site.request())


@dataclass(frozen=True)
class _Methods:
    """A method that no match of a site names, and those that some match names."""

    unnamed: str
    named: tuple[str, ...]

    @classmethod
    def of(cls, matches: Iterable[Match]) -> "_Methods":
        named = {one.value for match in matches for one in match.headers if one.name == METHOD}
        unnamed = next((method for method in _UNNAMED_METHODS if method not in named), "TRACE")
        return cls(unnamed, tuple(sorted(named)))


def _alone(match: Match, site: Site, methods: _Methods) -> Iterator[Request]:
    """Requests that meet a match, and requests that fail one condition of it."""
    paths = paths_of(match)
    if not paths:
        return
    full = _meeting((match,), paths, site, methods)
    yield from full
    if not full:
        return
    first = full[0]
    if outside := path_outside(match):
        yield replace(first, path=outside)
    for condition in match.headers:
        if condition.name == METHOD:
            yield replace(first, method=_another_method(condition.value, methods))
    for condition in (*match.headers, *match.cookies, *match.queries):
        if condition.name not in (METHOD, PATH):
            yield from _failing(condition, match, paths[0], first.method, site)


def _meeting(matches: Sequence[Match], paths: Iterable[str], site: Site, methods: _Methods) -> list[Request]:
    """Requests that meet all of the matches. Another match that goes first takes some of them, and not the others."""
    given = _Given.of(matches)
    if given is None:
        return []
    wanted = given.method
    verbs = [wanted] if wanted else [methods.unnamed, *(["GET"] if methods.named and methods.unnamed != "GET" else [])]
    return [one.request(site, path, verb) for path in paths for verb in verbs for one in given.variants(matches)]


def _another_method(method: str, methods: _Methods) -> str:
    return methods.unnamed if methods.unnamed != method else _OTHER_METHOD


def _failing(condition: Condition, match: Match, path: str, method: str, site: Site) -> Iterator[Request]:
    """Requests without the value that a condition wants, and with another one."""
    values = [None, other_value(condition)]
    for value in dict.fromkeys(values):
        given = _Given.of((match,), without=condition, instead=value)
        if given is not None:
            yield given.request(site, path, given.method or method)


@dataclass(frozen=True)
class _Given:
    """Everything of a request that conditions ask for, apart from the path."""

    method: str
    headers: Mapping[str, str]
    cookies: Mapping[str, str]
    queries: Mapping[str, str]

    @classmethod
    def of(
        cls, matches: Sequence[Match], *, without: Condition | None = None, instead: str | None = None
    ) -> "_Given | None":
        """Values that meet all conditions of `matches`; None when there is none, or none is found.

        `without` is not met: it has the value `instead`, or none.
        """
        headers = _values([one for match in matches for one in match.headers], without, instead, fold=True)
        cookies = _values([one for match in matches for one in match.cookies], without, instead)
        queries = _values([one for match in matches for one in match.queries], without, instead)
        if headers is None or cookies is None or queries is None:
            return None
        return cls(headers.pop(METHOD, ""), headers, cookies, queries)

    def variants(self, matches: Sequence[Match]) -> "Iterator[_Given]":
        """This one, and those with another value for one of the names, or with one more query parameter."""
        yield self
        for part in ("headers", "cookies", "queries"):
            conditions = [one for match in matches for one in getattr(match, part)]
            for name, options in _options(conditions, fold=part == "headers").items():
                values = getattr(self, part)
                for option in options[1:] if name in values else ():
                    yield replace(self, **{part: {**values, name: option}})
        if not any(one.name == PATH for match in matches for one in match.headers):
            name, value = _UNNAMED_QUERY
            yield replace(self, queries={**self.queries, name: value})

    def request(self, site: Site, path: str, method: str) -> Request:
        headers = dict(self.headers)
        if self.cookies:
            headers["cookie"] = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        query = "&".join(f"{name}={value}" for name, value in self.queries.items())
        given = tuple(sorted(headers.items()))
        return replace(site.request(path), method=method, headers=given, query=query)


def _values(
    conditions: Sequence[Condition], without: Condition | None, instead: str | None, *, fold: bool = False
) -> dict[str, str] | None:
    """A value for each name, the names of headers in lower case; None when no value is known to meet all conditions."""
    options = _options([one for one in conditions if one is not without], fold=fold)
    if not all(options.values()):
        return None
    found = {name: known[0] for name, known in options.items()}
    for condition in conditions:
        if condition is without and instead is not None:
            found.setdefault(condition.name.lower() if fold else condition.name, instead)
    return found


def _options(conditions: Iterable[Condition], *, fold: bool) -> dict[str, tuple[str, ...]]:
    """Values for each name that meet all conditions on it, apart from those on the path."""
    by_name: dict[str, list[Condition]] = {}
    for condition in conditions:
        if condition.name != PATH:
            by_name.setdefault(condition.name.lower() if fold else condition.name, []).append(condition)
    return {name: values_of(wanted) for name, wanted in by_name.items()}


def _overlaps(
    before: Mapping[Match, Outcome], after: Mapping[Match, Outcome]
) -> Iterator[tuple[Match, Match, tuple[str, ...]]]:
    """Each changed match with each match of the other list, and the paths that both accept, if there are any."""
    for one in _changed(before, after):
        others = after if one in before else before
        for other in others if one not in others else dict.fromkeys((*before, *after)):
            if other != one and (paths := common_paths(one, other)):
                yield one, other, paths


def _changed(before: Mapping[Match, Outcome], after: Mapping[Match, Outcome]) -> list[Match]:
    """Matches that are on one side only, do something else on the other, or stand elsewhere among the common ones."""
    common = [match for match in before if before[match] == after.get(match)]
    position = {match: index for index, match in enumerate(after)}
    kept = {common[index] for index in _increasing([position[match] for match in common])}
    return [match for match in dict.fromkeys((*before, *after)) if match not in kept]


def _increasing(numbers: Sequence[int]) -> set[int]:
    """Indices of a longest increasing subsequence."""
    ends: list[int] = []
    at: list[int] = []
    previous: list[int] = []
    for index, number in enumerate(numbers):
        place = bisect_left(ends, number)
        previous.append(at[place - 1] if place else -1)
        if place == len(ends):
            ends.append(number)
            at.append(index)
        else:
            ends[place], at[place] = number, index
    found: set[int] = set()
    index = at[-1] if at else -1
    while index >= 0:
        found.add(index)
        index = previous[index]
    return found
