"""Configured: what a stack's config declares beside the chat."""

import json
from dataclasses import replace
from typing import Any

import pytest

import config
from components import Configured, ConfiguredArgs, Route, RouteArgs
from components.apps.workload import Backend
from components.gateway.routes import canary, to
from tests.unit import parts
from tests.unit.recording import Recording, Secret, record

SERVICE = {"namespace": "chat", "port": 80}


def build(*, elsewhere: bool = False, preview: bool = False, **sections: Any) -> Recording:
    """A stack with these keys in its config. With `elsewhere`, its workloads are in another namespace."""
    values = {f"synergychat:{key}": json.dumps(value) for key, value in sections.items()}
    settings = config.parse("synergychat", {"synergychat:context": "a-context", **values})

    def program() -> None:
        cluster = parts.on_cluster()
        gateway = parts.gateway(cluster, settings.gateway)
        chat = parts.chat(cluster, secrets=settings.secrets)
        away = {name: _moved(backend) for name, backend in chat.backends.items()}
        web = Route("web", RouteArgs.of_host(settings.web, gateway, chat.web, parts.TIMEOUT_S), cluster)
        Configured(
            "configured",
            ConfiguredArgs(
                settings=settings,
                gateway=gateway,
                secrets=chat.secrets,
                backends=away if elsewhere else chat.backends,
                routes={settings.web.route_name: web},
            ),
            cluster,
        )

    return record(program, preview=preview)


def _moved(backend: Backend) -> Backend:
    return replace(backend, namespace="elsewhere")


def rules(recording: Recording, route: str) -> Any:
    return recording[f"{route}-route"].inputs["spec"]["rules"]


# Routes


def test_a_route_with_a_backend_sends_all_requests_to_its_service(preview: bool) -> None:
    recording = build(preview=preview, routes={"a": {"hostnames": ["a.internal"], "backend": "web"}})
    assert rules(recording, "a") == [{"backendRefs": [{"name": "web-service", **SERVICE}]}]
    assert recording.waits_for("a-route", "c-web-service")
    assert recording.waits_for("a-route", "gw-gateway")


@pytest.mark.parametrize(("percent", "weights"), [(0, [100, 0]), (30, [70, 30]), (100, [0, 100])])
def test_the_weights_of_a_canary_are_its_percent_and_the_rest(percent: int, weights: list[int]) -> None:
    route = {"hostnames": ["a.internal"], "canary": {"stable": "web", "next": "api", "percent": percent}}
    (rule,) = rules(build(routes={"a": route}), "a")
    assert [each["name"] for each in rule["backendRefs"]] == ["web-service", "api-service"]
    assert [each["weight"] for each in rule["backendRefs"]] == weights


def test_a_maintenance_page_is_a_filter_that_is_there_before_its_route() -> None:
    recording = build(routes={"a": {"hostnames": ["a.internal"], "maintenance": "later"}})
    answer = recording["maintenance-a"].inputs
    assert answer["spec"]["directResponse"]["statusCode"] == 503
    assert answer["spec"]["directResponse"]["body"] == {"type": "Inline", "inline": "later"}
    (rule,) = rules(recording, "a")
    assert rule["filters"][0]["extensionRef"]["name"] == answer["metadata"]["name"]
    assert answer["metadata"]["namespace"] == recording["a-route"].inputs["metadata"]["namespace"]
    assert recording.waits_for("a-route", "maintenance-a")


def test_a_workload_is_named_wherever_a_backend_is_and_keeps_what_stands_beside_it() -> None:
    given = [
        {
            "filters": [{"type": "RequestMirror", "requestMirror": {"backendRef": {"workload": "api"}}}],
            "backendRefs": [{"workload": "web", "weight": 9}, {"name": "mine", "port": 8080}],
        }
    ]
    recording = build(routes={"a": {"rules": given}})
    (rule,) = rules(recording, "a")
    assert rule["filters"][0]["requestMirror"]["backendRef"] == {"name": "api-service", **SERVICE}
    assert rule["backendRefs"] == [{"name": "web-service", **SERVICE, "weight": 9}, {"name": "mine", "port": 8080}]
    assert recording.waits_for("a-route", "c-web-service")
    assert recording.waits_for("a-route", "c-api-service")


def test_workloads_of_the_gateways_namespace_need_no_grant() -> None:
    assert build(routes={"a": {"backend": "web"}}).of_kind("ReferenceGrant") == []


