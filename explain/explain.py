"""Explain: which rule takes a request, and if none does, what comes nearest."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from explain import paths, server_names
from explain.backends import Backend, backends
from explain.filters import Answer, Effects, effects
from explain.listeners import Listener, misfit, of_fleets, port_reached
from explain.matches import mismatches, precedence
from explain.nearest import misfits, nearest
from explain.objects import Objects, Reference, Wire, part, parts
from explain.policies import client_settings, policies
from explain.request import Request
from explain.verdict import Taken, Verdict
from explain.virtual_hosts import Entry, Table, table
from gatewayapi import hostnames


def explain(wires: Iterable[Wire], request: Request) -> Verdict:
    """The verdict of Envoy Gateway 1.9 on `request`, with the objects `wires` and no others.

    Where several Gateways listen on the port, that of the first one that takes the request: each has an address of its
    own, unless their class merges them, and the request does not say which it goes to.
    """
    objects = Objects(wires)
    fleets, port = of_fleets(objects), port_reached(request, objects)
    verdicts = [
        _of_fleet(serving, listeners, request, objects)
        for listeners in fleets
        if (serving := [listener for listener in listeners if not misfit(listener, request, port)])
    ]
    if not verdicts:
        everyone = [listener for listeners in fleets for listener in listeners]
        return Verdict(request, nearest=misfits({each: misfit(each, request, port) for each in everyone}))
    best = next((verdict for verdict in verdicts if verdict.taken), verdicts[0])
    if len(verdicts) == 1:
        return best
    return replace(best, notes=(*best.notes, f"{len(verdicts)} Gateways listen on port {port}; this is one of them"))


def _of_fleet(
    serving: Sequence[Listener], listeners: Sequence[Listener], request: Request, objects: Objects
) -> Verdict:
    if request.secure:
        known, asked = server_names.chains(serving, listeners, objects), serving
        if refusal := _contest_of_names(known, request):
            return Verdict(request, refusal=refusal)
        meant = [each for each in serving if hostnames.takes(each.hostname or hostnames.ANY, request.host)]
        serving = server_names.reached(known, request.host) or meant
        if not serving:
            nobody = f"no TLS for {request.host}: it is for "
            return Verdict(request, nearest=misfits({each: nobody + each.hostname for each in asked}))
    # Listeners without TLS share what a ClientTrafficPolicy says, so that the first one speaks for all.
    settings = part(client_settings(serving[0], objects), "path")
    settled, notes = _as_compared(request, settings)
    if paths.has_escaped_slash(request.path) and settings.get("escapedSlashesAction") == "RejectRequest":
        return Verdict(request, refusal="Envoy answers 400: a ClientTrafficPolicy rejects paths with an escaped slash")
    rows = table(serving, listeners, objects)
    if refusal := _contest(rows, request):
        return Verdict(settled, refusal=refusal, notes=notes)
    for entry in rows.list_for(request.host):
        if next(mismatches(entry.match, settled), None) is None:
            tie = _tie(entry, rows, settled, objects)
            return Verdict(settled, _taken(entry, settled, objects), notes=(*notes, *tie))
    return Verdict(settled, nearest=nearest(rows, serving, settled), notes=notes)


def _as_compared(request: Request, settings: Wire) -> tuple[Request, tuple[str, ...]]:
    """The request with the path that Envoy compares, and what it has done to it.

    `settings` are a ClientTrafficPolicy's for the path.
    """
    if not request.has_http:
        return request, ()
    action = settings.get("escapedSlashesAction") or "UnescapeAndRedirect"
    path = request.path if action == "KeepUnchanged" else paths.with_slashes(request.path)
    redirected = path != request.path and action == "UnescapeAndRedirect"
    path = paths.normalised(path, merge_slashes=not settings.get("disableMergeSlashes"))
    if path == request.path:
        return request, ()
    note = f"Envoy first answers 307 to {path}, for its escaped slash" if redirected else f"Envoy makes its path {path}"
    return replace(request, path=path), (note,)


def _contest_of_names(known: Sequence[server_names.Chain], request: Request) -> str:
    """All that is for TLS on one port shares Envoy's list of server names, which has each only once."""
    return next(
        (
            f"{' and '.join(str(route) for route in dict.fromkeys(routes))} would have {hostname} more than once on "
            f"port {request.port}. Envoy takes a server name once and refuses all of this port. Name it in one route, "
            "for one listener."
            for hostname, routes in server_names.contested(known).items()
        ),
        "",
    )


def _contest(rows: Table, request: Request) -> str:
    """Listeners without TLS on one port share Envoy's table, which takes a host name only once."""
    if request.secure:
        return ""
    return next(
        (
            f"{' and '.join(str(listener) for listener in listeners)} both serve {hostname} on port {request.port}. "
            "Envoy takes a host name once and refuses all routes of this port. Give the route a sectionName."
            for hostname, listeners in rows.contested.items()
        ),
        "",
    )


def _taken(entry: Entry, request: Request, objects: Objects) -> Taken:
    rule, listener = entry.rule, entry.listener
    targets = backends(rule.wire, rule.route, objects)
    done: Effects = effects(
        parts(rule.wire, "filters"), request, entry.match, listener.port, rule.route.namespace, objects
    )
    return Taken(
        listener=listener,
        hostname=entry.hostname,
        route=rule.route,
        rule=rule.index,
        rule_name=rule.name,
        match=entry.match,
        filters=done.steps,
        policies=policies(listener, rule.route, rule.name, targets, objects),
        backends=() if done.answer else targets,
        forwarded=done.forwarded,
        answer=done.answer or _without_backend(targets, request),
    )


def _without_backend(targets: Sequence[Backend], request: Request) -> Answer | None:
    if not request.has_http or any(backend.weight and not backend.problem for backend in targets):
        return None
    return Answer(500, "no backend of the rule can be used")


def _tie(entry: Entry, rows: Table, request: Request, objects: Objects) -> Iterator[str]:
    """Another route that asks for the same: who is older decides, which nobody reads in a file."""
    for other in rows.list_for(request.host):
        if other.rule.route == entry.rule.route or precedence(other.match) != precedence(entry.match):
            continue
        if next(mismatches(other.match, request), None) is None:
            by_age = _created(entry.rule.route, objects) != _created(other.rule.route, objects)
            yield f"{other.rule} matches as well; {'the older route' if by_age else 'the first name'} goes first"
            return


def _created(route: Reference, objects: Objects) -> str:
    return part(objects.find(route) or {}, "metadata").get("creationTimestamp") or ""
