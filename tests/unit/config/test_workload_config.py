"""The keys of workloads: what they may be, and which go together."""

import json
from typing import Any

import pytest

from config import AppConfig
from tests.unit.config.test_config import mistakes, parse

SHOP = {"image": "registry.example.com/shop:1"}
SECRETS = {"keys": {"token": "hunter2"}}


def test_a_variable_and_a_file_are_texts_or_come_from_elsewhere() -> None:
    env = {"A": "text", "B": {"secret": "keys", "key": "token"}, "C": {"valueFrom": {"fieldRef": {}}}}
    files = {"/etc/a": "text", "/etc/b": {"secret": "keys", "key": "token"}}
    web = parse(web={"env": env, "files": files}, secrets=SECRETS).web
    assert (web.env["A"].value, web.env["B"].secret, web.env["C"].value_from) == ("text", "keys", {"fieldRef": {}})
    assert (web.files["/etc/a"].value, web.files["/etc/b"].key) == ("text", "token")


@pytest.mark.parametrize(
    ("keys", "line"),
    [
        ({"env": {"A": 5}}, "env.A = 5 must be a text, or `secret` and `key`, or `valueFrom`; quote numbers"),
        ({"env": {"1A": "x"}}, "env.1A = \"x\" is a name that must be the name of a variable: letters, digits, '_', "),
        ({"env": {"A": {"secrt": "keys"}}}, 'env.A.secrt = "keys" is not a key of this program; did you mean secret?'),
        ({"env": {"A": {}}}, "env.A = {} must have one of value, secret, valueFrom"),
        ({"env": {"A": {"secret": "keys"}}}, 'env.A = {"secret": "keys"} must have both of secret and key'),
        ({"env": {"A": {"key": "token", "value": "b"}}}, 'env.A = {"key": "token", "value": "b"} must have both of'),
        ({"env": {"A": {"secret": "keyz", "key": "token"}}}, 'env.A.secret = "keyz" must be one of keys; did you mean'),
        ({"env": {"A": {"secret": "keys", "key": "tokn"}}}, 'env.A.key = "tokn" must be one of token; did you mean'),
        ({"files": {"/a": {"value": "b", "secret": "keys", "key": "token"}}}, "files./a = {"),
        ({"files": {"etc": "x"}}, 'files.etc = "x" is a name that must be a path from the root'),
        ({"files": {"/a/../b": "x"}}, 'files./a/../b = "x" is a name that must be a path from the root'),
        ({"files": {"/a/b": "x", "/a_b": "y"}}, "files./a_b = \"y\" must differ from /a/b in more than '/' and '_'"),
        ({"files": {"/a": {"valueFrom": {}}}}, "files./a.valueFrom = {} is not a key of this program"),
        ({"pullPolicy": "Sometimes"}, 'pullPolicy = "Sometimes" must be Always, IfNotPresent or Never'),
        ({"port": 0}, "port = 0 must be a whole number from 1 to 65535"),
        ({"health": "ready"}, 'health = "ready" must be a path that starts with /'),
        ({"health": "/", "probes": {"grpc": {}}}, 'probes = {"grpc": {}} does not go together with health'),
        ({"replicas": 2, "scale": {"min": 1, "max": 2}}, "replicas = 2 does not go together with scale, which sets"),
        ({"scale": {"min": 3, "max": 2}}, "scale.max = 2 must not be less than min"),
        ({"scale": {"min": 0, "max": 2}}, "scale.min = 0 must be a whole number from 1 to 100"),
        ({"scale": {"min": 1}}, "scale.max is required, and has no default"),
        ({"persistence": {"size": "big"}}, "persistence.size = \"big\" must be a quantity in quotes, such as '1Gi'"),
        ({"persistence": {"size": "1Gi"}, "replicas": 2}, "replicas = 2 must be 1 with persistence: one pod writes to"),
        (
            {"persistence": {"size": "1Gi"}, "scale": {"min": 1, "max": 2}},
            'scale = {"min": 1, "max": 2} does not go together with persistence: one pod writes to a volume',
        ),
        ({"container": {"image": "x"}}, 'container.image = "x" is what {place}.image says'),
        ({"container": {"name": "x"}}, 'container.name = "x" is what the program names it'),
        ({"calls": ["crawlr"]}, 'calls[0] = "crawlr" must be one of web, api, crawler'),
        ({"pod": {"containers": [{"name": "app"}]}}, 'pod.containers[0] = {"name": "app"} is what container says'),
    ],
    ids=str,
)
@pytest.mark.parametrize("place", ["web", "apps.shop"])
def test_what_a_workload_cannot_be_is_refused(keys: dict[str, Any], line: str, place: str) -> None:
    sections = {"web": keys} if place == "web" else {"apps": {"shop": SHOP | keys}}
    (found,) = mistakes(**sections, secrets=SECRETS)
    assert found.startswith(f"synergychat:{place}.{line.replace('{place}', place)}")


