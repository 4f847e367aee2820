"""Preview: a valid stack is registered, and a stack with a problem is not."""

import signal
from typing import Any

import pulumi
import pytest
import yaml

from preview import Preview
from tests.unit.preview.conftest import DevStack
from tests.unit.program import ROOT
from tests.unit.recording import record

ROUTE = {"hostnames": ["shop.internal"], "backend": "web"}


def test_a_stack_without_a_problem_is_registered(dev: DevStack) -> None:
    recording = dev.run(routes={"shop": ROUTE})
    assert recording.log == []
    assert recording["route-shop-route"].inputs["spec"]["hostnames"] == ["shop.internal"]


def test_a_stack_with_a_problem_ends_with_one_message_and_nothing_registered(dev: DevStack) -> None:
    recording = dev.run(routes={"shop": ROUTE | {"hostnamez": []}})
    assert (recording.exit_code, recording.resources) == (32, {})
    (message,) = recording.log
    heading, _, _, closing = message.splitlines()
    assert heading == "1 problem in stack dev:"
    assert closing.startswith("Nothing was changed.")


def test_an_error_in_a_check_ends_the_program(dev: DevStack, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("a check is broken")

    # The stack's identity waits for all objects, and the SDK for the identity.
    monkeypatch.setattr("preview.preview.broken_promises", broken)
    with pytest.raises(RuntimeError, match="a check is broken"):
        dev.run(tests={"a": {"url": "/", "backend": "web"}})


@pytest.mark.parametrize(
    "policy",
    [
        {"kind": "BackendTrafficPolicy", "timeout": {"http": {"requestTimeout": "5s"}}},
        {"kind": "ClientTrafficPolicy", "timeout": {"http": {"requestReceivedTimeout": "5s"}}},
        {"kind": "EnvoyExtensionPolicy", "extProc": [{"backendRefs": [{"workload": "web"}]}]},
        {"kind": "SecurityPolicy", "cors": {"allowOrigins": ["https://example.com"]}},
        {
            "kind": "BackendTLSPolicy",
            "targetRefs": [{"group": "", "kind": "Service", "name": "web-service"}],
            "validation": {"wellKnownCACertificates": "System", "hostname": "web.internal"},
        },
    ],
    ids=lambda policy: policy["kind"],
)
def test_a_policy_of_any_kind_is_valid(policy: dict[str, Any], dev: DevStack) -> None:
    recording = dev.run(policies={"p": policy})
    assert recording.log == []
    assert recording["policy-p-policy"].inputs["kind"] == policy["kind"]


def test_a_patch_policy_has_a_single_target(dev: DevStack) -> None:
    patch = {
        "type": "type.googleapis.com/envoy.config.listener.v3.Listener",
        "name": "a",
        "operation": {"op": "remove", "path": "/a"},
    }
    policy = {"kind": "EnvoyPatchPolicy", "type": "JSONPatch", "jsonPatches": [patch]}
    committed = yaml.safe_load((ROOT / "Pulumi.dev.yaml").read_text())["config"]["synergychat:envoyGateway"]
    enabled = {"config": {"extensionApis": {"enableEnvoyPatchPolicy": True}}}
    recording = dev.run(policies={"p": policy}, envoyGateway=committed | enabled)
    assert recording.log == []
    assert recording["policy-p-policy"].inputs["spec"]["targetRef"]["name"] == "app-gateway"


def test_a_policy_that_selects_its_targets_does_not_target_the_gateway_too(dev: DevStack) -> None:
    selectors = [{"group": "gateway.networking.k8s.io", "kind": "HTTPRoute", "matchLabels": {"a": "b"}}]
    recording = dev.run(policies={"p": {"kind": "SecurityPolicy", "targetSelectors": selectors, "cors": {}}})
    assert "targetRefs" not in recording["policy-p-policy"].inputs["spec"]


def test_an_error_of_the_program_ends_it_although_a_resource_waits_for_the_names_of_all_objects() -> None:
    def program() -> None:
        with Preview(require_digests=False) as preview:
            pulumi.Stash("identity", input={"objects": preview.objects})
            raise ValueError("planted")

    def stuck(*_: object) -> None:
        raise TimeoutError("the program does not end")

    before = signal.signal(signal.SIGALRM, stuck)
    signal.alarm(20)
    try:
        with pytest.raises(ValueError, match="planted"):
            record(program)
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)
