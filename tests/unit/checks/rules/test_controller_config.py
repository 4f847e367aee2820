"""What is told of the controller's own configuration, of which Envoy Gateway skips over what it does not know."""

from typing import Any

import pytest
import yaml

from checks.schema import Crds
from checks.rules import controller_config
from checks.rules.releases import Release

NEWEST = (1, 9)


def told(crds: Crds, release: Release = NEWEST, **fields: Any) -> list[str]:
    given = {"gateway": {"controllerName": "example.com/it"}, "provider": {"type": "Kubernetes"}} | fields
    data = {"envoy-gateway.yaml": yaml.safe_dump(given)}
    wire = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "envoy-gateway-config"}, "data": data}
    found = controller_config.mistakes(wire, crds, release)
    return [str(mistake).removeprefix("data[envoy-gateway.yaml].") for mistake in found]


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
def test_what_the_controller_knows_is_taken(fields: dict[str, Any], crds: Crds) -> None:
    assert told(crds, **fields) == []


@pytest.mark.parametrize(
    ("fields", "mistake"),
    [
        ({"extensionAPIs": {}}, "extensionAPIs: is not a field (did you mean extensionApis?)"),
        (
            {"extensionApis": {"enableBackends": True}},
            "extensionApis.enableBackends = true: is not a field (did you mean enableBackend?)",
        ),
        (
            {"logging": {"level": {"default": "warning"}}},
            'logging.level.default = "warning": must be one of debug, info, warn, error (did you mean warn?)',
        ),
        (
            {"runtimeFlags": {"enabled": ["XDSNameSchemeV1"]}},
            'runtimeFlags.enabled[0] = "XDSNameSchemeV1": must be one of XDSNameSchemeV2, EndpointSliceIndex, '
            "PerResourceSystemCASecret (did you mean XDSNameSchemeV2?)",
        ),
        (
            {"rateLimit": {"timeout": 20, "backend": {"type": "Redis"}}},
            'rateLimit.timeout = 20: must be a string (write "20", in quotes)',
        ),
        # Those parts that the CRD of EnvoyProxy has too.
        (
            {"envoyProxy": {"provider": {"type": "Docker"}}},
            'envoyProxy.provider.type = "Docker": must be one of Kubernetes, Host',
        ),
    ],
    ids=str,
)
def test_what_it_does_not_know_is_refused(fields: dict[str, Any], mistake: str, crds: Crds) -> None:
    assert told(crds, **fields) == [mistake]


def test_what_an_earlier_release_does_not_know_yet_is_refused_for_that_one() -> None:
    fields: dict[str, Any] = {"extensionApis": {"enableLua": True}}
    assert told(Crds({}), **fields) == []
    assert told(Crds({}), (1, 8), **fields) == [
        "extensionApis.enableLua: Envoy Gateway has this field since 1.9 (install Envoy Gateway 1.9 or later)"
    ]


def test_the_releases_own_configuration_is_taken(manifest_objects: list[dict[str, Any]], crds: Crds) -> None:
    (config_map,) = (each for each in manifest_objects if each["metadata"]["name"] == "envoy-gateway-config")
    assert list(controller_config.mistakes(config_map, crds, NEWEST)) == []