def test_a_workload_of_another_namespace_lets_the_route_in_first() -> None:
    recording = build(elsewhere=True, routes={"a": {"kind": "TCPRoute", "listeners": ["tcp"], "backend": "web"}})
    (grant,) = recording.of_kind("ReferenceGrant")
    assert grant.inputs["metadata"]["namespace"] == "elsewhere"
    assert grant.inputs["spec"] == {
        "from": [{"group": "gateway.networking.k8s.io", "kind": "TCPRoute", "namespace": "chat"}],
        "to": [{"group": "", "kind": "Service", "name": "web-service"}],
    }
    assert recording.waits_for("a-route", grant.name)


LISTENERS = [
    {"name": "https", "protocol": "HTTPS", "port": 443, "selfSigned": True},
    {"name": "shop", "protocol": "HTTPS", "port": 443, "hostname": "shop.internal", "selfSigned": True},
    {"name": "wide", "protocol": "HTTPS", "port": 8443, "hostname": "*.shop.internal", "selfSigned": True},
    {"name": "tcp", "protocol": "TCP", "port": 9000},
    {"name": "other", "protocol": "HTTP", "port": 81, "allowedRoutes": {"namespaces": {"from": "Selector"}}},
]


@pytest.mark.parametrize(
    ("route", "listeners"),
    [
        ({"backend": "web"}, ["https", "shop", "wide", "http"]),
        ({"hostnames": ["a.internal"], "backend": "web"}, ["https", "http"]),
        ({"hostnames": ["shop.internal"], "backend": "web"}, ["shop", "http"]),
        ({"hostnames": ["a.shop.internal"], "backend": "web"}, ["https", "wide", "http"]),
        ({"hostnames": ["*.internal"], "backend": "web"}, ["https", "shop", "wide", "http"]),
        ({"hostnames": ["a.internal"], "listeners": ["shop"], "backend": "web"}, ["shop"]),
        ({"kind": "TCPRoute", "backend": "web"}, ["tcp"]),
    ],
    ids=str,
)
def test_a_route_is_for_all_listeners_that_can_serve_it_unless_it_says_which(
    route: dict[str, Any], listeners: list[str]
) -> None:
    recording = build(gateway={"listeners": LISTENERS}, routes={"a": route})
    parents = recording["a-route"].inputs["spec"]["parentRefs"]
    assert [parent["sectionName"] for parent in parents] == listeners


@pytest.mark.parametrize("hostnames", [5, "a.internal", [5], None], ids=str)
def test_host_names_that_are_none_are_left_to_the_checks(hostnames: Any) -> None:
    assert build(routes={"a": {"hostnames": hostnames, "backend": "web"}}).exit_code is None


def test_a_listener_that_only_redirects_serves_no_other_route() -> None:
    recording = build(gateway={"listeners": LISTENERS[:1], "redirectToHttps": True}, routes={"a": {"backend": "web"}})
    assert [parent["sectionName"] for parent in recording["a-route"].inputs["spec"]["parentRefs"]] == ["https"]
    assert [parent["sectionName"] for parent in recording["gw-redirect"].inputs["spec"]["parentRefs"]] == ["http"]


def test_a_route_that_no_listener_can_carry_is_for_the_gateway_as_a_whole() -> None:
    recording = build(routes={"a": {"kind": "TCPRoute", "backend": "web"}})
    assert recording["a-route"].inputs["spec"]["parentRefs"] == [{"name": "app-gateway"}]


def test_tls_that_passes_through_carries_no_tcp_route() -> None:
    listener = {"name": "sealed", "protocol": "TLS", "port": 8443, "tls": {"mode": "Passthrough"}}
    recording = build(
        gateway={"listeners": [listener, LISTENERS[3]]}, routes={"a": {"kind": "TCPRoute", "backend": "web"}}
    )
    assert [parent["sectionName"] for parent in recording["a-route"].inputs["spec"]["parentRefs"]] == ["tcp"]


# Further Gateways


def inner(**keys: Any) -> dict[str, Any]:
    return {"gateways": {"inner": keys}, "routes": {"a": {"gateway": "inner", "hostnames": ["a.b"], "backend": "web"}}}


def test_a_further_gateway_is_of_the_class_with_envoys_of_its_own(preview: bool) -> None:
    recording = build(preview=preview, **inner(exposure="ClusterIP"))
    gateway, proxy = recording["gateway-inner-gateway"].inputs, recording["gateway-inner-proxy"].inputs
    assert (gateway["metadata"]["name"], gateway["spec"]["gatewayClassName"]) == ("inner", "app-gatewayclass")
    reference = {"group": "gateway.envoyproxy.io", "kind": "EnvoyProxy", "name": "inner"}
    assert gateway["spec"]["infrastructure"] == {"parametersRef": reference}
    assert (proxy["metadata"]["name"], proxy["metadata"]["namespace"]) == ("inner", gateway["metadata"]["namespace"])
    assert proxy["spec"]["provider"]["kubernetes"]["envoyService"]["type"] == "ClusterIP"
    assert len(recording.of_kind("GatewayClass")) == 1
    assert recording.waits_for("gateway-inner-gateway", "gw-class")
    assert recording.waits_for("gateway-inner-gateway", "gateway-inner-proxy")


