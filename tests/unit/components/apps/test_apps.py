"""Apps: the extra apps of a stack."""

from typing import Any

from tests.unit import small_stack

SHOP = {"image": "registry.example/shop:1"}


def test_an_app_runs_in_the_chats_namespace_and_without_a_host_name_has_no_route(preview: bool) -> None:
    recording = small_stack.build(preview=preview, apps={"shop": SHOP})
    assert recording["shop-deployment"].inputs["metadata"]["name"] == "shop"
    assert recording["shop-service"].inputs["metadata"]["namespace"] == small_stack.NAMESPACE
    assert {route.name for route in recording.of_kind("HTTPRoute")} == {"web-route", "api-route"}


def test_an_app_with_a_host_name_is_behind_the_gateway() -> None:
    recording = small_stack.build(apps={"shop": SHOP | {"hostname": "shop.internal", "path": "/cart"}})
    route = recording["shop-route"].inputs
    assert route["metadata"]["name"] == "shop"
    assert route["spec"]["hostnames"] == ["shop.internal"]
    (rule,) = route["spec"]["rules"]
    assert rule["matches"] == [{"path": {"type": "PathPrefix", "value": "/cart"}}]
    assert rule["backendRefs"] == [{"name": "shop", "namespace": small_stack.NAMESPACE, "port": 80}]
    assert recording.waits_for("shop-route", "shop-service")


def test_routes_and_policies_may_name_an_app() -> None:
    routes: dict[str, Any] = {"a": {"canary": {"stable": "web", "next": "shop", "percent": 1}}}
    policies = {"p": {"kind": "SecurityPolicy", "targets": [{"route": "shop"}], "cors": {}}}
    recording = small_stack.build(apps={"shop": SHOP | {"hostname": "shop.internal"}}, routes=routes, policies=policies)
    (rule,) = recording["route-a-route"].inputs["spec"]["rules"]
    assert [ref["name"] for ref in rule["backendRefs"]] == ["web-service", "shop"]
    assert recording.waits_for("policy-p-policy", "shop-route")


def test_a_job_runs_in_the_chats_namespace() -> None:
    nightly = SHOP | {"kind": "CronJob", "schedule": "@daily"}
    recording = small_stack.build(apps={"once": SHOP | {"kind": "Job"}, "nightly": nightly})
    assert recording["once-job"].inputs["metadata"]["namespace"] == small_stack.NAMESPACE
    assert recording["nightly-cronjob"].inputs["spec"]["schedule"] == "@daily"
