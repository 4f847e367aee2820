"""Samples: strings that a condition of a match accepts, to build requests from.

A regular expression gets samples when it consists of literals, character classes, groups, alternatives and quantifiers.
Each sample is checked with the expression itself, so none is wrong; an expression without a sample has none.
"""

import string
from collections.abc import Iterable
from dataclasses import replace
from functools import cache

from explain import regex
from explain.matches import PATH, Condition, Match, path_matches

_MOST = 6
_RARE = "zz-any"
"""A segment that no route names."""
_CLASSES = {"d": "7", "w": "z", "s": " ", "D": "z", "W": "-", "S": "z"}
_URL = frozenset(string.ascii_letters + string.digits + "-._~/!$&'()*+,;=:@%")


@cache
def paths_of(match: Match) -> tuple[str, ...]:
    """Paths that a match accepts; for a prefix, the prefix itself and a path below it."""
    return tuple(path for path in _paths(match) if accepts_path(match, path))


def accepts_path(match: Match, path: str) -> bool:
    """Whether a path meets all conditions on it; a gRPC method without a service is one on its end."""
    return path_matches(match, path) and all(one.holds(path) for one in match.headers if one.name == PATH)


def _paths(match: Match) -> tuple[str, ...]:
    if ends := [condition.value for condition in match.headers if condition.name == PATH]:
        return tuple(f"/{_RARE}{end}" for end in ends)
    match match.path_kind:
        case "Exact":
            return (match.path,)
        case "PathPrefix":
            prefix = match.path.removesuffix("/")
            return tuple(dict.fromkeys((prefix or "/", f"{prefix}/{_RARE}")))
        case "RegularExpression":
            # A path of a request begins with a slash, and a query would end it.
            return tuple(path for path in strings_of(match.path) if path.startswith("/") and _URL.issuperset(path))


def path_outside(match: Match) -> str | None:
    """A path beside the one that a match accepts; None when it accepts every path."""
    if match == replace(match, path_kind="PathPrefix", path="/"):
        return None
    nearby = next(iter(paths_of(match)), "/")
    beside = f"{nearby.rstrip('/') or '/'}-{_RARE}"
    return None if accepts_path(match, beside) else beside


def common_paths(one: Match, other: Match) -> tuple[str, ...]:
    """Paths that both matches accept, as far as samples of either show some."""
    ours, theirs = paths_of(one), paths_of(other)
    found = dict.fromkeys((*ours, *theirs))
    if _is_pattern(one) or _is_pattern(other):
        # Two patterns often decide on different segments, as those of a gRPC service and of a method do.
        for starts, ends in ((ours, theirs), (theirs, ours)):
            found |= dict.fromkeys(path for start in starts for end in ends for path in _joined(start, end))
    return tuple(path for path in found if accepts_path(one, path) and accepts_path(other, path))


def _is_pattern(match: Match) -> bool:
    return match.path_kind == "RegularExpression" or any(condition.name == PATH for condition in match.headers)


def _joined(start: str, end: str) -> tuple[str, str]:
    """The last segment of the second path, in place of that of the first one and below it."""
    last = end.rpartition("/")[2]
    return f"{start.rpartition('/')[0]}/{last}", f"{start.rstrip('/')}/{last}"


def values_of(conditions: Iterable[Condition]) -> tuple[str, ...]:
    """Values that meet all of these conditions on one header, cookie or query parameter."""
    conditions = tuple(conditions)
    found = dict.fromkeys(value for condition in conditions for value in _values(condition))
    return tuple(value for value in found if all(condition.holds(value) for condition in conditions))


def other_value(condition: Condition) -> str | None:
    """A value that does not meet a condition; None when every value might."""
    return next((value for value in (_RARE, "0", "") if not condition.holds(value)), None)


def _values(condition: Condition) -> tuple[str, ...]:
    match condition.kind:
        case "RegularExpression":
            return strings_of(condition.value)
        case _:
            return (condition.value,)


