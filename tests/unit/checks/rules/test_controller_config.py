"""The configuration of Envoy Gateway, which silently ignores fields that it does not know."""

from typing import Any

import pytest
import yaml

from checks.rules.controller_config import wrong_config
from checks.schema import Crds
from diagnostics import Problem
from releases import Release
from tests.cases.builders import SYSTEM, manifest

NEWEST = (1, 9)


def found(crds: Crds, release: Release = NEWEST, **fields: Any) -> list[Problem]:
    config = {"gateway": {"controllerName": "example.com/it"}, "provider": {"type": "Kubernetes"}} | fields
    data = {"envoy-gateway.yaml": yaml.safe_dump(config)}
    return list(wrong_config(manifest("ConfigMap", "envoy-gateway-config", namespace=SYSTEM, data=data), crds, release))


GOOD: dict[str, dict[str, Any]] = {
    "nothing": {},
    "levels": {"logging": {"level": {"default": "warn", "xds-translator": "debug"}, "encoder": "JSON"}},
    "extensions": {"extensionApis": {"enableBackend": True, "enableLua": True}, "runtimeFlags": {"disabled": []}},
    "namespaces": {
        "provider": {
            "type": "Kubernetes",
            "kubernetes": {
                "watch": {"type": "NamespaceSelector", "namespaceSelector": {"matchLabels": {"team": "chat"}}},
                "deploy": {"type": "GatewayNamespace"},
                "leaderElection": {"leaseDuration": "15s", "disable": True},
                "client": {"rateLimit": {"qps": 100, "burst": 200}},
                "rateLimitDeployment": {"replicas": 2, "container": {"resources": {"limits": {"cpu": "500m"}}}},
            },
        }
    },
    "rate limit": {
        "rateLimit": {"backend": {"type": "Redis", "redis": {"url": "redis:6379"}}, "timeout": "20ms"},
        "telemetry": {"metrics": {"prometheus": {"disable": True}}},
    },
    "an extension server": {
        "extensionManager": {
            "hooks": {"xdsTranslator": {"post": ["Route"], "translation": {"route": {"includeAll": True}}}},
            "service": {"fqdn": {"hostname": "server.example.com", "port": 5005}},
        }
    },
    "Envoys": {"envoyProxy": {"logging": {"level": {"default": "warn"}}}, "xdsServer": {"maxConnectionAge": "1h"}},
}


@pytest.mark.parametrize("fields", GOOD.values(), ids=GOOD.keys())
def test_a_known_field_is_accepted(fields: dict[str, Any], crds: Crds) -> None:
    assert found(crds, **fields) == []


@pytest.mark.parametrize(
    ("fields", "place", "value", "code", "fix"),
    [
        ({"extensionAPIs": {}}, "extensionAPIs", {}, "field-unknown", "did you mean extensionApis?"),
        (
            {"extensionApis": {"enableBackends": True}},
            "extensionApis.enableBackends",
            True,
            "field-unknown",
            "did you mean enableBackend?",
        ),
        (
            {"logging": {"level": {"default": "warning"}}},
            "logging.level.default",
            "warning",
            "field-enum",
            "did you mean warn?",
        ),
        (
            {"runtimeFlags": {"enabled": ["XDSNameSchemeV1"]}},
            "runtimeFlags.enabled[0]",
            "XDSNameSchemeV1",
            "field-enum",
            "did you mean XDSNameSchemeV2?",
        ),
        (
            {"rateLimit": {"timeout": 20, "backend": {"type": "Redis"}}},
            "rateLimit.timeout",
            20,
            "field-type",
            'write "20", in quotes',
        ),
        # A part that the CRD of EnvoyProxy has too.
        ({"envoyProxy": {"provider": {"type": "Docker"}}}, "envoyProxy.provider.type", "Docker", "field-enum", ""),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_an_unknown_field_or_value_is_refused(
    fields: dict[str, Any], place: str, value: Any, code: str, fix: str, crds: Crds
) -> None:
    (problem,) = found(crds, **fields)
    assert (problem.field, problem.code) == (f"data[envoy-gateway.yaml].{place}", code)
    assert (problem.value, problem.fix) == (value, fix)


def test_a_refused_value_comes_with_all_options(crds: Crds) -> None:
    def options(**fields: Any) -> str:
        (problem,) = found(crds, **fields)
        return problem.words["options"]

    assert options(logging={"level": {"default": "warning"}}) == "one of debug, info, warn, error"
    assert options(runtimeFlags={"enabled": ["a"]}) == (
        "one of XDSNameSchemeV2, EndpointSliceIndex, PerResourceSystemCASecret"
    )
    assert options(envoyProxy={"provider": {"type": "Docker"}}) == "one of Kubernetes, Host"


def test_an_older_release_does_not_have_a_field() -> None:
    fields: dict[str, Any] = {"extensionApis": {"enableLua": True}}
    assert found(Crds({}), **fields) == []
    (problem,) = found(Crds({}), (1, 8), **fields)
    assert (problem.code, problem.words) == ("field-too-new", {"since": "1.9"})
    assert problem.field == "data[envoy-gateway.yaml].extensionApis.enableLua"


def test_the_configuration_of_the_release_is_accepted(manifest_objects: list[dict[str, Any]], crds: Crds) -> None:
    (config_map,) = (made for made in manifest_objects if made["metadata"]["name"] == "envoy-gateway-config")
    assert list(wrong_config(config_map, crds, NEWEST)) == []
