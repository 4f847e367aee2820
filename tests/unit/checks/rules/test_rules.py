"""What the table of cases does not show: what is not judged, and the words."""

from typing import Any

import pytest
import yaml

from checks.rules import mistakes
from kube import unknown
from local.paths import REPOSITORY
from tests.cases.builders import (
    CLASS,
    HERE,
    THERE,
    Wire,
    backend,
    certificate,
    config,
    extension,
    gateway,
    grant,
    listener,
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
from tests.cases.cases import CLASSES, MERGED, VERSION

UNKNOWN: Any = unknown.UNKNOWN
_HOST = "chat.example.com"


def _told(*objects: Wire, version: str = VERSION) -> list[str]:
    return [str(mistake) for _, mistake in mistakes(objects, version=version)]


def _here(*objects: Wire, version: str = VERSION) -> list[str]:
    return _told(namespace(), *objects, version=version)


def test_the_dev_stack_has_no_mistake() -> None:
    golden = yaml.safe_load((REPOSITORY / "tests/unit/golden/dev.yaml").read_text())
    objects = [each["inputs"] for each in golden["stack"].values() if "kind" in each.get("inputs", {})]
    routes = [each for each in objects if each["kind"] == "HTTPRoute"]
    assert len(routes) == 2
    assert _told(*objects) == []
    routes[0]["spec"]["rules"][0]["backendRefs"][0]["port"] = 81
    assert len(_told(*objects)) == 1


def test_the_words_name_the_object_the_rule_and_the_cure() -> None:
    assert _here(gateway(), service("web-service"), route(rule(backend("web-servce")))) == [
        'spec.rules[0].backendRefs[0].name = "web-servce": there is no Service chat/web-servce '
        "(did you mean web-service?)"
    ]
    assert _here(gateway(), service("web", 8080), route()) == [
        "spec.rules[0].backendRefs[0].port = 80: Service chat/web has no TCP port 80 (of TCP it has 8080 (port-8080))"
    ]
    assert _here(gateway(), service(), route(parents=[{"name": "gate", "sectionName": "web"}])) == [
        'spec.parentRefs[0].sectionName = "web": Gateway chat/gate has no listener of that name (there is http)'
    ]


def test_a_cure_names_the_grant_that_is_missing() -> None:
    shop = (namespace(THERE), service(namespace=THERE))
    (told,) = _here(*shop, gateway(), route(rule(backend(namespace=THERE))))
    assert "(declare one in namespace shop, from HTTPRoute of chat to Service)" in told


def test_every_mistake_comes_with_the_object_to_mend() -> None:
    bad = route(parents=[{"name": "gate", "port": 1}])
    ((found, mistake),) = mistakes([namespace(), gateway(), service(), bad], version=VERSION)
    assert found is bad
    assert mistake.path == ("spec", "parentRefs", 0, "port")


def test_all_mistakes_of_an_object_are_told_at_once() -> None:
    bad = route(rule(backend("a")), rule(backend("b"), matches=[path("/b")]), parents=[{"name": "gat"}])
    assert len(_here(gateway(), service(), bad)) == 3


@pytest.mark.parametrize(
    "objects",
    [
        [gateway(), route(rule(backend("of-another-team")))],
        [route()],
        [route(namespace=THERE, parents=[{"name": "gate", "namespace": HERE}]), gateway(), service(namespace=THERE)],
        [gateway(), route(rule(backend(namespace=THERE)))],
        [policy("SecurityPolicy", "cors", target("HTTPRoute", "web"))],
    ],
    ids=["a Service", "a Gateway", "a Service elsewhere", "a grant elsewhere", "a target"],
)
def test_what_may_be_in_a_namespace_that_the_stack_does_not_declare_is_not_judged(objects: list[Wire]) -> None:
    others = [each for each in _told(*objects) if "admits routes" not in each]
    assert others == []


def test_labels_of_a_namespace_that_is_not_declared_are_not_judged() -> None:
    selected = {"namespaces": {"from": "Selector", "selector": {"matchLabels": {"team": "sales"}}}}
    shop = route(namespace=THERE, parents=[{"name": "gate", "namespace": HERE}])
    assert _here(gateway(listener(allowedRoutes=selected)), shop) == []
    selected["namespaces"]["selector"] = {"matchLabels": {"kubernetes.io/metadata.name": "sales"}}
    assert len(_here(gateway(listener(allowedRoutes=selected)), shop)) == 1


def test_a_secret_that_a_controller_may_make_is_not_judged() -> None:
    https = gateway(tls_listener("https", _HOST, "cert"))
    assert _here(https) == []
    issued = wire("cert-manager.io/v1", "Certificate", "web", spec={"secretName": "cert"})
    assert _here(https, secret("users", {})) != []
    assert _here(https, secret("users", {}), issued) == []
    https["metadata"]["annotations"] = {"cert-manager.io/cluster-issuer": "letsencrypt"}
    assert _here(https, secret("users", {})) == []


def test_a_secret_that_cert_manager_would_write_over_is_named() -> None:
    https = gateway(tls_listener("https", _HOST, "cert"))
    https["metadata"]["annotations"] = {"cert-manager.io/issuer": "letsencrypt"}
    (told,) = _here(https, certificate("cert", _HOST))
    rule = "cert-manager would write over Secret chat/cert: by its annotation it issues for this listener too"
    assert told.startswith(f'spec.listeners[0].tls.certificateRefs[0].name = "cert": {rule}')


def test_a_parent_of_another_kind_is_none_of_ours() -> None:
    assert _here(service(), route(parents=[{"group": "", "kind": "Service", "name": "mesh"}])) == []


_UNKNOWN: dict[str, list[Wire]] = {
    "a backend's name": [gateway(), service(), route(rule(backend(UNKNOWN)))],
    "a Service's name": [gateway(), service(UNKNOWN), route()],
    "a port": [gateway(), service(), route(rule(backend(port=UNKNOWN)))],
    "a Service's port": [gateway(), service("web", UNKNOWN), route()],
    "a parent's name": [gateway(), service(), route(parents=[{"name": UNKNOWN}])],
    "a Gateway's name": [gateway(name=UNKNOWN), service(), route()],
    "a listener's name": [
        gateway(listener(UNKNOWN)),
        service(),
        route(parents=[{"name": "gate", "sectionName": "http"}]),
    ],
    "a listener's host": [gateway(listener(hostname=UNKNOWN)), service(), route(hostnames=[_HOST])],
    "a route's host": [gateway(listener(hostname=_HOST)), service(), route(hostnames=[UNKNOWN])],
    "all hosts": [gateway(listener(hostname=_HOST)), service(), route(hostnames=UNKNOWN)],
    "all rules": [gateway(), service(), wire("gateway.networking.k8s.io/v1", "HTTPRoute", "web", spec=UNKNOWN)],
    "a path": [gateway(), service(), route(rule(matches=[path(UNKNOWN)]), rule(matches=[path(UNKNOWN)]))],
    "a certificate": [
        gateway(tls_listener("https", _HOST, "cert")),
        wire("v1", "Secret", "cert", type="kubernetes.io/tls", data={"tls.crt": UNKNOWN, "tls.key": UNKNOWN}),
    ],
    "all of a Secret": [gateway(tls_listener("https", _HOST, "cert")), wire("v1", "Secret", "cert", data=UNKNOWN)],
    "a policy's target": [policy("SecurityPolicy", "cors", {"kind": "HTTPRoute", "name": UNKNOWN})],
    "a section": [gateway(), policy("SecurityPolicy", "cors", target("Gateway", "gate", UNKNOWN))],
    "the configuration": [
        wire("v1", "ConfigMap", "envoy-gateway-config", data={"envoy-gateway.yaml": UNKNOWN}),
        extension("Backend", "far"),
    ],
}


@pytest.mark.parametrize("objects", _UNKNOWN.values(), ids=_UNKNOWN.keys())
def test_what_depends_on_a_value_known_after_up_is_not_judged(objects: list[Wire]) -> None:
    objects = [{**each, "type": "kubernetes.io/tls"} if each["kind"] == "Secret" else each for each in objects]
    assert _here(*objects) == []


def test_what_does_not_depend_on_an_unknown_value_is_judged_all_the_same() -> None:
    rules = rule(backend(UNKNOWN), backend("wbe"))
    (told,) = _here(gateway(), service(), route(rules))
    assert "there is no Service chat/wbe" in told


@pytest.mark.parametrize(
    ("apis", "told"),
    [
        ("{}", 3),
        ("{enableBackend: true, enableEnvoyPatchPolicy: true, enableLua: true}", 0),
        ("{enableBackend: true, enableEnvoyPatchPolicy: true, disableLua: false}", 0),
    ],
)
def test_the_configuration_says_which_extensions_are_heeded(apis: str, told: int) -> None:
    objects = [
        extension("Backend", "far"),
        extension("EnvoyPatchPolicy", "patch"),
        policy("EnvoyExtensionPolicy", "script", lua=[{"type": "Inline"}]),
    ]
    assert len(_told(config(apis), *objects)) == told
    assert _told(*objects) == [], "no configuration in the stack"


def test_a_limit_is_counted_together_where_the_configuration_has_a_backend() -> None:
    limits = {"global": {"rules": []}, "local": {"rules": []}}
    shared, own = (policy("BackendTrafficPolicy", name, rateLimit=limits | given) for name, given in _LIMITS.items())
    (told,) = _told(config(), shared, own)
    assert told.startswith("spec.rateLimit.global: Envoy Gateway's configuration has no rateLimit.backend")
    assert _told(config("{}\nrateLimit: {backend: {type: Redis}}"), shared, own) == []
    assert _told(shared, own) == [], "no configuration in the stack"


_LIMITS: dict[str, Wire] = {"shared": {}, "own": {"type": "Local"}}


def test_lua_was_on_by_default_before_1_9() -> None:
    script = policy("EnvoyExtensionPolicy", "script", lua=[{"type": "Inline"}])
    assert _told(config(), script, version="1.8.3") == []


@pytest.mark.parametrize(
    ("kind", "version", "cure"),
    [
        ("TLSRoute", "1.7.0", "write gateway.networking.k8s.io/v1alpha2"),
        ("TCPRoute", "1.8.3", "write gateway.networking.k8s.io/v1alpha2"),
        ("ListenerSet", "1.5.1", "install Envoy Gateway 1.8 or later"),
        ("ReferenceGrant", "1.5.1", "write gateway.networking.k8s.io/v1beta1"),
    ],
)
def test_a_kind_that_came_later_is_named_with_its_release(kind: str, version: str, cure: str) -> None:
    newer = wire("gateway.networking.k8s.io/v1", kind, "new", spec={"parentRef": {"name": "gate"}})
    assert [told for told in _told(newer, version=version) if told.endswith(f"({cure})")]
    assert _told(newer, version="1.9.1") == []


def test_a_field_that_came_later_is_named_with_its_release() -> None:
    csrf: Any = policy("SecurityPolicy", "forms", target("HTTPRoute", "web"), csrf={})
    assert _told(csrf, version="1.8.3") == [
        "spec.csrf: Envoy Gateway has this field since 1.9 (install Envoy Gateway 1.9 or later)"
    ]
    assert _told(csrf, version="1.9.1") == []


def test_policies_that_select_the_same_target_conflict() -> None:
    web = route()
    web["metadata"]["labels"] = {"app": "web"}
    selector = {"targetSelectors": [{"kind": "HTTPRoute", "matchLabels": {"app": "web"}}]}
    policies = policy("SecurityPolicy", "a", target("HTTPRoute", "web")), policy("SecurityPolicy", "b", **selector)
    (told,) = _here(gateway(), service(), web, *policies)
    assert "SecurityPolicy chat/a targets HTTPRoute web too" in told
    selector["targetSelectors"][0]["matchLabels"] = {"app": "api"}
    assert _here(gateway(), service(), web, policies[0], policy("SecurityPolicy", "b", **selector)) == []


def test_an_envoy_proxy_that_is_not_there_is_told() -> None:
    ref = {"group": "gateway.envoyproxy.io", "kind": "EnvoyProxy", "name": "proxi"}
    proxy = extension("EnvoyProxy", "proxy")
    (told,) = _here(proxy, gateway(infrastructure={"parametersRef": ref}))
    assert told.startswith("spec.infrastructure.parametersRef.name") and "did you mean proxy?" in told


def test_the_ca_of_a_backend_tls_policy_must_be_there() -> None:
    ca = {"group": "", "kind": "ConfigMap", "name": "ca"}
    tls = policy(
        "BackendTLSPolicy",
        "tls",
        target("Service", "web", "port-80", group=""),
        validation={"caCertificateRefs": [ca], "hostname": _HOST},
    )
    assert len(_here(service(), tls, wire("v1", "ConfigMap", "other"))) == 1
    assert _here(service(), tls, wire("v1", "ConfigMap", "ca", data={"any.crt": ""})) == []
    assert _here(service(), tls) == [], "others make ConfigMaps, too"


def test_a_grant_of_one_kind_of_policy_is_not_one_of_another() -> None:
    login = policy(
        "SecurityPolicy",
        "login",
        target("HTTPRoute", "web"),
        basicAuth={"users": {"name": "users", "namespace": THERE}},
    )
    shop = namespace(THERE), secret("users", {".htpasswd": b""}, namespace=THERE)
    stack = gateway(), service(), route(), login, *shop
    group = "gateway.envoyproxy.io"
    assert len(_here(*stack, grant("HTTPRoute", "Secret"))) == 1
    assert _here(*stack, grant("SecurityPolicy", "Secret", origin=group)) == []


def test_an_exact_path_is_not_shadowed_by_its_prefix() -> None:
    assert _here(gateway(), service(), route(rule(), rule(matches=[path("/", "Exact")]))) == []


def test_a_header_counts_in_any_case_and_any_order() -> None:
    one = {"headers": [{"name": "A", "value": "1"}, {"name": "b", "value": "2"}]}
    two = {"headers": [{"name": "B", "value": "2"}, {"name": "a", "value": "1"}]}
    assert len(_here(gateway(), service(), route(rule(matches=[one]), rule(matches=[two])))) == 1


def test_routes_with_one_rule_for_other_hosts_or_listeners_are_two() -> None:
    two = gateway(listener("http"), listener("more", 8080))
    on_http, on_more = ({"name": "gate", "sectionName": name} for name in ("http", "more"))
    assert _here(two, service(), route(parents=[on_http]), route(parents=[on_more], name="web-2")) == []
    assert _here(two, service(), route(hostnames=["a.com"]), route(hostnames=["b.com"], name="web-2")) == []


def test_a_filter_with_matches_of_its_own_is_no_repetition() -> None:
    ref = {"group": "gateway.envoyproxy.io", "kind": "HTTPRouteFilter", "name": "cookie"}
    narrowed = rule(filters=[{"type": "ExtensionRef", "extensionRef": ref}])
    cookie = extension("HTTPRouteFilter", "cookie", matches=[{"cookies": [{"name": "beta", "value": "1"}]}])
    assert _here(gateway(), service(), cookie, route(rule(), narrowed)) == []


def test_one_of_two_certificates_may_be_for_the_host() -> None:
    https = gateway(tls_listener("https", _HOST, "a", "b"))
    a, b = certificate("a", "shop.example.com"), certificate("b", "*.example.com")
    assert _here(https, a, b) == []
    assert len(_here(https, a, certificate("b", "*.chat.example.com"))) == 1


def test_what_the_crds_refuse_in_one_gateway_is_left_to_them() -> None:
    assert _here(gateway(listener("one"), listener("two"))) == []


def test_a_port_has_one_tcp_listener_on_merged_envoys() -> None:
    database = listener("db", 5432, "TCP")
    merged = [gateway(database, name=name, class_name=MERGED) for name in ("one", "two")]
    (told,) = _here(*CLASSES, *merged)
    assert told.startswith("spec.listeners[0].port = 5432: listener db of Gateway chat/one has TCP")


def test_merged_gateways_may_terminate_and_pass_through_the_same_host() -> None:
    passing = listener("tls", 443, "TLS", hostname=_HOST, tls={"mode": "Passthrough"})
    one = gateway(tls_listener("https", _HOST, "cert"), name="one", class_name=MERGED)
    assert _here(*CLASSES, one, gateway(passing, name="two", class_name=MERGED), certificate("cert", _HOST)) == []


def test_a_host_of_a_listener_on_another_port_is_nobody_elses() -> None:
    ports = gateway(listener("all", 80, hostname="*.example.com"), listener("one", 8080, hostname=_HOST))
    on_all = {"name": "gate", "sectionName": "all"}
    assert _here(ports, service(), route(parents=[on_all], hostnames=[_HOST])) == []


@pytest.mark.parametrize(
    ("endpoint", "field"),
    [
        ({"fqdn": {"hostname": "localhost", "port": 80}}, "spec.endpoints[0].fqdn.hostname"),
        ({"fqdn": {"hostname": "192.0.2.1", "port": 80}}, "spec.endpoints[0].fqdn.hostname"),
        ({"ip": {"address": "127.0.0.1", "port": 80}}, "spec.endpoints[0].ip.address"),
        ({"ip": {"address": "::1", "port": 80}}, "spec.endpoints[0].ip.address"),
        ({"ip": {"address": "192.0.2.1", "port": 80}}, ""),
        ({"fqdn": {"hostname": "web.chat", "port": 80}}, ""),
        ({"fqdn": {"hostname": UNKNOWN, "port": 80}}, ""),
    ],
    ids=str,
)
def test_a_backend_is_at_an_address_that_envoy_gateway_takes(endpoint: Wire, field: str) -> None:
    told = _told(namespace(), config("{enableBackend: true}"), extension("Backend", "far", endpoints=[endpoint]))
    assert [each.partition(" = ")[0].rpartition(": ")[2] for each in told] == ([field] if field else [])


_TO_FAR = backend("far", None, group="gateway.envoyproxy.io", kind="Backend")
_ENABLED = config("{enableBackend: true}")


def test_a_backend_that_resolves_each_host_is_a_rules_only_one() -> None:
    resolver = extension("Backend", "far", type="DynamicResolver")
    assert _here(gateway(), _ENABLED, resolver, route(rule(_TO_FAR))) == []
    assert _here(gateway(), _ENABLED, resolver, service(), route(rule(_TO_FAR, backend()))) == [
        'spec.rules[0].backendRefs[0] = "far": Backend chat/far resolves the host of each request, so it cannot be one '
        "of several backends (give it a rule of its own)"
    ]


@pytest.mark.parametrize(("mode", "mistakes_told"), [("Passthrough", 0), ("Terminate", 1)])
def test_a_backend_that_resolves_each_name_wants_the_handshake(mode: str, mistakes_told: int) -> None:
    tls = {"mode": mode} | ({"certificateRefs": [{"name": "cert"}]} if mode == "Terminate" else {})
    on_tls = gateway(listener("tls", 443, "TLS", hostname=_HOST, tls=tls))
    resolver = extension("Backend", "far", type="DynamicResolver")
    to_it = route(rule(_TO_FAR), kind="TLSRoute", hostnames=[_HOST])
    assert len(_here(on_tls, certificate("cert", _HOST), _ENABLED, resolver, to_it)) == mistakes_told


def test_a_socket_is_no_backend_of_a_route() -> None:
    socket = extension("Backend", "far", endpoints=[{"unix": {"path": "/run/app.sock"}}])
    assert _here(gateway(), _ENABLED, socket, route(rule(_TO_FAR))) == [
        'spec.rules[0].backendRefs[0] = "far": Backend chat/far is a socket of Unix '
        "(only a policy's extension is reached at one: give it an ip or fqdn endpoint)"
    ]


def test_a_policy_names_the_port_of_a_backend_by_its_number() -> None:
    far = extension("Backend", "far", endpoints=[{"fqdn": {"hostname": "shop.example.com", "port": 8443}}])
    validation = {"hostname": "shop.example.com", "wellKnownCACertificates": "System"}
    for section, told in (("8443", []), ("443", ["did you mean 8443?"])):
        to_port = target("Backend", "far", section, group="gateway.envoyproxy.io")
        found = _here(gateway(), _ENABLED, far, policy("BackendTLSPolicy", "tls", to_port, validation=validation))
        assert [each[each.rindex("(") + 1 : -1] for each in found] == told


def test_another_kind_of_filter_may_come_with_an_extension_server() -> None:
    ref = target("Filter", "own", group="example.com")
    extended = route(rule(filters=[{"type": "ExtensionRef", "extensionRef": ref}]))
    brought = config("{}\nextensionManager: {resources: [{group: example.com, version: v1, kind: Filter}]}")
    assert _here(gateway(), service(), extended, brought) == []
    assert len(_here(gateway(), service(), extended, config())) == 1
    assert _here(gateway(), service(), extended) == [], "a configuration that is not ours may name it"


def test_where_gateways_are_merged_their_class_is_patched() -> None:
    def patch(kind: str, name: str) -> Wire:
        return extension("EnvoyPatchPolicy", "patch", type="JSONPatch", targetRef=target(kind, name))

    stack = *CLASSES, config("{enableEnvoyPatchPolicy: true}"), gateway(class_name=MERGED)
    assert _here(*stack, patch("GatewayClass", MERGED)) == []
    assert _here(*stack, patch("Gateway", "gate")) == [
        f'spec.targetRef.kind = "Gateway": GatewayClass {MERGED} merges its Gateways, so their Envoys are patched '
        f"together (target GatewayClass {MERGED})"
    ]
    assert len(_here(*stack, patch("HTTPRoute", "web"), route(), service())) == 1


@pytest.mark.parametrize(
    ("limit", "well"),
    [
        *((each, True) for each in (0, "4294967295", "4294967.295k", "4G", "1e3", "3Gi", "1.5Ki")),
        *((each, False) for each in (-1, "4294967296", "5G", "4Gi", "1.5", "500m", "1K", "1Kib")),
    ],
)
def test_a_buffer_has_whole_bytes_in_any_notation_of_kubernetes(limit: Any, well: bool) -> None:
    clients = policy("ClientTrafficPolicy", "clients", target("Gateway", "gate"), connection={"bufferLimit": limit})
    assert bool(_here(gateway(), clients)) != well


def test_the_words_for_a_limit_have_the_one_that_would_do() -> None:
    hashed = {"type": "ConsistentHash", "consistentHash": {"type": "SourceIP", "tableSize": 1000}}
    table = policy("BackendTrafficPolicy", "table", target("Gateway", "gate"), loadBalancer=hashed)
    assert _here(gateway(), table) == [
        "spec.loadBalancer.consistentHash.tableSize = 1000: must be a prime number (the next one is 1009)"
    ]
    trickle = {"response": {"limit": {"value": "1Ki", "unit": "Minute"}}}
    slow = policy("BackendTrafficPolicy", "slow", target("Gateway", "gate"), bandwidthLimit=trickle)
    assert "the least that Envoy can hold back: 61440 in a minute" in _here(gateway(), slow)[0]


def test_a_host_that_is_taken_from_the_path_is_not_resolved() -> None:
    resolver = extension("Backend", "far", type="DynamicResolver")
    by_path = {"type": "PathRegex", "pathRegex": {"pattern": "^/([^/]+)", "substitution": "\\1"}}
    chosen = extension("HTTPRouteFilter", "chosen", urlRewrite={"hostname": by_path})
    ref = {"group": "gateway.envoyproxy.io", "kind": "HTTPRouteFilter", "name": "chosen"}
    taken = route(rule(_TO_FAR, filters=[{"type": "ExtensionRef", "extensionRef": ref}]))
    assert [each.partition(":")[0] for each in _here(gateway(), _ENABLED, resolver, chosen, taken)] == [
        "spec.rules[0].filters[0]"
    ]


def test_a_secret_that_says_where_a_certificate_is_may_be_in_the_place_of_one() -> None:
    elsewhere = secret("cert", {"url": b"x"}, kind="gateway.envoyproxy.io/sds")
    assert _here(gateway(tls_listener("https", _HOST, "cert")), elsewhere) == []
    tls = policy(
        "BackendTLSPolicy",
        "tls",
        target("Service", "web", group=""),
        validation={"hostname": _HOST, "caCertificateRefs": [{"group": "", "kind": "Secret", "name": "cert"}]},
    )
    assert _here(service(), tls, secret("cert", {"url": b"x", "name": b"y"}, kind="gateway.envoyproxy.io/sds")) == []


def test_a_config_map_may_be_left_for_others_to_fill() -> None:
    tls = policy(
        "BackendTLSPolicy",
        "tls",
        target("Service", "web", group=""),
        validation={"hostname": _HOST, "caCertificateRefs": [{"group": "", "kind": "ConfigMap", "name": "ca"}]},
    )
    assert _here(service(), tls, wire("v1", "ConfigMap", "ca")) == []


def test_a_reference_of_another_kind_is_passed_over_beside_one_that_has_authorities() -> None:
    def told(*kinds: str) -> list[str]:
        refs = [{"group": "", "kind": kind, "name": "ca"} for kind in kinds]
        spec = {"hostname": _HOST, "caCertificateRefs": refs}
        tls = policy("BackendTLSPolicy", "tls", target("Service", "web", group=""), validation=spec)
        return _here(service(), tls, wire("v1", "ConfigMap", "ca", data={"ca.crt": ""}))

    assert told("Pod", "ConfigMap") == []
    assert len(told("Pod")) == 1


def test_by_its_annotation_cert_manager_issues_for_listeners_of_a_host_alone() -> None:
    def annotated(*listeners: Wire) -> Wire:
        made = gateway(*listeners)
        return made | {"metadata": made["metadata"] | {"annotations": {"cert-manager.io/issuer": "ours"}}}

    assert _here(annotated(tls_listener("https", None, "cert")), certificate("cert", _HOST)) == []
    assert len(_here(annotated(tls_listener("https", _HOST, "cert")), certificate("cert", _HOST))) == 1


def test_a_wildcard_of_a_listener_wants_a_certificate_for_what_its_routes_serve() -> None:
    wild, own = gateway(tls_listener("https", "*.example.com", "cert")), certificate("cert", _HOST)
    assert _here(wild, own, service(), route(hostnames=[_HOST])) == []
    assert len(_here(wild, own, service(), route())) == 1


def test_the_controllers_configuration_may_merge_all_gateways_and_know_places() -> None:
    database = {"provider": {"type": "MaxMind", "maxMind": {"countryDbSource": {"local": {"path": "/c.mmdb"}}}}}
    known = config(f"{{}}\nenvoyProxy: {{mergeGateways: true, geoIP: {database}}}")
    merged = [gateway(listener("raw", 9000, "TCP"), name=name) for name in ("one", "two")]
    plain = [each for each in CLASSES if each["metadata"]["name"] == CLASS]
    assert len(_here(*plain, known, *merged)) == 1
    assert _here(*plain, config(), *merged) == []


@pytest.mark.parametrize("principal", [{"headers": [{"name": "x", "values": ["y"]}]}, {"jwt": {"provider": "p"}}])
def test_of_a_stream_only_the_address_is_authorized(principal: Wire) -> None:
    authorization = {"defaultAction": "Deny", "rules": [{"action": "Allow", "principal": principal}]}
    rules = policy("SecurityPolicy", "rules", target("TCPRoute", "web"), authorization=authorization)
    on_tcp = gateway(listener("tcp", 9000, "TCP")), service(), route(kind="TCPRoute")
    assert [each.partition(":")[0] for each in _here(*on_tcp, rules)] == [
        f"spec.authorization.rules[0].principal.{next(iter(principal))}"
    ]
