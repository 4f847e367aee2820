"""Filters: the effects of a rule on a request, and the URL that results.

Follows https://gateway-api.sigs.k8s.io/reference/spec/#httproutefilter and
https://gateway.envoyproxy.io/docs/api/extension_types/#httproutefilter, as Envoy Gateway passes them to Envoy.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from explain import regex
from explain.matches import Match
from explain.refusal import Refusal
from explain.request import Request
from gatewayapi.kinds import ENVOY_GATEWAY
from gatewayapi.references import reference
from gatewayapi.topology import Topology
from kube.manifest import Manifest, namespace_of
from kube.read import NotKnown, read, values

FIXED_ANSWER = "a fixed answer of"
"""Start of the reason of an answer that an HTTPRouteFilter gives."""
_WELL_KNOWN = {"http": 80, "https": 443}


@dataclass(frozen=True)
class Answer:
    """An answer that Envoy gives without a backend. `location` is that of a redirect."""

    status: int
    reason: str
    location: str = ""
    refusal: Refusal | None = None
    """The filter, backend or policy that Envoy Gateway refuses, when it answers with 500 for that."""
    is_denial: bool = False
    """Whether a SecurityPolicy gives the answer, before the rule could."""

    @classmethod
    def refusing(cls, refusal: Refusal) -> "Answer":
        """The answer in place of something that Envoy Gateway refuses."""
        return cls(500, f"because Envoy Gateway refuses {refusal}", refusal=refusal)


@dataclass(frozen=True)
class Effects:
    """Effects of filters. `steps` describes each filter in order; `forwarded` is the request that a backend gets."""

    steps: tuple[str, ...]
    forwarded: Request
    answer: Answer | None = None


def extensions(filters: Iterable[Manifest], route: Manifest, topology: Topology) -> Iterator[Manifest]:
    """The HTTPRouteFilters that filters of `route` refer to, as far as they exist, up to one with a fixed answer."""
    for value in filters:
        if found := extension_of(value, route, topology):
            yield found
            if "directResponse" in found["spec"]:
                return


def extension_of(value: Manifest, route: Manifest, topology: Topology) -> Manifest | None:
    """The object that a filter of `route` refers to; None for a filter of another type, or when it does not exist."""
    if value["type"] != "ExtensionRef":
        return None
    try:
        return topology.objects.find(
            reference(route, (), value["extensionRef"], ENVOY_GATEWAY, "HTTPRouteFilter").target
        )
    except NotKnown:
        return None


def effects(
    filters: Sequence[Manifest],
    request: Request,
    match: Match,
    listener_port: int,
    route: Manifest,
    topology: Topology,
) -> Effects:
    """The effects of the filters of a rule of `route`, whose `match` has taken the request on `listener_port`."""
    done = Effects((), request)
    for value in filters:
        kind: str = value["type"]
        body = _body(value)
        match kind:
            case "RequestRedirect":
                answer = _redirect(body, request, match, listener_port)
                done = replace(done, steps=(*done.steps, f"{kind}: to {answer.location}"), answer=answer)
            case "URLRewrite":
                forwarded = _rewritten(value["urlRewrite"], done.forwarded, match)
                done = replace(done, steps=(*done.steps, f"{kind}: to {forwarded}"), forwarded=forwarded)
            case "ExtensionRef":
                done = _extended(value, done, route, topology)
                if done.answer and not done.answer.location:
                    return done  # Envoy Gateway ignores the filters behind a fixed answer
            case _:
                done = replace(done, steps=(*done.steps, _describe(kind, body, namespace_of(route))))
    return done


def describe_filters(filters: Sequence[Manifest], namespace: str) -> tuple[str, ...]:
    """A line for each filter of a single backend; these change no URL."""
    return tuple(_describe(value["type"], _body(value), namespace) for value in filters)


def _body(value: Manifest) -> Manifest:
    """The settings of a filter: `RequestMirror` has them in `requestMirror`, CORS in `cors`."""
    kind: str = value["type"]
    return read(value, "cors" if kind == "CORS" else kind[0].lower() + kind[1:], default={})


def _describe(kind: str, body: Manifest, namespace: str) -> str:
    match kind:
        case "RequestHeaderModifier" | "ResponseHeaderModifier":
            words = [
                f"{verb} {pair['name']}: {pair['value']}" for verb in ("set", "add") for pair in values(body, verb)
            ]
            words += [f"remove {name}" for name in values(body, "remove")]
        case "RequestMirror":
            target: Manifest = body["backendRef"]
            home = target.get("namespace") or namespace
            words = [f"a copy to {target.get('kind') or 'Service'} {home}/{target['name']}:{target.get('port', '')}"]
            if "percent" in body:
                words += [f"of {body['percent']} %"]
        case "CORS":
            words = [f"origins {', '.join(body.get('allowOrigins') or ['*'])}"]
        case _:
            words = [", ".join(body)]
    return f"{kind}: {', '.join(words)}"


def _redirect(redirect: Manifest, request: Request, match: Match, listener_port: int) -> Answer:
    """The redirect. Envoy keeps the request's port when the new one is 80 or 443: Envoy Gateway never sets those."""
    scheme: str = redirect.get("scheme") or ("https" if request.secure else "http")
    port = int(redirect.get("port") or _WELL_KNOWN.get(str(redirect.get("scheme")), listener_port))
    asked_port = request.port if request.port != _WELL_KNOWN["https" if request.secure else "http"] else None
    if port not in _WELL_KNOWN.values():
        asked_port = port
    elif redirect.get("hostname"):
        asked_port = None
    host = f"{redirect.get('hostname') or request.host}{'' if asked_port is None else f':{asked_port}'}"
    path = _path(read(redirect, "path", default={}), request.path, match, trim=False)
    status = int(redirect.get("statusCode") or 302)
    location = f"{scheme}://{host}{path}{f'?{request.query}' if request.query else ''}"
    return Answer(status, "redirect", location)


