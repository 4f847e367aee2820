"""Nearest: the rules and listeners that came closest to taking a request that nothing takes."""

from collections.abc import Mapping, Sequence
from difflib import SequenceMatcher

from diagnostics.problem import Reason, reason
from explain.matches import mismatches
from explain.refusal import Refusal
from explain.request import Request
from explain.virtual_hosts import Table
from gatewayapi import hostnames
from gatewayapi.listeners import Listener

_MOST = 5


def misfits(reasons: Mapping[Listener, Reason], port: int) -> tuple[Refusal, ...]:
    """Listeners that do not take a request at `port`, with the reasons; those on another port come last."""
    closest = sorted(reasons, key=lambda listener: listener.port != port)
    found = tuple(Refusal(str(listener), reasons[listener]) for listener in closest)
    return found[:_MOST] or (Refusal("Gateway", reason("request-no-gateway")),)


def nearest(rows: Table, serving: Sequence[Listener], request: Request) -> tuple[Refusal, ...]:
    """One line per rule, with the match that comes closest; then the routes that the listeners refuse."""
    chosen = {entry.hostname for entry in rows.list_for(request.host)}
    found: dict[str, tuple[tuple[int, float], Reason]] = {}
    for entry in rows.entries:
        unmet = list(mismatches(entry.match, request))
        likeness = SequenceMatcher(None, entry.hostname, request.host).ratio()
        if entry.hostname in chosen:
            scored = (2, -float(len(unmet))), unmet[0]
        elif hostnames.matches(entry.hostname, request.host):
            other = reason("request-host-less-specific", better=next(iter(chosen)), hostname=entry.hostname)
            scored = (1 if unmet else 3, 0.0), unmet[0] if unmet else other
        else:
            scored = (0, likeness), reason("request-host", host=request.host, hostname=entry.hostname)
        found[str(entry.rule)] = max(found.get(str(entry.rule), scored), scored, key=lambda score: score[0])
    best = sorted(found.items(), key=lambda item: item[1][0], reverse=True)
    refusals = [*(Refusal(what, why) for what, (_, why) in best), *rows.detached]
    if not refusals:
        refusals = [Refusal(str(listener), reason("listener-without-route")) for listener in serving]
    return tuple(refusals[:_MOST])
