"""What the filters of a rule come to together, with the HTTPRouteFilters that they name."""

from collections.abc import Iterator
from typing import Any

from checks.graph.extensions import configuration
from checks.graph.known import items, judged, read
from checks.graph.references import reference
from checks.graph.stack import ENVOY_GATEWAY, Stack, Wire, kind_of
from checks.mistake import Mistake, Path

_KIND = "HTTPRouteFilter"
_ASPECTS = ("hostname", "path")


def mistakes(stack: Stack, route: Wire) -> Iterator[Mistake]:
    for path in _rules(route):
        yield from _of_kinds(stack, route, path)
        yield from _of_matches(stack, route, path)
        yield from _of_rewrites(stack, route, path)
        if kind_of(route) == "GRPCRoute":
            yield from _of_answers(stack, route, path)


def extensions(stack: Stack, route: Wire, rule: Path) -> Iterator[tuple[Path, Any]]:
    """The HTTPRouteFilters of a rule: where each is named, and its spec; None for one that is not there."""
    for path, each in items(route, *rule, "filters"):
        if (named := read(each, "extensionRef")) is None:
            continue
        ref = reference(route, (*path, "extensionRef"), named, ENVOY_GATEWAY, _KIND)
        if (ref.group, ref.kind) == (ENVOY_GATEWAY, _KIND):
            yield ref.path, read(stack.find(ref.group, ref.kind, ref.namespace, ref.name), "spec")


@judged
def _rules(route: Wire) -> Iterator[Path]:
    return (path for path, _ in items(route, "spec", "rules"))


@judged
def _of_kinds(stack: Stack, route: Wire, rule: Path) -> Iterator[Mistake]:
    for path, each in items(route, *rule, "filters"):
        if (named := read(each, "extensionRef")) is None:
            continue
        ref = reference(route, (*path, "extensionRef"), named, ENVOY_GATEWAY, _KIND)
        kind = ref.group, ref.kind
        if kind != (ENVOY_GATEWAY, _KIND) and (ref.group == ENVOY_GATEWAY or kind not in _brought(stack)):
            cure = f"refer to a {_KIND} of {ENVOY_GATEWAY}, or name the kind in extensionManager.resources"
            what = f"{ref.kind} of {ref.group} is no filter that Envoy Gateway knows"
            yield Mistake(path=(*ref.path, "kind"), value=ref.kind, rule=what, cure=cure)


@judged
def _of_matches(stack: Stack, route: Wire, rule: Path) -> Iterator[Mistake]:
    matching = [path for path, spec in extensions(stack, route, rule) if read(spec, "matches")]
    for path in matching[1:]:
        yield Mistake(path=path, rule=f"a rule takes one {_KIND} with matches", cure="make two rules of it")


@judged
def _of_rewrites(stack: Stack, route: Wire, rule: Path) -> Iterator[Mistake]:
    core = [read(each, "urlRewrite") for _, each in items(route, *rule, "filters") if read(each, "urlRewrite")]
    changed = {aspect for aspect in _ASPECTS if any(read(each, aspect) for each in core)}
    earlier = False
    for path, spec in extensions(stack, route, rule):
        own = {aspect for aspect in _ASPECTS if read(spec, "urlRewrite", aspect)}
        if own and (earlier or own & changed):
            yield Mistake(path=path, rule="rewrites what another filter of the rule does", cure="keep one of the two")
        earlier = earlier or bool(own)


@judged
def _of_answers(stack: Stack, route: Wire, rule: Path) -> Iterator[Mistake]:
    for path, spec in extensions(stack, route, rule):
        code = read(spec, "directResponse", "statusCode")
        if code is not None and 200 <= code < 300:
            told = f"answers {code}, and no direct response has the message that a gRPC client then expects"
            yield Mistake(path=path, rule=told, cure="answer with the status of an error")


def _brought(stack: Stack) -> set[tuple[str, str]]:
    """Kinds of filters that an extension server brings."""
    resources = read(configuration(stack), "extensionManager", "resources", default=[])
    return {(read(each, "group", default=""), read(each, "kind", default="")) for each in resources}
