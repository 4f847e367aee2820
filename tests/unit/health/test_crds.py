"""What we ask of Envoy Gateway and the Gateway API, held against the schemas and CEL rules of the pinned release."""

from typing import Any

import pytest

from checks.schema import Crds, validate
from components import Route, RouteArgs
from config import ApiConfig, GatewayConfig, WebConfig
from tests.unit import parts
from tests.unit.recording import record

EXPOSURES: dict[str, dict[str, Any]] = {
    "LoadBalancer": {},
    "NodePort": {"exposure": "NodePort", "nodePort": 30080},
    "ClusterIP": {"exposure": "ClusterIP", "port": 8080},
}
KINDS = {"EnvoyProxy", "Gateway", "GatewayClass", "HTTPRoute"}


def emitted(settings: dict[str, Any]) -> list[dict[str, Any]]:
    """Every custom resource of a chat behind a gateway with these settings, as it is registered."""

    def program() -> None:
        cluster = parts.on_cluster()
        gateway, chat = parts.gateway(cluster, GatewayConfig.model_validate(settings)), parts.chat(cluster)
        for name, route, backend in (("web", WebConfig(), chat.web), ("api", ApiConfig(), chat.api)):
            Route(name, RouteArgs.of_host(route, gateway, backend, 60), cluster)

    groups = ("gateway.networking.k8s.io", "gateway.envoyproxy.io")
    return [each.inputs for each in record(program).kubernetes if each.inputs["apiVersion"].startswith(groups)]


@pytest.mark.parametrize("exposure", EXPOSURES)
def test_every_custom_resource_is_one_that_the_release_takes(exposure: str, crds: Crds) -> None:
    wires = emitted(EXPOSURES[exposure])
    assert {wire["kind"] for wire in wires} == KINDS
    assert [str(mistake) for wire in wires for mistake in validate(wire, crds)] == []