def test_a_further_gateway_may_be_of_another_class_and_have_labels_for_its_envoys() -> None:
    recording = build(**inner(className="other", spec={"infrastructure": {"labels": {"team": "inner"}}}))
    spec = recording["gateway-inner-gateway"].inputs["spec"]
    assert spec["gatewayClassName"] == "other"
    assert spec["infrastructure"]["labels"] == {"team": "inner"}
    assert spec["infrastructure"]["parametersRef"]["name"] == "inner"


def test_a_route_is_for_the_gateway_that_it_names_and_comes_after_it() -> None:
    recording = build(**inner(https={"selfSigned": True}, redirectToHttps=True))
    (parent,) = recording["a-route"].inputs["spec"]["parentRefs"]
    assert parent == {"name": "inner", "sectionName": "https"}
    (redirecting,) = recording["gateway-inner-redirect"].inputs["spec"]["parentRefs"]
    assert redirecting == {"name": "inner", "sectionName": "http"}
    assert recording.waits_for("a-route", "gateway-inner-gateway")


def test_a_policy_is_for_the_gateway_that_it_names() -> None:
    policy = {"kind": "ClientTrafficPolicy", "targets": [{"gateway": "inner", "section": "http"}]}
    recording = build(**inner(), policies={"p": policy})
    (target,) = recording["p-policy"].inputs["spec"]["targetRefs"]
    assert (target["name"], target["sectionName"]) == ("inner", "http")
    assert recording.waits_for("p-policy", "gateway-inner-gateway")


def test_a_route_may_have_another_parent_than_the_stacks_gateway() -> None:
    route = {"kind": "TCPRoute", "parentRefs": [{"name": "inner"}], "backend": "web"}
    assert build(routes={"a": route})["a-route"].inputs["spec"]["parentRefs"] == [{"name": "inner"}]


# Policies


def test_a_policy_is_for_the_gateway_for_listeners_and_for_routes_and_rules_by_name(preview: bool) -> None:
    targets = [{}, {"section": "http"}, {"route": "a"}, {"route": "a", "section": "first"}, {"route": "web-httproute"}]
    recording = build(
        preview=preview,
        routes={"a": {"backend": "web"}},
        policies={"p": {"kind": "SecurityPolicy", "targets": targets, "cors": {}}},
    )
    group = "gateway.networking.k8s.io"
    gateway = {"group": group, "kind": "Gateway", "name": "app-gateway"}
    route = {"group": group, "kind": "HTTPRoute", "name": "a"}
    assert recording["p-policy"].inputs["spec"] == {
        "targetRefs": [
            gateway,
            gateway | {"sectionName": "http"},
            route,
            route | {"sectionName": "first"},
            route | {"name": "web-httproute"},
        ],
        "cors": {},
    }
    assert all(recording.waits_for("p-policy", target) for target in ("gw-gateway", "a-route", "web-route"))


def test_a_policy_without_targets_is_for_the_gateway() -> None:
    recording = build(policies={"p": {"kind": "ClientTrafficPolicy", "tls": {}}})
    (target,) = recording["p-policy"].inputs["spec"]["targetRefs"]
    assert target["kind"] == "Gateway"


# Secrets


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        ({"tls.crt": "a", "tls.key": "b"}, "kubernetes.io/tls"),
        ({"tls.crt": "a", "tls.key": "b", "ca.crt": "c"}, "kubernetes.io/tls"),
        ({".dockerconfigjson": '{"auths": {"a": {}}}'}, "kubernetes.io/dockerconfigjson"),
        ({".htpasswd": "a"}, "Opaque"),
    ],
    ids=str,
)
def test_a_secret_is_of_the_type_that_its_keys_make_it(content: dict[str, str], kind: str) -> None:
    secret = build(secrets={"s": content})["secret-s"].inputs
    assert (secret["type"], secret["metadata"]["namespace"], secret["metadata"]["name"]) == (kind, "chat", "s")
    assert secret["stringData"] == Secret(content)


def test_what_names_a_secret_or_an_object_comes_after_it() -> None:
    recording = build(
        secrets={"s": {"a": "b"}},
        objects=[{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "m", "namespace": "chat"}}],
        routes={"a": {"backend": "web"}},
        policies={"p": {"kind": "SecurityPolicy", "cors": {}}},
    )
    for later in ("a-route", "p-policy"):
        assert recording.waits_for(later, "secret-s")
        assert recording.waits_for(later, "object/configmap/chat/m")


