"""Values that the CRDs take and Envoy Gateway refuses, in one object by itself."""

from collections.abc import Iterator
from typing import Any

from checks.rules.certificates import TLS_SECRET
from checks.schema.formats import ip
from checks.schema.regex import is_regular
from diagnostics.problem import Mistake, Path
from diagnostics.suggest import listed
from gatewayapi.kinds import PROTOCOLS, carried
from gatewayapi.listeners import own
from gatewayapi.objects import CORE, ENVOY_GATEWAY, GATEWAY_API, ROUTES, Wire, group_of, kind_of
from kube.read import items, judged, read

_BACKENDS = ("Service", "Backend", "ServiceImport")
_BACKEND_GROUPS = (CORE, "apps", ENVOY_GATEWAY, "multicluster.x-k8s.io")
_ADDRESSES = ("IPAddress", "Hostname")
_FILTERS_OF_BACKENDS = {
    "GRPCRoute": ("RequestHeaderModifier", "ResponseHeaderModifier"),
    "HTTPRoute": ("RequestHeaderModifier", "ResponseHeaderModifier", "URLRewrite", "ExtensionRef"),
}
_HEADERS = ("requestHeaderModifier", "responseHeaderModifier")


def mistakes(wire: Wire) -> Iterator[Mistake]:
    match group_of(wire), kind_of(wire):
        case (group, "Gateway") if group == GATEWAY_API:
            yield from _of_gateway(wire)
            yield from _of_listeners(wire)
        case (group, "ListenerSet") if group == GATEWAY_API:
            yield from _of_listeners(wire)
        case (group, kind) if group == GATEWAY_API and kind in ROUTES:
            yield from _of_rules(wire)
        case (group, "Backend") if group == ENVOY_GATEWAY:
            yield from _of_endpoints(wire)
        case (group, "HTTPRouteFilter") if group == ENVOY_GATEWAY:
            yield from _of_patterns(wire)
        case _:
            return


@judged
def _of_gateway(gateway: Wire) -> Iterator[Mistake]:
    for path, address in items(gateway, "spec", "addresses"):
        if (kind := read(address, "type", default=_ADDRESSES[0])) not in _ADDRESSES:
            rule = f"is no kind of address that Envoy Gateway knows, only {listed(_ADDRESSES)}"
            yield Mistake(path=(*path, "type"), value=kind, rule=rule)
    place = ("spec", "tls", "backend", "clientCertificateRef")
    ref = read(gateway, *place)
    if ref and (read(ref, "group", default=CORE), read(ref, "kind", default="Secret")) != (CORE, "Secret"):
        cure = f"refer to a Secret of type {TLS_SECRET}"
        yield Mistake(path=(*place, "kind"), value=read(ref, "kind"), rule="has no certificate", cure=cure)


@judged
def _of_listeners(wire: Wire) -> Iterator[Mistake]:
    for listener in own(wire):
        if listener.protocol and not carried(listener.protocol):
            rule = f"is no protocol that Envoy Gateway knows, only {listed(PROTOCOLS)}"
            yield Mistake(path=(*listener.path, "protocol"), value=listener.protocol, rule=rule)
        for path, kind in items(listener.wire, "allowedRoutes", "kinds"):
            if (group := read(kind, "group", default=GATEWAY_API)) != GATEWAY_API:
                rule = f"has no routes, only {GATEWAY_API} has"
                yield Mistake(path=(*listener.path, *path, "group"), value=group, rule=rule, cure="remove it")
        if listener.ends_tls and not read(listener.wire, "tls", "certificateRefs"):
            yield Mistake(
                path=(*listener.path, "tls", "certificateRefs"),
                rule=f"is required with protocol {listener.protocol}",
                cure="add the name of a Secret of type kubernetes.io/tls",
            )
        namespaces = read(listener.wire, "allowedRoutes", "namespaces")
        if read(namespaces, "from") == "Selector" and read(namespaces, "selector") is None:
            path = (*listener.path, "allowedRoutes", "namespaces", "selector")
            yield Mistake(path=path, rule="is required with from: Selector", cure="add it, or write from: All")


@judged
def _of_rules(wire: Wire) -> Iterator[Mistake]:
    for path, _ in items(wire, "spec", "rules"):
        yield from _of_matches(wire, path)
        yield from _of_filters(wire, path)
        yield from _of_backends(wire, path)