@pytest.mark.parametrize(
    ("app", "line"),
    [
        ({"kind": "Job", "port": 1}, "port = 1 does not go with kind Job"),
        ({"kind": "CronJob", "schedule": "@daily", "replicas": 2}, "replicas = 2 does not go with kind CronJob"),
        ({"kind": "CronJob"}, "schedule is required with kind CronJob, such as '0 3 * * *'"),
        ({"schedule": "0 3 * * *"}, 'schedule = "0 3 * * *" goes only with kind CronJob'),
        ({"kind": "CronJob", "schedule": "nightly"}, 'schedule = "nightly" must be minute, hour, day, month and'),
        ({"kind": "Deploymnt"}, 'kind = "Deploymnt" must be Deployment, Job or CronJob'),
        ({"port": None, "ports": [{"port": 1}]}, 'ports = [{"port": 1}] needs a port'),
        ({"kind": "Job", "ports": [{"port": 1}]}, 'ports = [{"port": 1}] does not go with kind Job'),
        ({"job": {"backoffLimit": 0}}, 'job = {"backoffLimit": 0} goes only with kind Job or CronJob'),
        ({"kind": "Job", "job": {"template": {}}}, "job.template = {} is what pod and container say"),
        ({"port": None, "hostname": "shop.internal"}, 'hostname = "shop.internal" needs a port'),
        ({"hostname": "synchat.internal"}, 'hostname = "synchat.internal" must differ from web.hostname, or its path'),
        ({"serviceName": "web-service"}, 'serviceName = "web-service" must differ from web.serviceName (web-service)'),
        ({"path": "cart"}, 'path = "cart" must be a path that starts with /'),
    ],
    ids=str,
)
def test_what_an_app_cannot_be_is_refused(app: dict[str, Any], line: str) -> None:
    (found,) = mistakes(apps={"shop": SHOP | app})
    assert found.startswith(f"synergychat:apps.shop.{line}")


def test_an_app_needs_an_image() -> None:
    assert mistakes(apps={"shop": {}}) == ["synergychat:apps.shop.image is required, and has no default"]


@pytest.mark.parametrize("name", ["web", "api", "crawler"])
def test_an_app_is_not_named_as_the_chats_own_are(name: str) -> None:
    (line,) = mistakes(apps={name: SHOP})
    assert line.startswith(f"synergychat:apps.{name} = ")
    assert line.endswith("must have another name than the chat's own workloads")


def test_settings_made_in_python_have_names_as_python_has_them() -> None:
    made = AppConfig(image=SHOP["image"], app_protocol="kubernetes.io/h2c", pull_secrets=("registry",))
    assert made == AppConfig.model_validate_json(
        json.dumps(SHOP | {"appProtocol": "kubernetes.io/h2c", "pullSecrets": ["registry"]})
    )


def test_two_apps_share_a_host_name_by_their_paths_only() -> None:
    one = SHOP | {"hostname": "shop.internal"}
    assert parse(apps={"shop": one, "cart": one | {"path": "/cart"}}).hostnames_of("app-gateway")[2:] == (
        "shop.internal",
    )
    (line,) = mistakes(apps={"shop": one, "cart": one})
    assert (
        line == 'synergychat:apps.cart.hostname = "shop.internal" must differ from apps.shop.hostname, or its path must'
    )


def test_an_app_may_be_named_wherever_a_workload_is() -> None:
    parse(
        apps={"shop": SHOP},
        routes={
            "a": {"backend": "shop"},
            "b": {"canary": {"stable": "web", "next": "shop", "percent": 1}},
            "c": {"rules": [{"backendRefs": [{"workload": "shop"}]}]},
        },
    )


@pytest.mark.parametrize("app", [SHOP | {"kind": "Job"}, SHOP | {"port": None}], ids=str)
def test_what_answers_no_requests_is_no_backend(app: dict[str, Any]) -> None:
    (line,) = mistakes(apps={"shop": app}, routes={"a": {"backend": "shop"}})
    assert line == 'synergychat:routes.a.backend = "shop" must be one of web, api, crawler'


def test_a_policy_may_be_for_the_route_of_an_app_that_has_one() -> None:
    policy = {"kind": "SecurityPolicy", "targets": [{"route": "shop"}]}
    parse(apps={"shop": SHOP | {"hostname": "shop.internal"}}, policies={"p": policy})
    (line,) = mistakes(apps={"shop": SHOP}, policies={"p": policy})
    assert line.startswith('synergychat:policies.p.targets[0].route = "shop" must be one of')


def test_a_route_is_not_named_as_that_of_an_app() -> None:
    app = SHOP | {"hostname": "shop.internal"}
    (line,) = mistakes(apps={"shop": app}, routes={"shop": {"backend": "web"}})
    assert line.endswith("must have another name than the route of apps.shop")


def test_the_urls_and_the_versions_of_a_stack_have_its_apps() -> None:
    config = parse(apps={"cart": SHOP | {"hostname": "shop.internal", "path": "/cart"}, "job": SHOP | {"kind": "Job"}})
    assert config.urls["cart"] == "http://shop.internal/cart"
    assert "job" not in config.urls
    assert config.versions["cart"] == config.versions["job"] == SHOP["image"]


def test_secrets_are_told_of_by_name_only() -> None:
    lines = mistakes(web={"env": {"A": {"secret": "keys", "key": "tokn"}}}, secrets=SECRETS)
    assert "hunter2" not in "".join(lines)


def test_a_workload_may_call_an_app_that_answers_requests_and_no_other() -> None:
    parse(apps={"shop": SHOP, "stock": SHOP | {"calls": ["shop"]}}, web={"calls": ["shop"]})
    (line,) = mistakes(apps={"nightly": SHOP | {"kind": "CronJob", "schedule": "@daily"}}, api={"calls": ["nightly"]})
    assert line == 'synergychat:api.calls[0] = "nightly" must be one of web, api, crawler'
