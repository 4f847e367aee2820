"""Sets of objects, what is wrong with each, and what Envoy Gateway says to it.

The unit tests hold the checks to the second, the live test Envoy Gateway to the third.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from tests.graph.wires import (
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


def _basic_auth(name: str) -> Wire:
    return {"basicAuth": {"users": {"name": name}}}


_HOST = "chat.example.com"
_OTHER = "shop.example.com"
_GATE = {"name": "gate"}
_TO_GATE = [target("Gateway", "gate")]
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
        [gateway(tls_listener("https", _HOST, "cert")), certificate("cert", _OTHER, "*.chat.example.com")],
        "Gateway gate: spec.listeners[0].hostname",
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
                        {"type": "RequestMirror", "requestMirror": {"backendRef": backend()}},
                        {"type": "RequestRedirect", "requestRedirect": {"scheme": "https"}},
                    ]
                }
            ),
        ],
        "HTTPRoute web: spec.rules[0].filters[0]",
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