@judged
def _of_matches(wire: Wire, rule: Path) -> Iterator[Mistake]:
    for path, match in items(wire, *rule, "matches"):
        conditions = [((*path, part), read(match, part)) for part in ("path", "method") if read(match, part)]
        for field in ("headers", "queryParams"):
            conditions += [((*path, *place), each) for place, each in items(match, field)]
        for place, condition in conditions:
            for field in ("value", "service", "method") if _is_expression(condition) else ():
                value = read(condition, field)
                if value is not None and not is_regular(value):
                    yield Mistake(path=(*place, field), value=value, rule="is no regular expression (RE2)")


@judged
def _of_filters(wire: Wire, rule: Path) -> Iterator[Mistake]:
    kinds = {read(each, "type") for _, each in items(wire, *rule, "filters")}
    for path, each in items(wire, *rule, "filters"):
        if read(each, "type") == "RequestMirror" and "RequestRedirect" in kinds:
            yield Mistake(path=path, rule="does not go together with a RequestRedirect", cure="remove one of the two")
    for place in (rule, *(path for path, _ in items(wire, *rule, "backendRefs"))):
        for path, each in items(wire, *place, "filters"):
            for modifier in _HEADERS:
                yield from _of_headers((*path, modifier), read(each, modifier))


def _of_headers(place: Path, modifier: Any) -> Iterator[Mistake]:
    named = [((*path, "name"), read(each, "name")) for field in ("set", "add") for path, each in items(modifier, field)]
    named += list(items(modifier, "remove"))
    for path, name in named:
        if name.lower() == "host" or not {"/", ":"}.isdisjoint(name):
            rule = "must not be Host, nor have a '/' or ':' in it"
            cure = "change the host with a URLRewrite" if name.lower() == "host" else ""
            yield Mistake(path=(*place, *path), value=name, rule=rule, cure=cure)


@judged
def _of_backends(wire: Wire, rule: Path) -> Iterator[Mistake]:
    for path, each in items(wire, *rule, "backendRefs"):
        kind = read(each, "kind", default="Service")
        # Of other groups an extension server may bring kinds.
        if read(each, "group", default=CORE) in _BACKEND_GROUPS and kind not in _BACKENDS:
            cure = "refer to a Service, or to a Backend of Envoy Gateway"
            yield Mistake(path=(*path, "kind"), value=kind, rule="is nothing that a request is sent to", cure=cure)
        yield from _of_backend_filters(wire, path)


@judged
def _of_backend_filters(wire: Wire, backend: Path) -> Iterator[Mistake]:
    able = _FILTERS_OF_BACKENDS.get(kind_of(wire), ())
    for path, each in items(wire, *backend, "filters"):
        if (kind := read(each, "type")) not in able:
            rule = f"is no filter of a backend, only {listed(able)} are"
            yield Mistake(path=(*path, "type"), value=kind, rule=rule, cure="make it a filter of the rule")
        elif read(each, "urlRewrite", "path") is not None:
            rule = "of one backend only the host can be rewritten"
            yield Mistake(
                path=(*path, "urlRewrite", "path"), rule=rule, cure="rewrite the path in a filter of the rule"
            )


@judged
def _of_patterns(wire: Wire) -> Iterator[Mistake]:
    rewrite = ("spec", "urlRewrite")
    places: list[Path] = [
        (*rewrite, "path", "replaceRegexMatch", "pattern"),
        (*rewrite, "hostname", "pathRegex", "pattern"),
    ]
    for match, _ in items(wire, "spec", "matches"):
        cookies = items(wire, *match, "cookies")
        places += [(*cookie, "value") for cookie, each in cookies if _is_expression(each)]
    for path in places:
        value = read(wire, *path)
        if value is not None and not is_regular(value):
            yield Mistake(path=path, value=value, rule="is no regular expression (RE2)")


@judged
def _of_endpoints(wire: Wire) -> Iterator[Mistake]:
    for path, endpoint in items(wire, "spec", "endpoints"):
        hostname, address = read(endpoint, "fqdn", "hostname"), read(endpoint, "ip", "address")
        if hostname is not None and (ip(hostname) or "." not in hostname):
            cure = "write it as ip.address" if ip(hostname) else "write it in full, such as name.namespace.svc"
            rule = "must be a host name with a dot in it, and no address"
            yield Mistake(path=(*path, "fqdn", "hostname"), value=hostname, rule=rule, cure=cure)
        parsed = ip(address) if address is not None else None
        if parsed and parsed.is_loopback:
            rule = "is an Envoy's own pod: no other process answers there"
            cure = "write an address that the pods of the cluster reach"
            yield Mistake(path=(*path, "ip", "address"), value=address, rule=rule, cure=cure)


def _is_expression(condition: Any) -> bool:
    return read(condition, "type") == "RegularExpression"
