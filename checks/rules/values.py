"""Values in a single object that the CRDs accept and Envoy Gateway refuses."""

from collections.abc import Iterator
from typing import Any

from checks.rules.certificates import TLS_SECRET
from checks.schema.formats import ip
from checks.schema.regex import is_regex
from diagnostics import Path, Problem, listed, problem
from gatewayapi.kinds import CORE, ENVOY_GATEWAY, GATEWAY_API, PROTOCOLS, ROUTES, route_kinds
from gatewayapi.listeners import own_listeners
from kube.manifest import Manifest, group_of, kind_of
from kube.read import items, read, skip_unknown

_BACKENDS = ("Service", "Backend", "ServiceImport")
_BACKEND_GROUPS = (CORE, "apps", ENVOY_GATEWAY, "multicluster.x-k8s.io")
_ADDRESS_TYPES = ("IPAddress", "Hostname")
_FILTERS_OF_BACKENDS = {
    "GRPCRoute": ("RequestHeaderModifier", "ResponseHeaderModifier"),
    "HTTPRoute": ("RequestHeaderModifier", "ResponseHeaderModifier", "URLRewrite", "ExtensionRef"),
}
_EXTERNAL_AUTH = "ExternalAuth"
"""A filter that is refused in a rule as well, so a fix must not send it there."""
_MODIFIERS = ("requestHeaderModifier", "responseHeaderModifier")


def refused_values(manifest: Manifest) -> Iterator[Problem]:
    """The problem of each refused value in a Gateway, ListenerSet, route, Backend or HTTPRouteFilter."""
    match group_of(manifest), kind_of(manifest):
        case (group, "Gateway") if group == GATEWAY_API:
            yield from _gateway(manifest)
            yield from _listeners(manifest)
        case (group, "ListenerSet") if group == GATEWAY_API:
            yield from _listeners(manifest)
        case (group, kind) if group == GATEWAY_API and kind in ROUTES:
            yield from _rules(manifest)
        case (group, "Backend") if group == ENVOY_GATEWAY:
            yield from _endpoints(manifest)
        case (group, "HTTPRouteFilter") if group == ENVOY_GATEWAY:
            yield from _patterns(manifest)
        case _:
            return


@skip_unknown
def _gateway(gateway: Manifest) -> Iterator[Problem]:
    for path, address in items(gateway, "spec", "addresses"):
        if (kind := read(address, "type", default=_ADDRESS_TYPES[0])) not in _ADDRESS_TYPES:
            yield problem("gateway-address-type", (*path, "type"), kind, types=listed(_ADDRESS_TYPES))
    place = ("spec", "tls", "backend", "clientCertificateRef")
    ref = read(gateway, *place)
    if ref and (read(ref, "group", default=CORE), read(ref, "kind", default="Secret")) != (CORE, "Secret"):
        yield problem("gateway-client-certificate-kind", (*place, "kind"), read(ref, "kind"), type=TLS_SECRET)


@skip_unknown
def _listeners(manifest: Manifest) -> Iterator[Problem]:
    for listener in own_listeners(manifest, manifest):
        if listener.protocol and not route_kinds(listener.protocol):
            path = (*listener.path, "protocol")
            yield problem("listener-protocol-unknown", path, listener.protocol, protocols=listed(PROTOCOLS))
        if listener.terminates_tls and not read(listener.manifest, "tls", "certificateRefs"):
            path = (*listener.path, "tls", "certificateRefs")
            yield problem("listener-certificate-required", path, protocol=listener.protocol, type=TLS_SECRET)
        namespaces = read(listener.manifest, "allowedRoutes", "namespaces")
        if read(namespaces, "from") == "Selector" and read(namespaces, "selector") is None:
            yield problem("listener-selector-required", (*listener.path, "allowedRoutes", "namespaces", "selector"))


@skip_unknown
def _rules(route: Manifest) -> Iterator[Problem]:
    for path, _ in items(route, "spec", "rules"):
        yield from _matches(route, path)
        yield from _filters(route, path)
        yield from _backends(route, path)