# Apps


SHOP = {"image": "registry.example/shop:1"}


def test_an_app_is_a_workload_of_its_own_name_in_the_chats_namespace(preview: bool) -> None:
    recording = build(preview=preview, apps={"shop": SHOP})
    assert recording["shop-deployment"].inputs["metadata"]["name"] == "shop"
    assert recording["shop-service"].inputs["metadata"]["namespace"] == "chat"
    assert recording.of_kind("HTTPRoute") == [recording["web-route"]]


def test_an_app_with_a_host_name_is_behind_the_gateway() -> None:
    recording = build(apps={"shop": SHOP | {"hostname": "shop.internal", "path": "/cart"}})
    route = recording["shop-route"].inputs
    assert route["metadata"]["name"] == "shop"
    assert route["spec"]["hostnames"] == ["shop.internal"]
    (rule,) = route["spec"]["rules"]
    assert rule["matches"] == [{"path": {"type": "PathPrefix", "value": "/cart"}}]
    assert rule["backendRefs"] == [{"name": "shop", **SERVICE}]
    assert recording.waits_for("shop-route", "shop-service")


def test_routes_and_policies_may_name_an_app() -> None:
    recording = build(
        apps={"shop": SHOP | {"hostname": "shop.internal"}},
        routes={"a": {"canary": {"stable": "web", "next": "shop", "percent": 1}}},
        policies={"p": {"kind": "SecurityPolicy", "targets": [{"route": "shop"}], "cors": {}}},
    )
    (rule,) = rules(recording, "a")
    assert [each["name"] for each in rule["backendRefs"]] == ["web-service", "shop"]
    assert recording.waits_for("p-policy", "shop-route")


def test_a_job_of_the_config_runs_in_the_chats_namespace() -> None:
    recording = build(
        apps={"once": SHOP | {"kind": "Job"}, "nightly": SHOP | {"kind": "CronJob", "schedule": "@daily"}}
    )
    assert recording["once-job"].inputs["metadata"]["namespace"] == "chat"
    assert recording["nightly-cronjob"].inputs["spec"]["schedule"] == "@daily"


# Objects


def annotations_of(wire: dict[str, Any]) -> dict[str, str]:
    (made,) = [each for each in build(objects=[wire]) if each.name.startswith("object/")]
    return made.inputs["metadata"]["annotations"]


def named(api_version: str, kind: str, **metadata: Any) -> dict[str, Any]:
    return {"apiVersion": api_version, "kind": kind, "metadata": {"name": "mine", "namespace": "chat", **metadata}}


def test_an_object_is_owned_by_the_stack_and_keeps_what_it_carries() -> None:
    annotations = annotations_of(named("v1", "ConfigMap", annotations={"a": "b"}))
    assert annotations == {"pulumi.com/patchFieldManager": "synergychat", "a": "b"}


def test_objects_are_waited_for_as_the_chats_own_are() -> None:
    assert annotations_of(named("v1", "Service"))["pulumi.com/skipAwait"] == "true"
    assert "updatedReplicas" in annotations_of(named("apps/v1", "Deployment"))["pulumi.com/waitFor"]
    for kind in ("Gateway", "ListenerSet"):
        assert "Programmed" in annotations_of(named("gateway.networking.k8s.io/v1", kind))["pulumi.com/waitFor"]


def test_an_object_does_not_wait_for_the_gateway_that_may_wait_for_it() -> None:
    recording = build(objects=[named("cert-manager.io/v1", "Certificate")])
    assert recording.waits_for("object/certificate/chat/mine", "gw-class")
    assert not recording.waits_for("object/certificate/chat/mine", "gw-gateway")


def test_an_object_may_say_itself_what_it_is_waited_for() -> None:
    own = {"pulumi.com/waitFor": "condition=Mine"}
    for api_version, kind in (("apps/v1", "Deployment"), ("gateway.networking.k8s.io/v1", "Gateway")):
        assert annotations_of(named(api_version, kind, annotations=own)).items() >= own.items()


def test_a_weight_in_code_is_given_with_its_backend() -> None:
    recording = build()
    # No order and no pods here.
    first = Backend(namespace="a", service="one", port=80, pods={}, pod_ports=[], resource=None)  # type: ignore[arg-type]
    second = replace(first, namespace="b", service="two", port=81)
    assert recording.exit_code is None
    assert to(first, (second, 5)) == {
        "backendRefs": [
            {"name": "one", "namespace": "a", "port": 80},
            {"name": "two", "namespace": "b", "port": 81, "weight": 5},
        ]
    }
    assert [each["weight"] for each in canary(first, second, percent=1)["backendRefs"]] == [99, 1]
