"""Sets of objects, what is wrong with each, and what Envoy Gateway says to it.

The unit tests hold the checks to the second, the live test Envoy Gateway to the third.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from tests.cases.builders import (
    CLASS,
    HERE,
    THERE,
    Wire,
    admitting,
    backend,
    certificate,
    config,
    extension,
    gateway,
    gateway_class,
    grant,
    key,
    listener,
    listener_set,
    namespace,
    path,
    policy,
    route,
    rule,
    secret,
    service,
    target,
    tls_listener,
    wire,
)

WELL = ""
SILENT = "nothing"
"""Not a word: no status tells such an object from one that Envoy Gateway is not to heed."""

VERSION = "1.9.1"
MERGED = "graph-merged"
CLASSES = [*gateway_class(CLASS), *gateway_class(MERGED, mergeGateways=True)]


@dataclass(frozen=True)
class Case:
    """Objects of one stack, applied together."""

    objects: Sequence[Wire]
    mistake: str = ""
    """`Kind name: path` of the only one; empty when there is none."""
    said: str = WELL
    """`Kind name: Condition=Status Reason`; of a listener `Gateway name/listener: ...`."""

    @property
    def stack(self) -> list[Wire]:
        return [namespace(), namespace(THERE, team="sales"), config(), *CLASSES, *self.objects]


def _http(*objects: Wire, **spec: Any) -> list[Wire]:
    return [gateway(), service(), route(**spec), *objects]


_DIRECT = {"type": "ExtensionRef", "extensionRef": {"group": "gateway.envoyproxy.io", "kind": "HTTPRouteFilter"}}


def _answering(name: str) -> Wire:
    return {"filters": [_DIRECT | {"extensionRef": {**_DIRECT["extensionRef"], "name": name}}]}


def _headers(what: str, **changes: Any) -> Wire:
    return {"type": f"{what}HeaderModifier", f"{what.lower()}HeaderModifier": changes}


def _rewriting(name: str, pattern: str) -> Wire:
    path = {"type": "ReplaceRegexMatch", "replaceRegexMatch": {"pattern": pattern, "substitution": "/"}}
    return extension("HTTPRouteFilter", name, urlRewrite={"path": path})


def _limited(kind: str, to: Wire, at: str, spec: Wire) -> Case:
    """A policy with a limit that is refused, at this place of its spec."""
    return Case(
        _http(policy(kind, "limits", to, **spec)), f"{kind} limits: spec.{at}", f"{kind} limits: Accepted=False Invalid"
    )


def _client(at: str, **spec: Any) -> Case:
    return _limited("ClientTrafficPolicy", target("Gateway", "gate"), at, spec)


def _backend(at: str, **spec: Any) -> Case:
    return _limited("BackendTrafficPolicy", target("HTTPRoute", "web"), at, spec)


def _backing_off(base: str, most: str) -> Wire:
    return {"perRetry": {"backOff": {"baseInterval": base, "maxInterval": most}}}


def _local(*rules: Wire) -> Wire:
    return {"type": "Local", "local": {"rules": list(rules)}}


def _each(requests: int, unit: str, header: str = "", **match: str) -> Wire:
    """So many requests of all clients, or of those with a value of this header."""
    clients = {"clientSelectors": [{"headers": [{"name": header, "value": "a"} | match]}]} if header else {}
    return {"limit": {"requests": requests, "unit": unit}} | clients


def _located() -> list[Wire]:
    """A Gateway whose Envoys know the countries of addresses, with a route."""
    database = {"countryDbSource": {"local": {"path": "/countries.mmdb"}}}
    proxy = _proxy("located", geoIP={"provider": {"type": "MaxMind", "maxMind": database}})
    return [proxy, _of_proxy("located"), service(), route()]


def _only_from(*places: Wire) -> Wire:
    rules = [{"action": "Allow", "principal": {"clientIPGeoLocations": list(places)}}]
    authorization = {"defaultAction": "Deny", "rules": rules}
    return policy("SecurityPolicy", "near", target("HTTPRoute", "web"), authorization=authorization)


def _basic_auth(name: str) -> Wire:
    return {"basicAuth": {"users": {"name": name}}}


def _proxy(name: str, **spec: Any) -> Wire:
    """Of no Envoys."""
    made, _ = gateway_class(name, **spec)
    return made | {"metadata": {"name": name, "namespace": HERE}}


def _of_proxy(name: str) -> Wire:
    return gateway(infrastructure={"parametersRef": target("EnvoyProxy", name, group="gateway.envoyproxy.io")})


def _log_to(name: str) -> Wire:
    als = {"type": "HTTP", "backendRefs": [backend(name, 9000)]}
    return {"sinks": [{"type": "ALS", "als": als}]}


_MIRROR = {"type": "RequestMirror", "requestMirror": {"backendRef": backend()}}
_REWRITE = {"type": "URLRewrite", "urlRewrite": {"path": {"type": "ReplaceFullPath", "replaceFullPath": "/"}}}
_HOST = "chat.example.com"
_OTHER = "shop.example.com"
_GATE = {"name": "gate"}
_TO_GATE = [target("Gateway", "gate")]
_DIRECT_CLIENTS = policy("ClientTrafficPolicy", "clients", *_TO_GATE, clientIPDetection={"directSourceIP": {}})
_HTPASSWD = {".htpasswd": b"ada:{SHA}5en6G6MezRroT3XKqkdPOmY/BfQ="}
_RETRY = {"retry": {"numRetries": 2}}
_CORS = {"cors": {"allowOrigins": ["https://chat.example.com"]}}

CASES: dict[str, Case] = {
    "a route on an HTTP listener": Case(_http()),
    "a route on the listener that it names": Case(
        [
            gateway(listener("http", hostname=_HOST), tls_listener("https", _HOST, "cert")),
            certificate("cert", "*.example.com"),
            service(),
            route(parents=[_GATE | {"sectionName": "http"}, _GATE | {"sectionName": "https"}], hostnames=[_HOST]),
        ]
    ),
    "one host on listeners of two ports": Case(
        [gateway(listener("one"), listener("two", 8080, hostname="*.example.com")), service(), route(hostnames=[_HOST])]
    ),
    "routes of a host and of all others on listeners of one port": Case(
        [gateway(listener("all"), listener("one", hostname=_HOST)), service(), route(hostnames=[_HOST, _OTHER])]
    ),
    "a route for hosts within a wildcard": Case(
        [gateway(listener(hostname="*.example.com")), service(), route(hostnames=["*.eu.example.com", "example.com"])]
    ),
    "a route for a wildcard around the listener's host": Case(
        [gateway(listener(hostname=_HOST)), service(), route(hostnames=["*.example.com"])]
    ),
    "a route of a namespace that the listener selects": Case(
        [
            gateway(listener(**admitting("Selector", team="sales"))),
            service(namespace=THERE),
            route(namespace=THERE, parents=[_GATE | {"namespace": HERE}]),
        ]
    ),
    "a backend of another namespace, with a grant": Case(
        [gateway(), service(namespace=THERE), grant("HTTPRoute"), route(rule(backend(namespace=THERE)))]
    ),
    "a certificate of another namespace, with a grant": Case(
        [
            gateway(tls_listener("https", _HOST, {"name": "cert", "namespace": THERE})),
            certificate("cert", _HOST, namespace=THERE),
            grant("Gateway", "Secret"),
            service(),
            route(hostnames=[_HOST]),
        ]
    ),
    "a listener for all hosts, with a certificate for those of its routes": Case(
        [
            gateway(tls_listener("https", None, "cert")),
            certificate("cert", _HOST, "*.eu.example.com"),
            *(service(), route(name="any"), route(hostnames=[_HOST, "shop.eu.example.com"])),
        ]
    ),
    "listeners that share a port by their hosts": Case(
        [
            gateway(
                tls_listener("one", _HOST, "cert"),
                tls_listener("two", _OTHER, "cert"),
                listener("raw", 443, "TLS", hostname="db.example.com", tls={"mode": "Passthrough"}),
                listener("dns", 443, "UDP"),
            ),
            certificate("cert", _HOST, _OTHER),
        ]
    ),
    "routes of every kind, each on its protocol": Case(
        [
            gateway(
                listener("http", 80),
                listener("tls", 8443, "TLS", tls={"mode": "Passthrough"}),
                listener("tcp", 5432, "TCP"),
                listener("udp", 53, "UDP"),
            ),
            service(),
            service("dns", 53, protocol="UDP"),
            route(name="http", parents=[_GATE | {"sectionName": "http"}], hostnames=[_HOST]),
            route(name="grpc", kind="GRPCRoute", parents=[_GATE | {"sectionName": "http"}], hostnames=[_OTHER]),
            route(name="tls", kind="TLSRoute", parents=[_GATE | {"sectionName": "tls"}], hostnames=[_HOST]),
            route(name="tcp", kind="TCPRoute", parents=[_GATE | {"sectionName": "tcp"}]),
            route(rule(backend("dns", 53)), name="udp", kind="UDPRoute", parents=[_GATE | {"sectionName": "udp"}]),
        ]
    ),
    "listeners of a ListenerSet": Case(
        [
            gateway(allowedListeners={"namespaces": {"from": "All"}}),
            listener_set(listener("extra", 8080), namespace=THERE),
            service(namespace=THERE),
            route(
                namespace=THERE,
                parents=[{"group": "gateway.networking.k8s.io", "kind": "ListenerSet", "name": "more"}],
            ),
        ]
    ),
    "one policy for the Gateway and one for its listener": Case(
        _http(
            policy("SecurityPolicy", "all", *_TO_GATE, **_CORS),
            policy("SecurityPolicy", "one", target("Gateway", "gate", "http"), **_basic_auth("users")),
            policy("BackendTrafficPolicy", "retry", target("HTTPRoute", "web"), **_RETRY),
            policy("ClientTrafficPolicy", "client", *_TO_GATE, timeout={"http": {"idleTimeout": "5m"}}),
            secret("users", _HTPASSWD),
        )
    ),
    "a policy for a rule by its name": Case(
        [
            *(gateway(), service(), route(rule(name="pages"))),
            policy("BackendTrafficPolicy", "retry", target("HTTPRoute", "web", "pages"), **_RETRY),
        ]
    ),
    "a rule that a filter answers": Case(
        _http(
            extension("HTTPRouteFilter", "closed", directResponse={"statusCode": 503}),
            route(_answering("closed"), name="closed", hostnames=[_OTHER]),
            hostnames=[_HOST],
        )
    ),
    "the same matches under other conditions": Case(
        [
            *(gateway(), service()),
            route(
                rule(matches=[path("/")]),
                rule(matches=[path("/", "Exact"), path("/api")]),
                rule(matches=[path("/api") | {"method": "POST"}]),
                rule(matches=[path("/api") | {"headers": [{"name": "x-beta", "value": "1"}]}]),
            ),
        ]
    ),
    "merged Gateways with hosts of their own": Case(
        [
            gateway(listener(port=8081, hostname=_HOST), name="one", class_name=MERGED),
            gateway(listener(port=8081, hostname=_OTHER), name="two", class_name=MERGED),
        ]
    ),
    "a parent that is not there": Case(
        _http(parents=[{"name": "gat"}]), "HTTPRoute web: spec.parentRefs[0].name", SILENT
    ),
    "a listener that is not there": Case(
        _http(parents=[_GATE | {"sectionName": "htp"}]),
        "HTTPRoute web: spec.parentRefs[0].sectionName",
        "HTTPRoute web: Accepted=False NoMatchingParent",
    ),
    "a port that no listener has": Case(
        _http(parents=[_GATE | {"port": 8080}]),
        "HTTPRoute web: spec.parentRefs[0].port",
        "HTTPRoute web: Accepted=False NoMatchingParent",
    ),
    "a route on a listener of another protocol": Case(
        [gateway(listener("db", 5432, "TCP")), service(), route()],
        "HTTPRoute web: spec.parentRefs[0]",
        "HTTPRoute web: Accepted=False NotAllowedByListeners",
    ),
    "a kind of route that the listener does not admit": Case(
        [gateway(listener(**admitting("Same", "GRPCRoute"))), service(), route()],
        "HTTPRoute web: spec.parentRefs[0]",
        "HTTPRoute web: Accepted=False NotAllowedByListeners",
    ),
    "a route of another namespace": Case(
        [gateway(), service(namespace=THERE), route(namespace=THERE, parents=[_GATE | {"namespace": HERE}])],
        "HTTPRoute web: spec.parentRefs[0]",
        "HTTPRoute web: Accepted=False NotAllowedByListeners",
    ),
    "a route of a namespace that the listener does not select": Case(
        [
            gateway(listener(**admitting("Selector", team="support"))),
            service(namespace=THERE),
            route(namespace=THERE, parents=[_GATE | {"namespace": HERE}]),
        ],
        "HTTPRoute web: spec.parentRefs[0]",
        "HTTPRoute web: Accepted=False NotAllowedByListeners",
    ),
    "a host that the listener is not for": Case(
        [gateway(listener(hostname="*.example.com")), service(), route(hostnames=["example.com", "chat.internal"])],
        "HTTPRoute web: spec.hostnames",
        "HTTPRoute web: Accepted=False NoMatchingListenerHostname",
    ),
    "a host that another listener of the port has": Case(
        [
            gateway(listener("all", hostname="*.example.com"), listener("one", hostname=_HOST)),
            service(),
            route(parents=[_GATE | {"sectionName": "all"}], hostnames=[_HOST]),
        ],
        "HTTPRoute web: spec.hostnames",
        "HTTPRoute web: Accepted=False NoMatchingListenerHostname",
    ),
    "a Service that is not there": Case(
        [gateway(), service("web-service"), route()],
        "HTTPRoute web: spec.rules[0].backendRefs[0].name",
        "HTTPRoute web: ResolvedRefs=False BackendNotFound",
    ),
    "a port that the Service does not have": Case(
        [gateway(), service("web", 8080), route()],
        "HTTPRoute web: spec.rules[0].backendRefs[0].port",
        "HTTPRoute web: ResolvedRefs=False PortNotFound",
    ),
    "a UDPRoute to a port for TCP": Case(
        [gateway(listener("dns", 53, "UDP")), service(), route(kind="UDPRoute")],
        "UDPRoute web: spec.rules[0].backendRefs[0].port",
        "UDPRoute web: ResolvedRefs=False PortNotFound",
    ),
    "a Service of type ExternalName": Case(
        [gateway(), service(type="ExternalName", externalName="example.com"), route()],
        "HTTPRoute web: spec.rules[0].backendRefs[0]",
        "HTTPRoute web: ResolvedRefs=False UnsupportedValue",
    ),
    "a mirror that is not there": Case(
        [
            *(gateway(), service()),
            route(rule(filters=[{"type": "RequestMirror", "requestMirror": {"backendRef": backend("copy")}}])),
        ],
        "HTTPRoute web: spec.rules[0].filters[0].requestMirror.backendRef.name",
        "HTTPRoute web: ResolvedRefs=False BackendNotFound",
    ),
    "a backend of another namespace": Case(
        [gateway(), service(namespace=THERE), route(rule(backend(namespace=THERE)))],
        "HTTPRoute web: spec.rules[0].backendRefs[0].namespace",
        "HTTPRoute web: ResolvedRefs=False RefNotPermitted",
    ),
    "a grant for another Service": Case(
        [
            *(gateway(), service(namespace=THERE), grant("HTTPRoute", name="api")),
            route(rule(backend(namespace=THERE))),
        ],
        "HTTPRoute web: spec.rules[0].backendRefs[0].namespace",
        "HTTPRoute web: ResolvedRefs=False RefNotPermitted",
    ),
    "a grant for another kind of route": Case(
        [gateway(), service(namespace=THERE), grant("GRPCRoute"), route(rule(backend(namespace=THERE)))],
        "HTTPRoute web: spec.rules[0].backendRefs[0].namespace",
        "HTTPRoute web: ResolvedRefs=False RefNotPermitted",
    ),
    "a filter that is not there": Case(
        _http(
            extension("HTTPRouteFilter", "closed", directResponse={"statusCode": 503}),
            route(_answering("close"), name="closed", hostnames=[_OTHER]),
            hostnames=[_HOST],
        ),
        "HTTPRoute closed: spec.rules[0].filters[0].extensionRef.name",
        "HTTPRoute closed: ResolvedRefs=False UnsupportedValue",
    ),
    "a Secret that is not there": Case(
        [gateway(tls_listener("https", _HOST, "crt")), certificate("cert", _HOST)],
        "Gateway gate: spec.listeners[0].tls.certificateRefs[0].name",
        "Gateway gate/https: ResolvedRefs=False InvalidCertificateRef",
    ),
    "a Secret of another type": Case(
        [gateway(tls_listener("https", _HOST, "users")), secret("users", _HTPASSWD)],
        "Gateway gate: spec.listeners[0].tls.certificateRefs[0].name",
        "Gateway gate/https: ResolvedRefs=False InvalidCertificateRef",
    ),
    "a certificate that has ended": Case(
        [gateway(tls_listener("https", _HOST, "cert")), certificate("cert", _HOST, begins=-30, ends=-1)],
        "Gateway gate: spec.listeners[0].tls.certificateRefs[0].name",
        "Gateway gate/https: ResolvedRefs=False InvalidCertificateRef",
    ),
    "a certificate that has yet to begin": Case(
        [gateway(tls_listener("https", _HOST, "cert")), certificate("cert", _HOST, begins=1)],
        "Gateway gate: spec.listeners[0].tls.certificateRefs[0].name",
        "Gateway gate/https: ResolvedRefs=False InvalidCertificateRef",
    ),
    "a key of another certificate": Case(
        [gateway(tls_listener("https", _HOST, "cert")), certificate("cert", _HOST, private=key(new=True))],
        "Gateway gate: spec.listeners[0].tls.certificateRefs[0].name",
        "Gateway gate/https: ResolvedRefs=False InvalidCertificateRef",
    ),
    "a certificate of another namespace": Case(
        [
            gateway(tls_listener("https", _HOST, {"name": "cert", "namespace": THERE})),
            certificate("cert", _HOST, namespace=THERE),
        ],
        "Gateway gate: spec.listeners[0].tls.certificateRefs[0].namespace",
        "Gateway gate/https: ResolvedRefs=False RefNotPermitted",
    ),
    # It is the client that refuses such a certificate.
    "a certificate for another host": Case(
        [
            gateway(tls_listener("https", "*.example.com", "cert")),
            certificate("cert", _OTHER, "*.chat.example.com"),
            *(service(), route(hostnames=[_HOST])),
        ],
        "HTTPRoute web: spec.hostnames",
    ),
    "a certificate that is not for a route's host, on a listener for all": Case(
        [
            gateway(tls_listener("https", None, "cert")),
            certificate("cert", _HOST),
            *(service(), route(hostnames=[_HOST, _OTHER])),
        ],
        "HTTPRoute web: spec.hostnames",
    ),
    "a host two labels below the wildcard of a certificate": Case(
        [
            gateway(tls_listener("https", "*.example.com", "cert")),
            certificate("cert", "*.example.com"),
            *(service(), route(hostnames=["chat.eu.example.com"])),
        ],
        "HTTPRoute web: spec.hostnames",
    ),
    "two listeners for one host": Case(
        [
            gateway(
                tls_listener("one", _HOST, "cert"),
                listener("two", 443, "TLS", hostname=_HOST, tls={"mode": "Passthrough"}),
            ),
            certificate("cert", _HOST),
        ],
        "Gateway gate: spec.listeners[1].hostname",
        "Gateway gate/two: Conflicted=True HostnameConflict",
    ),
    "two protocols on one port": Case(
        [gateway(listener("http"), tls_listener("https", _HOST, "cert", port=80)), certificate("cert", _HOST)],
        "Gateway gate: spec.listeners[1].protocol",
        "Gateway gate/https: Conflicted=True ProtocolConflict",
    ),
    "merged Gateways with one host": Case(
        [
            gateway(listener(port=8082, hostname=_HOST), name="one", class_name=MERGED),
            gateway(listener(port=8082, hostname=_HOST), name="two", class_name=MERGED),
        ],
        "Gateway two: spec.listeners[0].hostname",
        "Gateway two/http: Conflicted=True HostnameConflict",
    ),
    "a kind of route that the protocol never serves": Case(
        [gateway(listener(**admitting("Same", "HTTPRoute", "TCPRoute")))],
        "Gateway gate: spec.listeners[0].allowedRoutes.kinds[1].kind",
        "Gateway gate/http: ResolvedRefs=False InvalidRouteKinds",
    ),
    "a ListenerSet that the Gateway does not take": Case(
        [gateway(), listener_set(listener("extra", 8080))],
        "ListenerSet more: spec.parentRef.name",
        "ListenerSet more: Accepted=False NotAllowed",
    ),
    "a ListenerSet with a listener that the Gateway has": Case(
        [
            gateway(allowedListeners={"namespaces": {"from": "Same"}}),
            listener_set(listener("again"), listener("extra", 8080)),
        ],
        "ListenerSet more: spec.listeners[0].hostname",
        "ListenerSet more/again: Conflicted=True HostnameConflict",
    ),
    "a policy for nothing": Case(
        _http(policy("BackendTrafficPolicy", "retry", target("HTTPRoute", "webb"), **_RETRY)),
        "BackendTrafficPolicy retry: spec.targetRefs[0].name",
        SILENT,
    ),
    "a policy for a listener that is not there": Case(
        _http(policy("SecurityPolicy", "cors", target("Gateway", "gate", "https"), **_CORS)),
        "SecurityPolicy cors: spec.targetRefs[0].sectionName",
        "SecurityPolicy cors: Accepted=False TargetNotFound",
    ),
    "a policy for a rule that is not there": Case(
        _http(policy("BackendTrafficPolicy", "retry", target("HTTPRoute", "web", "pages"), **_RETRY)),
        "BackendTrafficPolicy retry: spec.targetRefs[0].sectionName",
        "BackendTrafficPolicy retry: Accepted=False TargetNotFound",
    ),
    "a policy for clients of one listener of a port alone": Case(
        [
            gateway(listener("one", hostname=_HOST), listener("two", hostname=_OTHER)),
            policy(
                "ClientTrafficPolicy", "client", target("Gateway", "gate", "one"), path={"disableMergeSlashes": True}
            ),
        ],
        "ClientTrafficPolicy client: spec.targetRefs[0].sectionName",
        "ClientTrafficPolicy client: Accepted=False Invalid",
    ),
    "a policy for clients of one listener of a port, with TLS": Case(
        [
            gateway(tls_listener("one", _HOST, "cert"), tls_listener("two", _OTHER, "cert")),
            certificate("cert", _HOST, _OTHER),
            policy(
                "ClientTrafficPolicy", "client", target("Gateway", "gate", "one"), path={"disableMergeSlashes": True}
            ),
        ]
    ),
    "two policies of a kind for one route": Case(
        _http(
            policy("SecurityPolicy", "a-first", target("HTTPRoute", "web"), **_CORS),
            policy("SecurityPolicy", "b-later", target("HTTPRoute", "web"), **_CORS),
        ),
        "SecurityPolicy b-later: spec.targetRefs[0]",
        "SecurityPolicy b-later: Accepted=False Conflicted",
    ),
    "a policy with a Secret that is not there": Case(
        _http(
            policy("SecurityPolicy", "login", target("HTTPRoute", "web"), **_basic_auth("user")),
            secret("users", _HTPASSWD),
        ),
        "SecurityPolicy login: spec.basicAuth.users.name",
        "SecurityPolicy login: Accepted=False Invalid",
    ),
    "a protocol that nobody speaks": Case(
        [gateway(listener(), listener("odd", 8080, "GRPC"))],
        "Gateway gate: spec.listeners[1].protocol",
        "Gateway gate/odd: Accepted=False UnsupportedProtocol",
    ),
    "routes of a group that has none": Case(
        [gateway(listener(allowedRoutes={"kinds": [{"group": "example.com", "kind": "HTTPRoute"}]}))],
        "Gateway gate: spec.listeners[0].allowedRoutes.kinds[0].group",
        "Gateway gate/http: ResolvedRefs=False InvalidRouteKinds",
    ),
    "an address by its name": Case(
        [gateway(addresses=[{"type": "NamedAddress", "value": "front"}])],
        "Gateway gate: spec.addresses[0].type",
        "Gateway gate: Accepted=False UnsupportedAddress",
    ),
    "a client certificate from a ConfigMap": Case(
        [gateway(tls={"backend": {"clientCertificateRef": {"group": "", "kind": "ConfigMap", "name": "own"}}})],
        "Gateway gate: spec.tls.backend.clientCertificateRef.kind",
        "Gateway gate: ResolvedRefs=False InvalidClientCertificateRef",
    ),
    "an access log for a Service that is not there": Case(
        [
            _of_proxy("own"),
            _proxy("own", telemetry={"accessLog": {"settings": [_log_to("collector")]}}),
        ],
        "EnvoyProxy own: spec.telemetry.accessLog.settings[0].sinks[0].als.backendRefs[0].name",
        "Gateway gate: Accepted=False InvalidParameters",
    ),
    "a redirect by one backend": Case(
        [
            *(gateway(), service()),
            route(rule(backend(filters=[{"type": "RequestRedirect", "requestRedirect": {"scheme": "https"}}]))),
        ],
        "HTTPRoute web: spec.rules[0].backendRefs[0].filters[0].type",
        "HTTPRoute web: ResolvedRefs=False UnsupportedRefValue",
    ),
    "a path by one backend": Case(
        [*(gateway(), service()), route(rule(backend(filters=[_REWRITE])))],
        "HTTPRoute web: spec.rules[0].backendRefs[0].filters[0].urlRewrite.path",
        "HTTPRoute web: ResolvedRefs=False UnsupportedRefValue",
    ),
    "a host by one backend": Case(
        [
            *(gateway(), service()),
            route(rule(backend(filters=[{"type": "URLRewrite", "urlRewrite": {"hostname": _OTHER}}]))),
        ]
    ),
    "two filters that narrow one rule": Case(
        [
            gateway(),
            service(),
            route(rule(filters=[*_answering("one")["filters"], *_answering("two")["filters"]])),
            *(
                extension("HTTPRouteFilter", name, matches=[{"cookies": [{"name": name, "value": "x"}]}])
                for name in ("one", "two")
            ),
        ],
        "HTTPRoute web: spec.rules[0].filters[1]",
        "HTTPRoute web: Accepted=False UnsupportedValue",
    ),
    "a filter that nobody brings": Case(
        [
            gateway(),
            service(),
            route(rule(filters=[_DIRECT | {"extensionRef": target("Filter", "own", group="example.com")}])),
        ],
        "HTTPRoute web: spec.rules[0].filters[0].extensionRef.kind",
        "HTTPRoute web: Accepted=False UnsupportedValue",
    ),
    "users under another key": Case(
        _http(
            policy("SecurityPolicy", "login", target("HTTPRoute", "web"), **_basic_auth("users")),
            secret("users", {"htpasswd": _HTPASSWD[".htpasswd"]}),
        ),
        "SecurityPolicy login: spec.basicAuth.users",
        "SecurityPolicy login: Accepted=False Invalid",
    ),
    "two clients with one key": Case(
        _http(
            policy(
                "SecurityPolicy",
                "keys",
                target("HTTPRoute", "web"),
                apiKeyAuth={"credentialRefs": [{"name": "clients"}], "extractFrom": [{"headers": ["x-api-key"]}]},
            ),
            secret("clients", {"ada": b"one", "grace": b"one"}),
        ),
        "SecurityPolicy keys: spec.apiKeyAuth.credentialRefs[0]",
        "SecurityPolicy keys: Accepted=False Invalid",
    ),
    "an authority under no key that is known": Case(
        _http(
            policy(
                "BackendTLSPolicy",
                "trust",
                target("Service", "web", group=""),
                validation={
                    "hostname": _HOST,
                    "caCertificateRefs": [{"group": "", "kind": "ConfigMap", "name": "authorities"}],
                },
            ),
            wire("v1", "ConfigMap", "authorities", data={"one.crt": "", "two.crt": ""}),
        ),
        "BackendTLSPolicy trust: spec.validation.caCertificateRefs[0]",
        "HTTPRoute web: ResolvedRefs=False InvalidBackendTLS",
    ),
    "CORS for a TCPRoute": Case(
        [
            gateway(listener("tcp", 9000, "TCP")),
            service(),
            route(kind="TCPRoute"),
            policy("SecurityPolicy", "cors", target("TCPRoute", "web"), **_CORS),
        ],
        "SecurityPolicy cors: spec.cors",
        "SecurityPolicy cors: Accepted=False Invalid",
    ),
    "a policy for clients of a ListenerSet whose port another has": Case(
        [
            gateway(listener(hostname=_HOST), allowedListeners={"namespaces": {"from": "Same"}}),
            listener_set(listener("extra", hostname=_OTHER)),
            policy("ClientTrafficPolicy", "client", target("ListenerSet", "more"), path={"disableMergeSlashes": True}),
        ],
        "ClientTrafficPolicy client: spec.targetRefs[0].name",
        "ClientTrafficPolicy client: Accepted=False Invalid",
    ),
    "a policy with a Service that is not there": Case(
        _http(
            policy(
                "SecurityPolicy",
                "ask",
                target("HTTPRoute", "web"),
                extAuth={"http": {"backendRefs": [backend("auth")]}},
            )
        ),
        "SecurityPolicy ask: spec.extAuth.http.backendRefs[0].name",
        "SecurityPolicy ask: Accepted=False Invalid",
    ),
    "a Backend, which the configuration does not enable": Case(
        [
            gateway(),
            extension("Backend", "far", endpoints=[{"fqdn": {"hostname": "example.com", "port": 443}}]),
            route(rule(backend("far", None, group="gateway.envoyproxy.io", kind="Backend"))),
        ],
        "Backend far: kind",
        "HTTPRoute web: ResolvedRefs=False UnsupportedValue",
    ),
    "an EnvoyPatchPolicy, which the configuration does not enable": Case(
        [gateway(), extension("EnvoyPatchPolicy", "patch", type="JSONPatch", targetRef=target("Gateway", "gate"))],
        "EnvoyPatchPolicy patch: kind",
        "EnvoyPatchPolicy patch: Accepted=False Disabled",
    ),
    "Lua, which the configuration does not enable": Case(
        _http(
            policy(
                "EnvoyExtensionPolicy",
                "script",
                target("HTTPRoute", "web"),
                lua=[{"type": "Inline", "inline": "function envoy_on_response(handle) end"}],
            )
        ),
        "EnvoyExtensionPolicy script: spec.lua",
        "EnvoyExtensionPolicy script: Accepted=False Invalid",
    ),
    "HTTPS without a certificate": Case(
        [gateway(listener("https", 443, "HTTPS", tls={"options": {"example.com/certificate": "ours"}}))],
        "Gateway gate: spec.listeners[0].tls.certificateRefs",
        "Gateway gate/https: Programmed=False Invalid",
    ),
    "HTTPS without any TLS": Case(
        [gateway(listener("https", 443, "HTTPS"))],
        "Gateway gate: spec.listeners[0].tls.certificateRefs",
        "Gateway gate/https: Programmed=False Invalid",
    ),
    "routes of namespaces that nothing selects": Case(
        [gateway(listener(**admitting("Selector")))],
        "Gateway gate: spec.listeners[0].allowedRoutes.namespaces.selector",
        "Gateway gate/http: Programmed=False Invalid",
    ),
    "a path that is no regular expression": Case(
        [gateway(), service(), route(rule(matches=[path("/(a", "RegularExpression")]))],
        "HTTPRoute web: spec.rules[0].matches[0].path.value",
        "HTTPRoute web: Accepted=False UnsupportedValue",
    ),
    "a header that is no regular expression": Case(
        [
            *(gateway(), service()),
            route(rule(matches=[{"headers": [{"type": "RegularExpression", "name": "x-beta", "value": "*"}]}])),
        ],
        "HTTPRoute web: spec.rules[0].matches[0].headers[0].value",
        "HTTPRoute web: Accepted=False UnsupportedValue",
    ),
    "a call that is no regular expression": Case(
        [
            *(gateway(), service()),
            route(rule(matches=[{"method": {"type": "RegularExpression", "service": "a["}}]), kind="GRPCRoute"),
        ],
        "GRPCRoute web: spec.rules[0].matches[0].method.service",
        "GRPCRoute web: Accepted=False UnsupportedValue",
    ),
    "regular expressions of every kind": Case(
        [
            *(gateway(), service()),
            route(
                rule(matches=[path(r"/(?i)a{2,3}\d+(?:x|y)?", "RegularExpression")]),
                rule(matches=[path(r"/\Qa.b\E", "RegularExpression")]),
                rule(matches=[path(r"/\p{Greek}[[:alpha:]](?P<name>.)", "RegularExpression")]),
            ),
        ]
    ),
    "a filter that sets the host": Case(
        [gateway(), service(), route(rule(filters=[_headers("Request", set=[{"name": "Host", "value": "x"}])]))],
        "HTTPRoute web: spec.rules[0].filters[0].requestHeaderModifier.set[0].name",
        "HTTPRoute web: Accepted=False UnsupportedValue",
    ),
    "a filter that removes no header": Case(
        [gateway(), service(), route(rule(filters=[_headers("Response", remove=["x/y"])]))],
        "HTTPRoute web: spec.rules[0].filters[0].responseHeaderModifier.remove[0]",
        "HTTPRoute web: Accepted=False UnsupportedValue",
    ),
    # It drops the rule as soon as a pod is behind the mirror: here none is.
    "a mirror of what is redirected": Case(
        [
            *(gateway(), service()),
            route(
                {
                    "filters": [
                        _MIRROR,
                        {"type": "RequestRedirect", "requestRedirect": {"scheme": "https"}},
                    ]
                }
            ),
        ],
        "HTTPRoute web: spec.rules[0].filters[0]",
    ),
    "a mirror of what a filter answers": Case(
        [
            *(gateway(), service()),
            extension("HTTPRouteFilter", "closed", directResponse={"statusCode": 503}),
            route({"filters": [_MIRROR, *_answering("closed")["filters"]]}),
        ],
        "HTTPRoute web: spec.rules[0].filters[1]",
    ),
    "a mirror behind what a filter answers, which nobody looks at": Case(
        [
            *(gateway(), service()),
            extension("HTTPRouteFilter", "closed", directResponse={"statusCode": 503}),
            route({"filters": [*_answering("closed")["filters"], _MIRROR]}),
        ],
    ),
    "a success without a message as the answer to a call": Case(
        [
            *(gateway(), service()),
            extension("HTTPRouteFilter", "empty", directResponse={}),
            route(_answering("empty"), kind="GRPCRoute"),
        ],
        "GRPCRoute web: spec.rules[0].filters[0]",
        "GRPCRoute web: Accepted=False UnsupportedValue",
    ),
    "an error as the answer to a call": Case(
        [
            *(gateway(), service()),
            extension("HTTPRouteFilter", "closed", directResponse={"statusCode": 403}),
            route(_answering("closed"), kind="GRPCRoute"),
        ]
    ),
    "a path that two filters rewrite": Case(
        [
            *(gateway(), service()),
            _rewriting("longer", "^/(.*)$"),
            route(rule(filters=[_REWRITE, *_answering("longer")["filters"]])),
        ],
        "HTTPRoute web: spec.rules[0].filters[1]",
        "HTTPRoute web: Accepted=False UnsupportedValue",
    ),
    "a path and a host that two filters rewrite": Case(
        [
            *(gateway(), service()),
            extension("HTTPRouteFilter", "host", urlRewrite={"hostname": {"type": "Backend"}}),
            route(rule(filters=[_REWRITE, *_answering("host")["filters"]])),
        ]
    ),
    "a rewrite by what is no regular expression": Case(
        [*(gateway(), service()), _rewriting("broken", "("), route(rule(filters=_answering("broken")["filters"]))],
        "HTTPRouteFilter broken: spec.urlRewrite.path.replaceRegexMatch.pattern",
        "HTTPRoute web: Accepted=False UnsupportedValue",
    ),
    # It refuses the route as soon as a pod is behind the backend: here none is.
    "a filter of a backend that sets the host": Case(
        [
            *(gateway(), service()),
            route(rule(backend(filters=[_headers("Request", set=[{"name": "Host", "value": "x"}])]))),
        ],
        "HTTPRoute web: spec.rules[0].backendRefs[0].filters[0].requestHeaderModifier.set[0].name",
    ),
    "a filter of a backend that sets a header": Case(
        [
            *(gateway(), service()),
            route(rule(backend(filters=[_headers("Request", set=[{"name": "x-a", "value": "x"}])]))),
        ]
    ),
    **{
        f"a policy with {what}": case
        for what, case in {
            "a buffer for clients beyond 4 GiB": _client(
                connection={"bufferLimit": "4Gi"}, at="connection.bufferLimit"
            ),
            "a buffer for an app beyond 4 GiB": _backend(
                connection={"bufferLimit": "4Gi"}, at="connection.bufferLimit"
            ),
            "a request buffer beyond 4 GiB": _backend(requestBuffer={"limit": "5G"}, at="requestBuffer.limit"),
            "a trickle": _backend(
                bandwidthLimit={"response": {"limit": {"value": "1Mi", "unit": "Hour"}}},
                at="bandwidthLimit.response.limit.value",
            ),
            "a table that is no prime": _backend(
                loadBalancer={"type": "ConsistentHash", "consistentHash": {"type": "SourceIP", "tableSize": 1000}},
                at="loadBalancer.consistentHash.tableSize",
            ),
            "no time before a retry": _backend(
                retry=_backing_off("0s", "1s"), at="retry.perRetry.backOff.baseInterval"
            ),
            "a longest time that is shorter": _backend(
                retry=_backing_off("2s", "1500ms"), at="retry.perRetry.backOff.maxInterval"
            ),
            "two limits for all clients": _backend(
                rateLimit=_local(_each(5, "Hour"), _each(6, "Day")), at="rateLimit.local.rules[1]"
            ),
            "a limit of those that match what is no pattern": _backend(
                rateLimit=_local(_each(5, "Hour", "x-user", type="RegularExpression", value="*.x")),
                at="rateLimit.local.rules[0].clientSelectors[0].headers[0].value",
            ),
            "a limit a minute beside one an hour for all": _backend(
                rateLimit=_local(_each(5, "Hour"), _each(6, "Minute", "x-user")),
                at="rateLimit.local.rules[1].limit.unit",
            ),
        }.items()
    },
    "clients of a country, without a database of countries": Case(
        [*_http(_only_from({"country": "CH"})), _DIRECT_CLIENTS],
        "SecurityPolicy near: spec.authorization.rules[0].principal.clientIPGeoLocations[0].country",
        "SecurityPolicy near: Accepted=False Invalid",
    ),
    "clients of a city, with a database of countries": Case(
        [*_located(), _only_from({"country": "CH", "city": "Bern"}), _DIRECT_CLIENTS],
        "SecurityPolicy near: spec.authorization.rules[0].principal.clientIPGeoLocations[0].city",
        "SecurityPolicy near: Accepted=False Invalid",
    ),
    "clients of a country, whose address is not told": Case(
        [*_located(), _only_from({"country": "CH"})],
        "SecurityPolicy near: spec.authorization.rules[0].principal.clientIPGeoLocations[0]",
        "SecurityPolicy near: Accepted=False Invalid",
    ),
    "clients of a country": Case([*_located(), _only_from({"country": "CH"}), _DIRECT_CLIENTS]),
    "limits that are well": Case(
        _http(
            policy("ClientTrafficPolicy", "client", *_TO_GATE, connection={"bufferLimit": "4294967295"}),
            policy(
                "BackendTrafficPolicy",
                "backend",
                target("HTTPRoute", "web"),
                connection={"bufferLimit": "32Ki"},
                bandwidthLimit={"response": {"limit": {"value": "4Mi", "unit": "Hour"}}},
                loadBalancer={"type": "ConsistentHash", "consistentHash": {"type": "SourceIP", "tableSize": 1009}},
                retry=_backing_off("1s", "1000ms"),
                rateLimit=_local(_each(5, "Minute"), _each(6, "Hour", "x-user"), _each(7, "Minute", "x-team")),
            ),
            policy("BackendTrafficPolicy", "gate", *_TO_GATE, requestBuffer={"limit": "4294967295"}),
        )
    ),
    "a backend of a kind that nothing can be sent to": Case(
        [gateway(), service(), route(rule(backend(kind="Deployment")))],
        "HTTPRoute web: spec.rules[0].backendRefs[0].kind",
        "HTTPRoute web: ResolvedRefs=False InvalidKind",
    ),
    # It is Envoy that refuses these, without a word in any status: tests/e2e/test_routing.py.
    "a route on two listeners of a port that both serve its host": Case(
        [gateway(listener("all"), listener("some", hostname="*.example.com")), service(), route(hostnames=[_HOST])],
        "HTTPRoute web: spec.parentRefs",
    ),
    "two routes for one host on two listeners of a port": Case(
        [
            *(gateway(listener("all"), listener("some", hostname="*.example.com")), service()),
            route(parents=[_GATE | {"sectionName": "all"}], hostnames=[_HOST]),
            route(kind="GRPCRoute", name="web-2", parents=[_GATE | {"sectionName": "some"}], hostnames=[_HOST]),
        ],
        "GRPCRoute web-2: spec.parentRefs",
    ),
    "routes of merged Gateways for one host on two listeners of a port": Case(
        [
            gateway(listener(port=8083), name="one", class_name=MERGED),
            gateway(listener(port=8083, hostname="*.example.com"), name="two", class_name=MERGED),
            *(service(), route(name="one", parents=[{"name": "one"}], hostnames=[_HOST])),
            route(name="two", parents=[{"name": "two"}], hostnames=[_HOST]),
        ],
        "HTTPRoute two: spec.parentRefs",
    ),
    "a limit of all Envoys together, with nothing to count in": Case(
        _http(
            policy(
                "BackendTrafficPolicy",
                "limit",
                target("HTTPRoute", "web"),
                rateLimit={"type": "Global", "global": {"rules": [{"limit": {"requests": 5, "unit": "Hour"}}]}},
            )
        ),
        "BackendTrafficPolicy limit: spec.rateLimit.global",
        "BackendTrafficPolicy limit: Accepted=False Invalid",
    ),
    "two TLSRoutes for one host on a listener": Case(
        [
            *(gateway(listener("raw", 443, "TLS", tls={"mode": "Passthrough"})), service()),
            route(kind="TLSRoute", hostnames=[_HOST, "*.example.com"]),
            route(kind="TLSRoute", name="web-2", hostnames=[_OTHER, _HOST]),
        ],
        "TLSRoute web-2: spec.hostnames",
    ),
    "a TLSRoute on two listeners of a port that both serve its host": Case(
        [
            gateway(
                listener("all", 443, "TLS", tls={"mode": "Passthrough"}),
                listener("some", 443, "TLS", hostname="*.example.com", tls={"mode": "Passthrough"}),
            ),
            *(service(), route(kind="TLSRoute", hostnames=[_HOST])),
        ],
        "TLSRoute web: spec.parentRefs",
    ),
    # Envoy Gateway compares routes with each other, not a route's own rules.
    "a rule that an earlier one of the route repeats": Case(
        [gateway(), service(), route(rule(matches=[path("/a"), path("/b")]), rule(matches=[path("/b/")]))],
        "HTTPRoute web: spec.rules[1]",
    ),
    "two routes with one rule": Case(
        _http(route(name="web-2"), hostnames=[]),
        "HTTPRoute web-2: spec.rules[0]",
        "HTTPRoute web-2: RouteRulesOverlap=True RouteRulesOverlap",
    ),
    # All are accepted, the oldest is served: so the Gateway API wants it.
    "two TCPRoutes on one listener": Case(
        [
            *(gateway(listener("db", 5432, "TCP")), service()),
            route(kind="TCPRoute"),
            route(kind="TCPRoute", name="web-2"),
        ],
        "TCPRoute web-2: spec.parentRefs",
    ),
}