@skip_unknown
def _matches(route: Manifest, rule: Path) -> Iterator[Problem]:
    for path, match in items(route, *rule, "matches"):
        conditions = [((*path, part), read(match, part)) for part in ("path", "method") if read(match, part)]
        for field in ("headers", "queryParams"):
            conditions += [((*path, *place), condition) for place, condition in items(match, field)]
        for place, condition in conditions:
            for field in ("value", "service", "method") if _is_regex_match(condition) else ():
                value = read(condition, field)
                if value is not None and not is_regex(value):
                    yield problem("regex-invalid", (*place, field), value)


@skip_unknown
def _filters(route: Manifest, rule: Path) -> Iterator[Problem]:
    types = {read(value, "type") for _, value in items(route, *rule, "filters")}
    for path, value in items(route, *rule, "filters"):
        if read(value, "type") == "RequestMirror" and "RequestRedirect" in types:
            yield problem("filter-mirror-with-redirect", path)
    for place in (rule, *(path for path, _ in items(route, *rule, "backendRefs"))):
        for path, value in items(route, *place, "filters"):
            if read(value, "type") == _EXTERNAL_AUTH:
                yield problem("filter-external-auth", (*path, "type"), _EXTERNAL_AUTH)
            for modifier in _MODIFIERS:
                yield from _header_names((*path, modifier), read(value, modifier))


def _header_names(place: Path, modifier: Any) -> Iterator[Problem]:
    names = [
        ((*path, "name"), read(header, "name")) for field in ("set", "add") for path, header in items(modifier, field)
    ]
    names += list(items(modifier, "remove"))
    for path, name in names:
        if name.lower() == "host":
            yield problem("filter-host-header", (*place, *path), name)
        elif not {"/", ":"}.isdisjoint(name):
            yield problem("filter-header-name", (*place, *path), name)


@skip_unknown
def _backends(route: Manifest, rule: Path) -> Iterator[Problem]:
    for path, ref in items(route, *rule, "backendRefs"):
        kind = read(ref, "kind", default="Service")
        # An extension server may add kinds of other groups.
        if read(ref, "group", default=CORE) in _BACKEND_GROUPS and kind not in _BACKENDS:
            yield problem("backend-kind-unknown", (*path, "kind"), kind, kinds=listed(_BACKENDS))
        yield from _filters_of_backend(route, path)


@skip_unknown
def _filters_of_backend(route: Manifest, backend: Path) -> Iterator[Problem]:
    able = _FILTERS_OF_BACKENDS.get(kind_of(route), ())
    for path, value in items(route, *backend, "filters"):
        if (kind := read(value, "type")) not in (*able, _EXTERNAL_AUTH):
            yield problem("filter-not-for-backend", (*path, "type"), kind, types=listed(able))
        elif read(value, "urlRewrite", "path") is not None:
            yield problem("filter-backend-path-rewrite", (*path, "urlRewrite", "path"))


@skip_unknown
def _patterns(route_filter: Manifest) -> Iterator[Problem]:
    rewrite = ("spec", "urlRewrite")
    places: list[Path] = [
        (*rewrite, "path", "replaceRegexMatch", "pattern"),
        (*rewrite, "hostname", "pathRegex", "pattern"),
    ]
    for match, _ in items(route_filter, "spec", "matches"):
        cookies = items(route_filter, *match, "cookies")
        places += [(*path, "value") for path, cookie in cookies if _is_regex_match(cookie)]
    for path in places:
        value = read(route_filter, *path)
        if value is not None and not is_regex(value):
            yield problem("regex-invalid", path, value)


@skip_unknown
def _endpoints(backend: Manifest) -> Iterator[Problem]:
    for path, endpoint in items(backend, "spec", "endpoints"):
        hostname, address = read(endpoint, "fqdn", "hostname"), read(endpoint, "ip", "address")
        place = (*path, "fqdn", "hostname")
        if hostname is not None and ip(hostname):
            yield problem("backend-fqdn-is-ip", place, hostname)
        elif hostname is not None and "." not in hostname:
            yield problem("backend-fqdn-short", place, hostname)
        parsed = ip(address) if address is not None else None
        if parsed and parsed.is_loopback:
            yield problem("backend-loopback", (*path, "ip", "address"), address)


def _is_regex_match(condition: Any) -> bool:
    return read(condition, "type") == "RegularExpression"
