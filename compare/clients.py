"""Clients: what changes for them. Classes of requests with the same change are one line."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from compare.asked import Asked
from compare.guards import Guard
from compare.outcomes import Outcome

_SHOWN = 3
Kind = Literal["new", "gone", "changed"]


@dataclass(frozen=True)
class Change:
    """The same change of some classes of requests.

    `new` and `gone` are hosts that no rule served before, or that none serves after.
    """

    kind: Kind
    where: tuple[str, ...]
    """The requests, such as `chat.example.com/api/*`."""
    what: tuple[str, ...]
    """Each difference, such as `web:80 100 % -> api:80 100 %`."""
    command: str
    """A command that shows the first one."""
    before: Outcome
    after: Outcome

    @property
    def title(self) -> str:
        """The requests in short."""
        shown = ", ".join(self.where[:_SHOWN])
        more = len(self.where) - _SHOWN
        return f"{shown} and {more} more" if more > 0 else shown

    def __str__(self) -> str:
        start = "" if self.kind == "changed" else f"{self.kind}: "
        return f"{start}{self.title}: {'; '.join(self.what)}"


def changes(asked: Iterable[Asked]) -> list[Change]:
    """Everything that changes for clients: hosts that are new, hosts that are gone, then other changes."""
    asked = list(asked)
    by_host: dict[tuple[str, str, int, str], list[Asked]] = {}
    for one in asked:
        by_host.setdefault(one.key[:4], []).append(one)
    kinds: dict[tuple[str, str, int, str], Kind] = {key: _kind(found) for key, found in by_host.items()}
    joined: dict[tuple[Kind, Outcome, Outcome], list[Asked]] = {}
    for one in asked:
        if one.changes:
            joined.setdefault((kinds[one.key[:4]], one.before, one.after), []).append(one)
    found = [_change(kind, before, after, group) for (kind, before, after), group in joined.items()]
    order: tuple[Kind, ...] = ("gone", "changed", "new")
    return sorted(found, key=lambda change: order.index(change.kind))


def differences(before: Outcome, after: Outcome) -> tuple[str, ...]:
    """The parts in which two outcomes differ, as `old -> new`."""
    found: list[str] = []
    if before.way != after.way:
        found.append(f"{before.way or 'nothing'} -> {after.way or 'nothing'}")
    if before.is_served and after.is_served:
        if before.forwarded != after.forwarded:
            found.append(f"sent with {before.forwarded or 'its own path'} -> {after.forwarded or 'its own path'}")
        found += [f"without filter {step}" for step in before.filters if step not in after.filters]
        found += [f"filter {step}" for step in after.filters if step not in before.filters]
    elif after.forwarded:
        found.append(f"sent with {after.forwarded}")
    if before.is_served or after.is_served:
        found += _guards(before, after)
    if before.is_served and after.is_served:
        found += _settings(dict(before.settings), dict(after.settings))
    return tuple(found) or ("differs in a way that has no words here",)


def _kind(asked: Iterable[Asked]) -> Kind:
    """Whether a host is new or gone for clients."""
    was = any(one.took_before is not None for one in asked)
    will_be = any(one.took_after is not None for one in asked)
    if was == will_be:
        return "changed"
    return "gone" if was else "new"


def _change(kind: Kind, before: Outcome, after: Outcome, asked: list[Asked]) -> Change:
    where = tuple(dict.fromkeys(one.pattern for one in asked))
    return Change(kind, where, differences(before, after), asked[0].command, before, after)


def _guards(before: Outcome, after: Outcome) -> list[str]:
    old = {guard.kind: guard for guard in before.guards}
    new = {guard.kind: guard for guard in after.guards}
    if not before.is_served:
        return [f"behind {', '.join(map(str, after.guards))}"] if after.guards else ["open"]
    if not after.is_served or old == new:
        return []
    changed = [kind for kind in sorted(old.keys() | new.keys()) if old.get(kind) != new.get(kind)]
    return [_turned(_guard(old.get(kind), before, kind), _guard(new.get(kind), after, kind)) for kind in changed]


def _guard(guard: Guard | None, among: Outcome, kind: str) -> str:
    if guard is not None:
        return str(guard)
    return f"no {kind}" if among.guards else "open"


def _turned(old: str, new: str) -> str:
    """The change of a guard. Its words can be the same on both sides."""
    return f"{old}, other settings" if old == new else f"{old} -> {new}"


def _settings(old: dict[str, str], new: dict[str, str]) -> list[str]:
    found: list[str] = []
    for name in sorted(old.keys() | new.keys()):
        if old.get(name) != new.get(name):
            found.append(f"{name} {_short(old.get(name))} -> {_short(new.get(name))}")
    return found


def _short(text: str | None) -> str:
    if text is None:
        return "none"
    return text if len(text) <= 120 else f"{text[:117]}..."
