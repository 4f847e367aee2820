"""The presets for traffic: fields that the release takes, and that a stack may lay its own over."""

from typing import Any, get_args

import pytest

from checks.schema import Crds, validate
from components.gateway import presets
from config import TrafficConfig
from config.values import Preset
from releases import LINES


def fields(release: tuple[int, int] = LINES[-1].release, **settings: Any) -> dict[str, dict[str, Any]]:
    found = presets.policies(TrafficConfig.model_validate(settings), release)
    return {kind: wire for kind, (_, wire) in found.items()}


@pytest.mark.parametrize("preset", get_args(Preset))
def test_every_field_is_one_of_the_release(preset: str, crds: Crds) -> None:
    target = {"group": "gateway.networking.k8s.io", "kind": "Gateway", "name": "g"}
    wires = [
        {
            "apiVersion": "gateway.envoyproxy.io/v1alpha1",
            "kind": kind,
            "metadata": {"name": "p"},
            "spec": {"targetRefs": [target], **wire},
        }
        for kind, wire in fields(preset=preset).items()
    ]
    assert len(wires) == 2
    assert [str(mistake) for wire in wires for mistake in validate(wire, crds)] == []


def test_fields_of_the_stack_are_laid_over_those_of_the_preset() -> None:
    own = {"timeout": {"http": {"requestTimeout": "1s"}}}
    found = fields(preset="strict", backend=own)["BackendTrafficPolicy"]
    assert found["timeout"] == {"tcp": {"connectTimeout": "1s"}, "http": {"requestTimeout": "1s"}}
    assert found["retry"] == fields(preset="strict")["BackendTrafficPolicy"]["retry"]


def test_only_what_no_app_has_seen_is_tried_again_for_clients_that_are_not_known() -> None:
    seen = {"5xx", "gateway-error", "reset", "retriable-status-codes", "retriable-4xx"}
    triggers = fields(preset="strict")["BackendTrafficPolicy"]["retry"]["retryOn"]["triggers"]
    assert not seen & set(triggers)


def test_strict_ends_a_handshake_headers_and_a_body_that_stop_half_way() -> None:
    timeouts = fields(preset="strict")["ClientTrafficPolicy"]["timeout"]
    assert timeouts["tcp"].keys() == {"tlsHandshakeTimeout"}
    assert timeouts["http"].keys() == {"requestHeadersReceivedTimeout", "requestReceivedTimeout", "idleTimeout"}


def test_an_earlier_release_gets_no_field_that_it_would_refuse() -> None:
    timeouts = fields((1, 8), preset="strict")["ClientTrafficPolicy"]["timeout"]
    assert timeouts == {"http": {"requestReceivedTimeout": "60s", "idleTimeout": "300s"}}