@cache
def strings_of(pattern: str) -> tuple[str, ...]:
    """Strings that match a regular expression as a whole; empty when none is found."""
    try:
        made = [_Reader(pattern, long=long).whole() for long in (False, True)]
    except (_TooHard, RecursionError):
        return ()
    # The first of each comes first, so that the most different ones are kept.
    found = dict.fromkeys(text for texts in zip(*_padded(made), strict=True) for text in texts if text is not None)
    return tuple(text for text in found if regex.matches(pattern, text))[:_MOST]


def _padded(lists: list[list[str]]) -> list[list[str | None]]:
    length = max(map(len, lists))
    return [[*texts, *[None] * (length - len(texts))] for texts in lists]


class _TooHard(Exception):
    """Syntax that is not read here."""


class _Reader:
    """Reads an expression from left to right and builds a few strings for it. `long` takes quantifiers at more than
    their least number."""

    def __init__(self, pattern: str, *, long: bool) -> None:
        self._rest = list(pattern)
        self._long = long

    def whole(self) -> list[str]:
        found = self._alternatives()
        if self._rest:
            raise _TooHard
        return found

    def _alternatives(self) -> list[str]:
        found = self._sequence()
        while self._take("|"):
            found += self._sequence()
        return list(dict.fromkeys(found))[:_MOST]

    def _sequence(self) -> list[str]:
        found = [""]
        while self._rest and self._rest[0] not in "|)":
            one = self._quantified(self._atom())
            # Each prefix once, and then each alternative of the new part once: not every combination.
            found = [before + one[0] for before in found] + [found[0] + other for other in one[1:]]
            found = found[:_MOST]
        return found

    def _atom(self) -> list[str]:
        first = self._rest.pop(0)
        match first:
            case "(":
                return self._group()
            case "[":
                return [self._class()]
            case "\\":
                return [self._escaped()]
            case ".":
                return ["z"]
            case "^" | "$":
                return [""]
            case "*" | "+" | "?" | "{":
                raise _TooHard
            case _:
                return [first]

    def _group(self) -> list[str]:
        if self._take("?"):
            flags = ""
            while self._rest and self._rest[0] in "imsU":
                flags += self._rest.pop(0)
            if flags and self._take(")"):
                return [""]
            if self._take("P") and self._take("<"):
                while self._rest and not self._take(">"):
                    self._rest.pop(0)
            elif not self._take(":"):
                raise _TooHard
        found = self._alternatives()
        if not self._take(")"):
            raise _TooHard
        return found

    def _class(self) -> str:
        negated, members = self._take("^"), ""
        while self._rest and (not members or self._rest[0] != "]"):
            one = self._rest.pop(0)
            if one == "[" and self._rest and self._rest[0] == ":":
                raise _TooHard
            members += self._escaped() if one == "\\" else one
            if one != "\\" and len(self._rest) > 1 and self._rest[0] == "-" and self._rest[1] != "]":
                self._rest.pop(0)
                last = self._rest.pop(0)
                members += last if self._long else ""
        if not self._take("]"):
            raise _TooHard
        if negated:
            # The check with the expression itself finds out if this one is in a range of the class.
            return next((one for one in "zZ7-_.~" if one not in members), "")
        return members[-1] if self._long else members[0]

    def _escaped(self) -> str:
        if not self._rest:
            raise _TooHard
        one = self._rest.pop(0)
        if one in _CLASSES:
            return _CLASSES[one]
        if one in "bBAz":
            return ""
        if one.isalnum():
            raise _TooHard
        return one

    def _quantified(self, one: list[str]) -> list[str]:
        least, most = 1, 1
        if self._take("*"):
            least, most = 0, 2
        elif self._take("+"):
            least, most = 1, 2
        elif self._take("?"):
            least, most = 0, 1
        elif self._take("{"):
            text = ""
            while self._rest and not self._take("}"):
                text += self._rest.pop(0)
            low, comma, high = text.partition(",")
            if not low.isdigit():
                raise _TooHard
            least = int(low)
            most = (int(high) if high.isdigit() else least + 1) if comma else least
        else:
            return one
        self._take("?")
        times = min(most, 64) if self._long else min(least, 64)
        return [text * times for text in one] if times else [""]

    def _take(self, character: str) -> bool:
        if self._rest and self._rest[0] == character:
            self._rest.pop(0)
            return True
        return False
