"""What a rule's filters do with a request, and what becomes of its URL.

Follows https://gateway-api.sigs.k8s.io/reference/spec/#httproutefilter and
https://gateway.envoyproxy.io/docs/api/extension_types/#httproutefilter, as Envoy Gateway 1.9 hands them to Envoy.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from explain import regex
from explain.matches import Match
from explain.objects import Objects, Reference, Wire, part, parts
from explain.request import Request

_WELL_KNOWN = {"http": 80, "https": 443}


@dataclass(frozen=True)
class Answer:
    """What Envoy itself answers, without a backend. `location` is that of a redirect."""

    status: int
    reason: str
    location: str = ""


@dataclass(frozen=True)
class Effects:
    """`steps` has each filter in order, in words; `forwarded` is the request that a backend sees."""

    steps: tuple[str, ...]
    forwarded: Request
    answer: Answer | None = None


def extensions(filters: Iterable[Wire], namespace: str, objects: Objects) -> Iterator[Wire]:
    """The HTTPRouteFilters that `filters` refer to, as far as they are there."""
    for each in filters:
        if each["type"] == "ExtensionRef":
            found = objects.find(Reference(each["extensionRef"]["kind"], namespace, each["extensionRef"]["name"]))
            if found is not None:
                yield found


def effects(
    filters: Sequence[Wire], request: Request, match: Match, listener_port: int, namespace: str, objects: Objects
) -> Effects:
    """Of a rule in `namespace` whose `match` has taken the request on `listener_port`."""
    done = Effects((), request)
    for each in filters:
        kind: str = each["type"]
        body = _body(each)
        match kind:
            case "RequestRedirect":
                answer = _redirect(body, request, match, listener_port)
                done = replace(done, steps=(*done.steps, f"{kind}: to {answer.location}"), answer=answer)
            case "URLRewrite":
                forwarded = _rewritten(each["urlRewrite"], done.forwarded, match)
                done = replace(done, steps=(*done.steps, f"{kind}: to {forwarded}"), forwarded=forwarded)
            case "ExtensionRef":
                done = _extended(each["extensionRef"], done, namespace, objects)
            case _:
                done = replace(done, steps=(*done.steps, _in_words(kind, body, namespace)))
    return done


def in_words(filters: Sequence[Wire], namespace: str) -> tuple[str, ...]:
    """For the filters of a single backend, which change no URL."""
    return tuple(_in_words(each["type"], _body(each), namespace) for each in filters)


def _body(each: Wire) -> Wire:
    """That of `RequestMirror` is in `requestMirror`; of CORS, in `cors`."""
    kind: str = each["type"]
    return part(each, "cors" if kind == "CORS" else kind[0].lower() + kind[1:])


def _in_words(kind: str, body: Wire, namespace: str) -> str:
    match kind:
        case "RequestHeaderModifier" | "ResponseHeaderModifier":
            words = [f"{verb} {pair['name']}: {pair['value']}" for verb in ("set", "add") for pair in parts(body, verb)]
            words += [f"remove {name}" for name in body.get("remove") or ()]
        case "RequestMirror":
            target: Wire = body["backendRef"]
            home = target.get("namespace") or namespace
            words = [f"a copy to {target.get('kind') or 'Service'} {home}/{target['name']}:{target.get('port', '')}"]
            if "percent" in body:
                words += [f"of {body['percent']} %"]
        case "CORS":
            words = [f"origins {', '.join(body.get('allowOrigins') or ['*'])}"]
        case _:
            words = [", ".join(body)]
    return f"{kind}: {', '.join(words)}"


def _redirect(redirect: Wire, request: Request, match: Match, listener_port: int) -> Answer:
    """Where Envoy keeps the request's port: when the new one is 80 or 443, which Envoy Gateway never writes out."""
    scheme: str = redirect.get("scheme") or ("https" if request.secure else "http")
    port = int(redirect.get("port") or _WELL_KNOWN.get(str(redirect.get("scheme")), listener_port))
    asked_port = request.port if request.port != _WELL_KNOWN["https" if request.secure else "http"] else None
    if port not in _WELL_KNOWN.values():
        asked_port = port
    elif redirect.get("hostname"):
        asked_port = None
    host = f"{redirect.get('hostname') or request.host}{'' if asked_port is None else f':{asked_port}'}"
    path = _path(part(redirect, "path"), request.path, match, trim=False)
    status = int(redirect.get("statusCode") or 302)
    location = f"{scheme}://{host}{path}{f'?{request.query}' if request.query else ''}"
    return Answer(status, "redirect", location)


def _rewritten(rewrite: Wire, request: Request, match: Match) -> Request:
    host = rewrite.get("hostname")
    path = _path(part(rewrite, "path"), request.path, match, trim=True)
    return replace(request, host=host if isinstance(host, str) else request.host, path=path)


def _path(change: Wire, path: str, match: Match, *, trim: bool) -> str:
    match change.get("type"):
        case "ReplaceFullPath":
            return change["replaceFullPath"]
        case "ReplaceRegexMatch":
            expression: Wire = change["replaceRegexMatch"]
            return regex.replaced(expression["pattern"], expression["substitution"], path)
        case "ReplacePrefixMatch" if match.path_kind == "PathPrefix":
            wanted: str = change.get("replacePrefixMatch") or ""
            if wanted in ("", "/"):
                return regex.replaced(f"^{regex.escaped(match.path)}/*", "/", path)
            prefix = match.path if match.path == "/" else match.path.removesuffix("/")
            return (wanted.removesuffix("/") if trim else wanted) + path.removeprefix(prefix)
        case _:
            return path


def _extended(reference: Wire, before: Effects, namespace: str, objects: Objects) -> Effects:
    name = f"{reference['kind']} {namespace}/{reference['name']}"
    found = objects.find(Reference(reference["kind"], namespace, reference["name"]))
    if found is None:
        answer = Answer(500, f"there is no {name}")
        return replace(before, steps=(*before.steps, f"ExtensionRef: {answer.reason}"), answer=answer)
    spec: Wire = found["spec"]
    steps, forwarded, answer = before.steps, before.forwarded, before.answer
    if response := spec.get("directResponse"):
        answer = Answer(int(response.get("statusCode") or 200), f"a fixed answer of {name}")
        steps += (f"{name}: answers {answer.status}",)
    if rewrite := spec.get("urlRewrite"):
        forwarded = _rewritten(rewrite, forwarded, Match())
        steps += (f"{name}: to {forwarded}",)
    steps += tuple(f"{name}: {part}" for part in spec if part not in ("directResponse", "urlRewrite", "matches"))
    return Effects(steps, forwarded, answer)
