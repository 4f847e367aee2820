"""Rules that depend on the configuration of Envoy Gateway and on its release."""

from typing import Any

import pytest

from gatewayapi.kinds import GATEWAY_API
from kube.manifest import Manifest
from tests.cases.builders import (
    CLASS,
    SHOP,
    config,
    extension,
    gateway,
    listener,
    manifest,
    policy,
    route,
    rule,
    service,
    target,
)
from tests.cases.case import classes
from tests.unit.checks.rules.found import found, found_in_chat, only_problem

LUA = policy("EnvoyExtensionPolicy", "script", lua=[{"type": "Inline"}])


@pytest.mark.parametrize(
    "apis",
    [
        "{enableBackend: true, enableEnvoyPatchPolicy: true, enableLua: true}",
        "{enableBackend: true, enableEnvoyPatchPolicy: true, disableLua: false}",
        None,
    ],
)
def test_the_configuration_enables_extensions(apis: str | None) -> None:
    objects = [extension("Backend", "far"), extension("EnvoyPatchPolicy", "patch"), LUA]
    assert found(config("{}"), *objects) == [
        ("extension-not-enabled", "Backend far", "kind"),
        ("extension-not-enabled", "EnvoyPatchPolicy patch", "kind"),
        ("extension-not-enabled", "EnvoyExtensionPolicy script", "spec.lua"),
    ]
    # The configuration may be another stack's.
    own = [] if apis is None else [config(apis)]
    assert found(*own, *objects) == []


def test_lua_is_enabled_by_default_before_1_9() -> None:
    assert found(config(), LUA, version="1.8.3") == []


def test_a_global_rate_limit_needs_a_backend_in_the_configuration() -> None:
    limits: Manifest = {"global": {"rules": []}, "local": {"rules": []}}
    shared = policy("BackendTrafficPolicy", "shared", rateLimit=limits)
    own = policy("BackendTrafficPolicy", "own", rateLimit=limits | {"type": "Local"})
    assert found(config(), shared, own) == [
        ("rate-limit-backend-missing", "BackendTrafficPolicy shared", "spec.rateLimit.global")
    ]
    assert found(config("{}\nrateLimit: {backend: {type: Redis}}"), shared, own) == []
    assert found(shared, own) == [], "the configuration may be another stack's"


def test_an_extension_server_may_bring_a_kind_of_filter() -> None:
    ref = target("Filter", "own", group="example.com")
    extended = route(rule(filters=[{"type": "ExtensionRef", "extensionRef": ref}]))
    brought = config("{}\nextensionManager: {resources: [{group: example.com, version: v1, kind: Filter}]}")
    assert found_in_chat(gateway(), service(), extended, brought) == []
    assert found_in_chat(gateway(), service(), extended, config()) == [
        ("filter-kind-unknown", "HTTPRoute web", "spec.rules[0].filters[0].extensionRef.kind")
    ]
    assert found_in_chat(gateway(), service(), extended) == [], "the configuration may be another stack's"


def test_the_configuration_may_merge_all_gateways() -> None:
    database = {"provider": {"type": "MaxMind", "maxMind": {"countryDbSource": {"local": {"path": "/c.mmdb"}}}}}
    merging = config(f"{{}}\nenvoyProxy: {{mergeGateways: true, geoIP: {database}}}")
    gateways = [gateway(listener("raw", 9000, "TCP"), name=name) for name in ("one", "two")]
    plain = [made for made in classes() if made["metadata"]["name"] == CLASS]
    assert found_in_chat(*plain, merging, *gateways) == [
        ("listener-port-conflict", "Gateway two", "spec.listeners[0].port")
    ]
    assert found_in_chat(*plain, config(), *gateways) == []


@pytest.mark.parametrize(
    ("kind", "version", "code", "fix"),
    [
        ("TLSRoute", "1.7.0", "version-too-new", f"write {GATEWAY_API}/v1alpha2"),
        ("TCPRoute", "1.8.3", "version-too-new", f"write {GATEWAY_API}/v1alpha2"),
        ("ListenerSet", "1.5.1", "kind-too-new", "install Envoy Gateway 1.8"),
        ("ReferenceGrant", "1.5.1", "version-too-new", f"write {GATEWAY_API}/v1beta1"),
    ],
)
def test_an_older_release_does_not_have_the_version_of_a_kind(kind: str, version: str, code: str, fix: str) -> None:
    newer = manifest(kind, "new", spec={"parentRef": {"name": "gate", "namespace": SHOP}})
    problem = only_problem(newer, version=version)
    assert (problem.code, problem.field, problem.fix) == (code, "apiVersion", fix)
    assert found(newer, version="1.9.1") == []


def test_an_older_release_does_not_have_a_field() -> None:
    csrf: Any = policy("SecurityPolicy", "forms", target("HTTPRoute", "web"), csrf={})
    assert found(csrf, version="1.8.3") == [("field-too-new", "SecurityPolicy forms", "spec.csrf")]
    assert found(csrf, version="1.9.1") == []
