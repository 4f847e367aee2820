"""What an HTTPRouteFilter of Envoy Gateway adds to a rule of a route, and cannot beside the rule's other filters.

https://gateway.envoyproxy.io/docs/api/extension_types/#httproutefilter
"""

from collections.abc import Iterator
from typing import Any

from checks.graph.known import items, judged, read
from checks.graph.stack import ENVOY_GATEWAY, Stack, Wire, kind_of, namespace_of, shown
from checks.mistake import Mistake, Path


@judged
def mistakes(stack: Stack, route: Wire) -> Iterator[Mistake]:
    for rule, _ in items(route, "spec", "rules"):
        yield from _of_rule(stack, route, rule)


@judged
def _of_rule(stack: Stack, route: Wire, rule: Path) -> Iterator[Mistake]:
    mirrored, rewritten = False, set[str]()
    for path, each in items(route, *rule, "filters"):
        mirrored = mirrored or read(each, "type") == "RequestMirror"
        extension = _extension(stack, route, each)
        if (answer := read(extension, "spec", "directResponse")) is not None:
            yield from _of_answer(path, route, extension, read(answer, "statusCode", default=200), mirrored=mirrored)
            return  # Envoy Gateway looks at no filter behind it
        own = {part for part in ("hostname", "path") if read(each, "urlRewrite", part) is not None}
        own |= {part for part in ("hostname", "path") if read(extension, "spec", "urlRewrite", part) is not None}
        if twice := own & rewritten:
            rule_ = f"an earlier filter of the rule rewrites the {' and the '.join(sorted(twice))} too"
            yield Mistake(path=path, rule=rule_, cure="keep one of the two")
        rewritten |= own


def _extension(stack: Stack, route: Wire, each: Any) -> Wire | None:
    """The HTTPRouteFilter that a filter names, if it names one. Raises NotKnown for what is not declared here."""
    name = read(each, "extensionRef", "name")
    if name is None or read(each, "extensionRef", "kind") != "HTTPRouteFilter":
        return None
    return stack.find(ENVOY_GATEWAY, "HTTPRouteFilter", namespace_of(route), name)


def _of_answer(path: Path, route: Wire, extension: Wire | None, status: int, *, mirrored: bool) -> Iterator[Mistake]:
    if mirrored:
        rule = f"answers by {extension and shown(extension)} what an earlier filter of the rule mirrors"
        yield Mistake(path=path, rule=rule, cure="remove one of the two")
    if kind_of(route) == "GRPCRoute" and 200 <= status < 300:
        rule = f"answers {status}, which to a gRPC client is a success without a message"
        yield Mistake(path=path, rule=rule, cure="give the HTTPRouteFilter a statusCode of an error")
