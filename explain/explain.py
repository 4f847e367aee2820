"""Explain: the rule that takes a request, and if no rule does, those that come closest."""

from collections.abc import Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from diagnostics import Problem
from diagnostics.problem import Reason, reason
from explain import sni
from explain.applied_policies import client_settings, policies
from explain.backends import Backend, backends
from explain.denial import denial
from explain.filters import Answer, Effects, effects
from explain.listener_match import all_listeners, misfit, port_reached
from explain.matches import mismatches, path_matches, precedence
from explain.nearest import misfits, nearest
from explain.path_normalization import has_escaped_slash, normalized, with_slashes
from explain.refusal import Refusal
from explain.request import Request
from explain.rules import rules_of
from explain.server_errors import ServerErrors
from explain.untaken import Untaken, without_listener, without_rule, without_server_name
from explain.verdict import Taken, Verdict
from explain.virtual_hosts import Entry, Table, table
from gatewayapi import hostnames
from gatewayapi.contested_hosts import KINDS, contests
from gatewayapi.fleets import Fleet
from gatewayapi.listeners import Listener
from gatewayapi.topology import Topology
from kube.manifest import Manifest, ObjectName
from kube.read import read, values


def explain(
    manifests: Iterable[Manifest], request: Request, *, problems: Iterable[tuple[Manifest, Problem]]
) -> Verdict:
    """The verdict on `request` for a cluster with these objects and no others.

    `problems` are those that `checks.rules` finds in the objects: for some, Envoy Gateway answers with 500.
    """
    return Evaluator(manifests, problems=problems).verdict(request)


@dataclass(frozen=True)
class _Lookup:
    """Everything that the port and the host of a request decide: where Envoy looks, before it looks at a path."""

    serving: Sequence[Listener]
    """The listeners that are left; empty when the connection ends before a route is looked up."""
    entries: tuple[Entry, ...] = ()
    table: Table | None = None
    untaken: Untaken | None = None
    refusal: Refusal | None = None
    misfits: tuple[Refusal, ...] = ()