def _rewritten(rewrite: Manifest, request: Request, match: Match) -> Request:
    host = rewrite.get("hostname")
    path = _path(read(rewrite, "path", default={}), request.path, match, trim=True)
    return replace(request, host=host if isinstance(host, str) else request.host, path=path)


def _path(change: Manifest, path: str, match: Match, *, trim: bool) -> str:
    match change.get("type"):
        case "ReplaceFullPath":
            return change["replaceFullPath"]
        case "ReplaceRegexMatch":
            expression: Manifest = change["replaceRegexMatch"]
            return regex.replaced(expression["pattern"], expression["substitution"], path)
        case "ReplacePrefixMatch" if match.path_kind == "PathPrefix":
            wanted: str = change.get("replacePrefixMatch") or ""
            if wanted in ("", "/"):
                return regex.replaced(f"^{regex.escaped(match.path)}/*", "/", path)
            prefix = match.path if match.path == "/" else match.path.removesuffix("/")
            return (wanted.removesuffix("/") if trim else wanted) + path.removeprefix(prefix)
        case _:
            return path


def _extended(value: Manifest, before: Effects, route: Manifest, topology: Topology) -> Effects:
    name = reference(route, (), value["extensionRef"], ENVOY_GATEWAY, "HTTPRouteFilter").target
    found = extension_of(value, route, topology)
    if found is None:
        return replace(before, steps=(*before.steps, f"ExtensionRef: {name} does not exist"))
    spec: Manifest = found["spec"]
    steps, forwarded, answer = before.steps, before.forwarded, before.answer
    if response := spec.get("directResponse"):
        answer = Answer(int(response.get("statusCode") or 200), f"{FIXED_ANSWER} {name}")
        steps += (f"{name}: answers {answer.status}",)
    if rewrite := spec.get("urlRewrite"):
        forwarded = _rewritten(rewrite, forwarded, Match())
        steps += (f"{name}: to {forwarded}",)
    steps += tuple(f"{name}: {field}" for field in spec if field not in ("directResponse", "urlRewrite", "matches"))
    return Effects(steps, forwarded, answer)
