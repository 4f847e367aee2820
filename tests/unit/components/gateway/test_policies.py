"""Policies: how Envoy treats the traffic of a Gateway, a listener, a route or a rule."""

from tests.unit import small_stack


def test_a_policy_targets_gateways_listeners_routes_and_rules_by_name(preview: bool) -> None:
    targets = [{}, {"section": "http"}, {"route": "a"}, {"route": "a", "section": "first"}, {"route": "web-httproute"}]
    recording = small_stack.build(
        preview=preview,
        routes={"a": {"backend": "web"}},
        policies={"p": {"kind": "SecurityPolicy", "targets": targets, "cors": {}}},
    )
    group = "gateway.networking.k8s.io"
    gateway = {"group": group, "kind": "Gateway", "name": "app-gateway"}
    route = {"group": group, "kind": "HTTPRoute", "name": "a"}
    assert recording["policy-p-policy"].inputs["spec"] == {
        "targetRefs": [
            gateway,
            gateway | {"sectionName": "http"},
            route,
            route | {"sectionName": "first"},
            route | {"name": "web-httproute"},
        ],
        "cors": {},
    }
    assert all(
        recording.waits_for("policy-p-policy", target) for target in ("gateway-gateway", "route-a-route", "web-route")
    )


def test_a_policy_without_targets_targets_the_gateway() -> None:
    recording = small_stack.build(policies={"p": {"kind": "ClientTrafficPolicy", "tls": {}}})
    (target,) = recording["policy-p-policy"].inputs["spec"]["targetRefs"]
    assert (target["kind"], target["name"]) == ("Gateway", "app-gateway")


def test_a_policy_targets_the_gateway_that_it_names() -> None:
    policy = {"kind": "ClientTrafficPolicy", "targets": [{"gateway": "inner", "section": "http"}]}
    recording = small_stack.build(gateways={"inner": {}}, policies={"p": policy})
    (target,) = recording["policy-p-policy"].inputs["spec"]["targetRefs"]
    assert (target["name"], target["sectionName"]) == ("inner", "http")
    assert recording.waits_for("policy-p-policy", "gateway-inner-gateway")


def test_the_name_of_a_workload_becomes_its_service() -> None:
    authorization = {"http": {"backendRefs": [{"workload": "api"}]}}
    recording = small_stack.build(policies={"p": {"kind": "SecurityPolicy", "extAuth": authorization}})
    assert recording["policy-p-policy"].inputs["spec"]["extAuth"]["http"]["backendRefs"] == [
        {"name": "api-service", "namespace": small_stack.NAMESPACE, "port": 80}
    ]
    assert recording.waits_for("policy-p-policy", "synergychat-api-service")


def test_a_policy_comes_after_the_secrets_and_objects_of_the_stack() -> None:
    config_map = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "m", "namespace": small_stack.NAMESPACE},
    }
    policy = {"kind": "SecurityPolicy", "cors": {}}
    recording = small_stack.build(secrets={"s": {"a": "b"}}, objects=[config_map], policies={"p": policy})
    assert recording.waits_for("policy-p-policy", "secret-s")
    assert recording.waits_for("policy-p-policy", f"object/configmap/{small_stack.NAMESPACE}/m")
