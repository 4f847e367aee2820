"""What an HTTPRouteFilter of Envoy Gateway adds to a rule of a route, and cannot beside the rule's other filters.

https://gateway.envoyproxy.io/docs/api/extension_types/#httproutefilter
"""

from collections.abc import Iterator
from typing import Any

from checks.rules.extensions import configuration
from diagnostics.problem import Mistake, Path
from gatewayapi.objects import ENVOY_GATEWAY, Stack, Wire, kind_of, shown
from gatewayapi.references import reference
from kube.read import items, judged, read

_KIND = "HTTPRouteFilter"
_ASPECTS = ("hostname", "path")


@judged
def mistakes(stack: Stack, route: Wire) -> Iterator[Mistake]:
    for rule, _ in items(route, "spec", "rules"):
        yield from _of_kinds(stack, route, rule)
        yield from _of_rule(stack, route, rule)


def extension(stack: Stack, route: Wire, each: Any) -> Wire | None:
    """The HTTPRouteFilter that a filter of a route names, if it names one and there is one.

    Raises NotKnown for what is not declared here.
    """
    ref = reference(route, (), read(each, "extensionRef"), ENVOY_GATEWAY, "")
    return stack.find(ref.group, ref.kind, ref.namespace, ref.name) if ref.kind == _KIND else None


@judged
def _of_kinds(stack: Stack, route: Wire, rule: Path) -> Iterator[Mistake]:
    for path, each in items(route, *rule, "filters"):
        if (named := read(each, "extensionRef")) is None:
            continue
        ref = reference(route, (*path, "extensionRef"), named, ENVOY_GATEWAY, _KIND)
        kind = ref.group, ref.kind
        if kind != (ENVOY_GATEWAY, _KIND) and kind not in _brought(stack):
            what = f"{ref.kind} of {ref.group} is no filter that Envoy Gateway knows"
            cure = f"refer to a {_KIND} of {ENVOY_GATEWAY}, or name the kind in extensionManager.resources"
            yield Mistake(path=(*ref.path, "kind"), value=ref.kind, rule=what, cure=cure)


@judged
def _of_rule(stack: Stack, route: Wire, rule: Path) -> Iterator[Mistake]:
    mirrored, narrowed, extended, rewritten = False, False, False, set[str]()
    for path, each in items(route, *rule, "filters"):
        mirrored = mirrored or read(each, "type") == "RequestMirror"
        own = extension(stack, route, each)
        if (answer := read(own, "spec", "directResponse")) is not None:
            yield from _of_answer(path, route, own, read(answer, "statusCode", default=200), mirrored=mirrored)
            return  # Envoy Gateway looks at no filter behind it
        if narrowed and read(own, "spec", "matches"):
            yield Mistake(path=path, rule=f"a rule takes one {_KIND} with matches", cure="make two rules of it")
        narrowed = narrowed or bool(read(own, "spec", "matches"))
        by_extension = {part for part in _ASPECTS if read(own, "spec", "urlRewrite", part) is not None}
        parts = by_extension | {part for part in _ASPECTS if read(each, "urlRewrite", part) is not None}
        if (twice := parts & rewritten) or (extended and by_extension):
            told = f"an earlier filter of the rule rewrites the {' and the '.join(sorted(twice or rewritten))} too"
            yield Mistake(path=path, rule=told, cure="keep one of the two")
        rewritten |= parts
        extended = extended or bool(by_extension)


def _of_answer(path: Path, route: Wire, own: Wire | None, status: int, *, mirrored: bool) -> Iterator[Mistake]:
    if mirrored:
        rule = f"answers by {own and shown(own)} what an earlier filter of the rule mirrors"
        yield Mistake(path=path, rule=rule, cure="remove one of the two")
    if kind_of(route) == "GRPCRoute" and 200 <= status < 300:
        rule = f"answers {status}, which to a gRPC client is a success without a message"
        yield Mistake(path=path, rule=rule, cure=f"give the {_KIND} a statusCode of an error")


def _brought(stack: Stack) -> set[tuple[str, str]]:
    """Kinds of filters that an extension server brings."""
    resources = read(configuration(stack), "extensionManager", "resources", default=[])
    return {(read(each, "group", default=""), read(each, "kind", default="")) for each in resources}
