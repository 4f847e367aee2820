"""Nearest: the rules and listeners that came closest to taking a request that nothing takes."""

from collections.abc import Sequence
from difflib import SequenceMatcher

from explain.matches import mismatches
from explain.request import Request
from explain.verdict import Candidate
from explain.virtual_hosts import Table
from gatewayapi import hostnames
from gatewayapi.listeners import Listener

_MOST = 5


def misfits(reasons: dict[Listener, str]) -> tuple[Candidate, ...]:
    """Why each listener does not take a request."""
    found = tuple(Candidate(str(listener), reason) for listener, reason in reasons.items())
    return found[:_MOST] or (Candidate("Gateway", "the stack has none"),)


def nearest(rows: Table, serving: Sequence[Listener], request: Request) -> tuple[Candidate, ...]:
    """One line per rule, with the match that comes closest; then the routes that the listeners refuse."""
    chosen = {entry.hostname for entry in rows.list_for(request.host)}
    found: dict[str, tuple[tuple[int, float], str]] = {}
    for entry in rows.entries:
        unmet = list(mismatches(entry.match, request))
        likeness = SequenceMatcher(None, entry.hostname, request.host).ratio()
        if entry.hostname in chosen:
            scored = (2, -float(len(unmet))), unmet[0]
        elif hostnames.matches(entry.hostname, request.host):
            more = f"{next(iter(chosen))} is more specific than its {entry.hostname}, and Envoy looks no further"
            scored = (1 if unmet else 3, 0.0), unmet[0] if unmet else more
        else:
            scored = (0, likeness), f"host {request.host} is not {entry.hostname}"
        found[str(entry.rule)] = max(found.get(str(entry.rule), scored), scored, key=lambda score: score[0])
    best = sorted(found.items(), key=lambda item: item[1][0], reverse=True)
    candidates = [Candidate(what, reason) for what, (_, reason) in best]
    candidates += [Candidate(str(detached.route), detached.refusal) for detached in rows.detached]
    if not candidates:
        candidates = [Candidate(str(listener), "no route is attached to it") for listener in serving]
    return tuple(candidates[:_MOST])