class Evaluator:
    """The verdicts for one set of objects. Everything that several requests share is derived once.

    `problems` are those that `checks.rules` finds in the objects.
    """

    def __init__(self, manifests: Iterable[Manifest], *, problems: Iterable[tuple[Manifest, Problem]]) -> None:
        self.topology = Topology(manifests, complete=True)
        self.errors = ServerErrors(problems, self.topology)
        self._fits: dict[Hashable, tuple[list[Listener], dict[Listener, Reason]]] = {}
        self._tables: dict[tuple[Listener, ...], Table] = {}
        self._chains: dict[tuple[Listener, ...], list[sni.Chain]] = {}
        self._rejections: dict[tuple[Listener, ...], Refusal | None] = {}
        self._lookups: dict[Hashable, _Lookup] = {}

    def verdict(self, request: Request, *, fleet: Fleet | None = None, in_detail: bool = True) -> Verdict:
        """The verdict on `request`.

        Where several Gateways listen on the port, it is the verdict of the first one that takes the request: each has
        an address of its own, unless their class merges them, and the request does not say which one it goes to.
        `fleet` says it. `in_detail` also looks for the rules that come closest, and for ties; that takes time.
        """
        topology = self.topology
        port = port_reached(request, topology)
        reasons: dict[Listener, Reason] = {}
        verdicts: list[Verdict] = []
        asked = [fleet] if fleet else topology.fleets
        for one in asked:
            serving, unfit = self._fitting(one, request, port)
            reasons |= unfit
            if serving:
                verdicts.append(self._of_fleet(serving, request, in_detail=in_detail))
        if not verdicts:
            gateways = [gateway for one in asked for gateway in one.gateways]
            untaken = without_listener(request, port, reasons, gateways, topology)
            return Verdict(request, nearest=misfits(reasons, port), untaken=untaken)
        best = next((verdict for verdict in verdicts if verdict.taken), verdicts[0])
        if len(verdicts) == 1:
            return best
        return replace(
            best, notes=(*best.notes, f"{len(verdicts)} Gateways listen on port {port}; this is one of them")
        )

    def entries(self, request: Request, fleet: Fleet) -> tuple[Entry, ...]:
        """The list of matches in which Envoy looks for the request's path, the first that matches takes it."""
        serving, _ = self._fitting(fleet, request, port_reached(request, self.topology))
        return self._lookup(serving, request).entries if serving else ()

    def taken(self, entry: Entry, request: Request) -> Taken:
        """The rule of `entry`, and everything that it does with a request that it takes."""
        return _taken(entry, request, self.topology, self.errors)

    def _fitting(self, fleet: Fleet, request: Request, port: int) -> tuple[list[Listener], dict[Listener, Reason]]:
        """The listeners that a request at `port` may be for, and the reasons of the others."""
        key = (id(fleet), request.scheme, request.port)
        if key not in self._fits:
            found = {one: misfit(self.topology, one, request, port) for one in all_listeners(self.topology, fleet)}
            serving = [listener for listener, why in found.items() if not why]
            self._fits[key] = serving, {listener: why for listener, why in found.items() if why}
        return self._fits[key]

    def _lookup(self, serving: Sequence[Listener], request: Request) -> _Lookup:
        key = (tuple(serving), request.scheme, request.host, request.port)
        if key not in self._lookups:
            self._lookups[key] = self._looked_up(serving, request)
        return self._lookups[key]

    def _looked_up(self, serving: Sequence[Listener], request: Request) -> _Lookup:
        if refusal := self._rejected(tuple(serving)):
            return _Lookup(serving, refusal=refusal)
        untaken = without_rule(request, serving)
        if request.secure:
            known, asked = self._known_chains(tuple(serving)), serving
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
                return _Lookup((), untaken=untaken, misfits=misfits(reasons, request.port))
        rows = self._table(tuple(serving))
        return _Lookup(serving, entries=rows.list_for(request.host), table=rows, untaken=untaken)

    def _of_fleet(self, serving: Sequence[Listener], request: Request, *, in_detail: bool) -> Verdict:
        found = self._lookup(serving, request)
        if found.refusal:
            return Verdict(request, refusal=found.refusal)
        if not found.table:
            return Verdict(request, nearest=found.misfits, untaken=found.untaken)
        # Listeners without TLS share the settings of a ClientTrafficPolicy, so the first one stands for all.
        settings = read(client_settings(found.serving[0], self.topology, self.errors), "path", default={})
        settled, notes, redirect = _as_compared(request, settings)
        if has_escaped_slash(request.path) and settings.get("escapedSlashesAction") == "RejectRequest":
            return Verdict(request, refusal=Refusal(f"path {request.path}", reason("request-path-rejected")))
        for entry in found.entries:
            if path_matches(entry.match, settled.path) and next(mismatches(entry.match, settled), None) is None:
                tie = _tie(entry, found.entries, settled, self.topology) if in_detail else ()
                return Verdict(settled, self.taken(entry, settled), notes=(*notes, *tie), redirect=redirect)
        near = nearest(found.table, found.serving, settled) if in_detail else ()
        return Verdict(settled, nearest=near, notes=notes, untaken=found.untaken, redirect=redirect)

    def _table(self, serving: tuple[Listener, ...]) -> Table:
        if serving not in self._tables:
            self._tables[serving] = table(serving, self.topology, self.errors)
        return self._tables[serving]

    def _known_chains(self, serving: tuple[Listener, ...]) -> list[sni.Chain]:
        if serving not in self._chains:
            self._chains[serving] = sni.chains(serving, self.topology, self.errors)
        return self._chains[serving]

    def _rejected(self, serving: tuple[Listener, ...]) -> Refusal | None:
        if serving not in self._rejections:
            self._rejections[serving] = _rejected_by_envoy(serving, self.topology, self.errors)
        return self._rejections[serving]


def _as_compared(request: Request, settings: Any) -> tuple[Request, tuple[str, ...], str]:
    """The request with the path that Envoy compares, a note about the change, and the path of its redirect, if any.

    `settings` is the field `path` of a ClientTrafficPolicy.
    """
    if not request.has_http:
        return request, (), ""
    action = settings.get("escapedSlashesAction") or "UnescapeAndRedirect"
    path = request.path if action == "KeepUnchanged" else with_slashes(request.path)
    redirected = path != request.path and action == "UnescapeAndRedirect"
    path = normalized(path, merge_slashes=not settings.get("disableMergeSlashes"))
    if path == request.path:
        return request, (), ""
    note = (
        f"Envoy first answers 307 to {path}, because of the escaped slash"
        if redirected
        else f"Envoy normalizes the path to {path}"
    )
    settled = replace(request, path=path)
    return settled, (note,), settled.target if redirected else ""


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


def _tie(entry: Entry, entries: Sequence[Entry], request: Request, topology: Topology) -> Iterator[str]:
    """A note about another route with the same matches: the older one goes first, which no file says."""
    for other in entries:
        if other.rule.route == entry.rule.route or not path_matches(other.match, request.path):
            continue
        if precedence(other.match) != precedence(entry.match):
            continue
        if next(mismatches(other.match, request), None) is None:
            by_age = _created(entry.rule.route, topology) != _created(other.rule.route, topology)
            yield f"{other.rule} matches as well; {'the older route' if by_age else 'the first name'} goes first"
            return


def _created(route: ObjectName, topology: Topology) -> str:
    return read(topology.objects.find(route), "metadata", "creationTimestamp", default="")
