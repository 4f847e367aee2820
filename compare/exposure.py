"""Exposure: workloads that more clients reach, or that less guards, than before. What becomes stricter is left out."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass

from compare.asked import Asked
from compare.guards import Guard, loosened
from diagnostics.terminal import printable

_OPEN = "open"
_HEADER = (
    "# Workloads that requests from outside reach, with what is in front of each. Written by `make compare`.",
    "# A change that adds a line, or takes a guard from one, is listed as exposure until the line is here.",
)


@dataclass(frozen=True, order=True)
class Exposure:
    """A workload that becomes more reachable or less guarded for some requests."""

    workload: str
    where: str
    what: str
    command: str = ""

    def __str__(self) -> str:
        return f"{self.workload}, {self.where}: {self.what}"


def exposures(asked: Iterable[Asked]) -> list[Exposure]:
    """Everything that the head opens beyond the base."""
    found: dict[tuple[str, str, str], Exposure] = {}
    for one in asked:
        for workload in one.after.workloads:
            for what in _opened(one, workload):
                found.setdefault((workload, one.pattern, what), Exposure(workload, one.pattern, what, one.command))
    return sorted(found.values())


def lines(asked: Iterable[Asked]) -> list[str]:
    """The reachable workloads of the head, one line for each kind of requests: the contents of the committed file."""
    found = {
        f"{_place(workload, one)}: {_behind(one.after.guards)}" for one in asked for workload in one.after.workloads
    }
    return [*_HEADER, *sorted(found)]


def beyond(accepted: Iterable[str], asked: Iterable[Asked]) -> list[Exposure]:
    """Everything that the head opens beyond the lines of a committed file. A line also accepts more guards."""
    known: dict[str, list[set[str]]] = {}
    for line in accepted:
        place, separator, guards = line.strip().rpartition(": ")
        if separator and not line.startswith("#"):
            known.setdefault(place, []).append(_split(guards))
    found: dict[tuple[str, str], Exposure] = {}
    for one in asked:
        for workload in one.after.workloads:
            place, behind = _place(workload, one), _behind(one.after.guards)
            accepting = known.get(place, [])
            if not any(_accepts(guards, one.after.guards) for guards in accepting):
                what = f"{behind}, not in the file" + (
                    f" ({_OPEN if not accepting[0] else '; '.join(sorted(accepting[0]))})" if accepting else ""
                )
                exposure = Exposure(workload, one.pattern_after, what, one.command)
                found.setdefault((place, what), exposure)
    return sorted(found.values())


def _opened(one: Asked, workload: str) -> list[str]:
    if workload not in one.before.workloads:
        behind = f"behind {', '.join(map(str, one.after.guards))}" if one.after.guards else _OPEN
        return [f"newly reachable, {behind}"]
    return [_words(old, new) for old, new in loosened(one.before.guards, one.after.guards)]


def _words(old: Guard | None, new: Guard | None) -> str:
    if new is None:
        return f"{old} -> none"
    if old is None:
        return f"none -> {new}"
    return f"{old}: other settings, which may let more in" if str(old) == str(new) else f"{old} -> {new}"


def _accepts(guards: set[str], actual: Iterable[Guard]) -> bool:
    """Whether a line with these guards accepts a workload behind the `actual` ones."""
    mine = {_token(guard) for guard in actual}
    opening = {_token(guard) for guard in actual if guard.opens}
    return guards - _opening(guards) <= mine and opening <= guards


def _opening(guards: set[str]) -> set[str]:
    return {guard for guard in guards if guard.startswith("CORS")}


def _place(workload: str, one: Asked) -> str:
    """The workload and the requests, on one line."""
    return printable(f"{workload} <- {one.pattern_after}").replace("\n", "\\n")


def _behind(guards: Iterable[Guard]) -> str:
    return "; ".join(sorted(_token(guard) for guard in guards)) or _OPEN


def _split(guards: str) -> set[str]:
    return set() if guards == _OPEN else set(guards.split("; "))


def _token(guard: Guard) -> str:
    """A word for a guard and its settings, without a separator of the line."""
    digest = hashlib.sha256(guard.settings.encode()).hexdigest()[:8]
    return f"{guard.kind} {digest}"
