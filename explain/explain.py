"""Explain: the rule that takes a request, and if no rule does, those that come closest."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Any

from diagnostics import Problem
from diagnostics.problem import Reason, reason
from explain import sni
from explain.applied_policies import client_settings, policies
from explain.backends import Backend, backends
from explain.denial import denial
from explain.filters import Answer, Effects, effects
from explain.listener_match import all_listeners, misfit, port_reached
from explain.matches import mismatches, precedence
from explain.nearest import misfits, nearest
from explain.path_normalization import has_escaped_slash, normalized, with_slashes
from explain.refusal import Refusal
from explain.request import Request
from explain.rules import rules_of
from explain.server_errors import ServerErrors
from explain.untaken import without_listener, without_rule, without_server_name
from explain.verdict import Taken, Verdict
from explain.virtual_hosts import Entry, Table, table
from gatewayapi import hostnames
from gatewayapi.contested_hosts import KINDS, contests
from gatewayapi.listeners import Listener
from gatewayapi.topology import Topology
from kube.manifest import Manifest, ObjectName
from kube.read import read, values


def explain(
    manifests: Iterable[Manifest], request: Request, *, problems: Iterable[tuple[Manifest, Problem]]
) -> Verdict:
    """The verdict on `request` for a cluster with these objects and no others.

    `problems` are those that `checks.rules` finds in the objects: for some, Envoy Gateway answers with 500.
    Where several Gateways listen on the port, it is the verdict of the first one that takes the request: each has an
    address of its own, unless their class merges them, and the request does not say which one it goes to.
    """
    topology = Topology(manifests, complete=True)
    errors = ServerErrors(problems, topology)
    port = port_reached(request, topology)
    reasons: dict[Listener, Reason] = {}
    verdicts: list[Verdict] = []
    for fleet in topology.fleets:
        found = {listener: misfit(topology, listener, request, port) for listener in all_listeners(topology, fleet)}
        reasons |= {listener: why for listener, why in found.items() if why}
        if serving := [listener for listener, why in found.items() if not why]:
            verdicts.append(_of_fleet(serving, request, topology, errors))
    if not verdicts:
        gateways = [gateway for fleet in topology.fleets for gateway in fleet.gateways]
        untaken = without_listener(request, port, reasons, gateways, topology)
        return Verdict(request, nearest=misfits(reasons, port), untaken=untaken)
    best = next((verdict for verdict in verdicts if verdict.taken), verdicts[0])
    if len(verdicts) == 1:
        return best
    return replace(best, notes=(*best.notes, f"{len(verdicts)} Gateways listen on port {port}; this is one of them"))


def _of_fleet(serving: Sequence[Listener], request: Request, topology: Topology, errors: ServerErrors) -> Verdict:
    if refusal := _rejected_by_envoy(serving, topology, errors):
        return Verdict(request, refusal=refusal)
    untaken = without_rule(request, serving)
    if request.secure:
        known, asked = sni.chains(serving, topology, errors), serving
        meant = [
            listener for listener in serving if hostnames.matches(listener.hostname or hostnames.ANY, request.host)
        ]
        reached = sni.reached(known, request.host)
        if not reached:
            untaken = without_server_name(request, asked)
        serving = reached or meant
        if not serving:
            reasons = {
                listener: reason("request-sni", host=request.host, hostname=listener.hostname) for listener in asked
            }
            return Verdict(request, nearest=misfits(reasons, request.port), untaken=untaken)
    # Listeners without TLS share the settings of a ClientTrafficPolicy, so the first one stands for all.
    settings = read(client_settings(serving[0], topology, errors), "path", default={})
    settled, notes = _as_compared(request, settings)
    if has_escaped_slash(request.path) and settings.get("escapedSlashesAction") == "RejectRequest":
        return Verdict(request, refusal=Refusal(f"path {request.path}", reason("request-path-rejected")))
    rows = table(serving, topology, errors)
    for entry in rows.list_for(request.host):
        if next(mismatches(entry.match, settled), None) is None:
            tie = _tie(entry, rows, settled, topology)
            return Verdict(settled, _taken(entry, settled, topology, errors), notes=(*notes, *tie))
    return Verdict(settled, nearest=nearest(rows, serving, settled), notes=notes, untaken=untaken)


def _as_compared(request: Request, settings: Any) -> tuple[Request, tuple[str, ...]]:
    """The request with the path that Envoy compares, and a note about the change.

    `settings` is the field `path` of a ClientTrafficPolicy.
    """
    if not request.has_http:
        return request, ()
    action = settings.get("escapedSlashesAction") or "UnescapeAndRedirect"
    path = request.path if action == "KeepUnchanged" else with_slashes(request.path)
    redirected = path != request.path and action == "UnescapeAndRedirect"
    path = normalized(path, merge_slashes=not settings.get("disableMergeSlashes"))
    if path == request.path:
        return request, ()
    note = (
        f"Envoy first answers 307 to {path}, because of the escaped slash"
        if redirected
        else f"Envoy normalizes the path to {path}"
    )
    return replace(request, path=path), (note,)


def _rejected_by_envoy(serving: Sequence[Listener], topology: Topology, errors: ServerErrors) -> Refusal | None:
    """The reason why Envoy rejects all routes of a port: it would have a host name twice."""
    routes = topology.routes(*KINDS)
    kept = [route for route in routes if _is_kept(route, topology, errors)]
    for contest in contests(topology, kept):
        first, other = contest.first, contest.other
        if first.listener not in serving:
            continue
        words = {"host": first.hostname, "port": first.listener.port}
        if contest.is_between_listeners:
            both = {"listener": first.listener, "other": other.listener, "through": ""}
            return Refusal(f"port {first.listener.port}", reason("host-on-two-listeners", **both, **words))
        name = ObjectName.of(first.route)
        return Refusal(str(name), reason("sni-in-two-routes", other=ObjectName.of(other.route), **words))
    return None


def _is_kept(route: Manifest, topology: Topology, errors: ServerErrors) -> bool:
    rules = rules_of(route, topology)
    return any(not rule.refusal for rule in rules) and not errors.of_route(route, rules)


def _taken(entry: Entry, request: Request, topology: Topology, errors: ServerErrors) -> Taken:
    rule, listener = entry.rule, entry.listener
    route = topology.objects.find(rule.route) or {}
    targets = backends(rule, route, topology, errors)
    done: Effects = effects(values(rule.manifest, "filters"), request, entry.match, listener.port, route, topology)
    applied = policies(listener, rule.route, rule.name, targets, topology, errors)
    refused = errors.of_filters(route, ("spec", "rules", rule.index))
    refused = refused or next((policy.refusal for policy in applied if policy.refusal), None)
    answer = Answer.refusing(refused) if refused and request.has_http else done.answer
    answer = answer or _without_backend(targets, request)
    if answer and answer is not done.answer:
        answer = denial(answer, applied, request, listener.gateway, topology, errors)
    return Taken(
        listener=listener,
        hostname=entry.hostname,
        route=rule.route,
        rule=rule.index,
        rule_name=rule.name,
        match=entry.match,
        filters=done.steps,
        policies=applied,
        backends=() if (refused and request.has_http) or done.answer else targets,
        forwarded=done.forwarded,
        answer=answer,
    )


def _without_backend(targets: Sequence[Backend], request: Request) -> Answer | None:
    """The answer when no backend can get a request, or when one that must be alone is not."""
    refused = [backend.refusal for backend in targets if backend.weight and backend.refusal]
    lonely = next((refusal for refusal in refused if refusal.reason.code == "backend-dynamic-not-alone"), None)
    usable = any(backend.weight and not backend.refusal for backend in targets)
    if not request.has_http or (usable and not lonely):
        return None
    refusal = lonely or next(iter(refused), None)
    return Answer.refusing(refusal) if refusal else Answer(500, "the rule has no usable backend")


def _tie(entry: Entry, rows: Table, request: Request, topology: Topology) -> Iterator[str]:
    """A note about another route with the same matches: the older one goes first, which no file says."""
    for other in rows.list_for(request.host):
        if other.rule.route == entry.rule.route or precedence(other.match) != precedence(entry.match):
            continue
        if next(mismatches(other.match, request), None) is None:
            by_age = _created(entry.rule.route, topology) != _created(other.rule.route, topology)
            yield f"{other.rule} matches as well; {'the older route' if by_age else 'the first name'} goes first"
            return


def _created(route: ObjectName, topology: Topology) -> str:
    return read(topology.objects.find(route), "metadata", "creationTimestamp", default="")
