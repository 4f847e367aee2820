"""Platform: what a stack installs, what it needs of an external platform, and what is protected from deletion."""

import os
from pathlib import Path
from typing import Any

import pytest

from components.platform import requirements
from plans.recording import Recording
from tests.unit import program, small_stack
from tests.unit.recording import PROJECT
from tests.unit.stacks import problems

PLATFORM = {"CustomResourceDefinition", "GatewayClass", "Job", "ClusterRole"}


def run(directory: Path, manifest: Path, *, preview: bool = True, **settings: Any) -> Recording:
    """The dev stack with these keys changed."""
    keys = {f"{PROJECT}:{key}": value for key, value in settings.items()}
    return program.run(directory, preview=preview, manifest=manifest, config=keys)


def test_a_stack_on_an_external_platform_creates_only_its_own_objects(tmp_path: Path, pinned_manifest: Path) -> None:
    recording = run(tmp_path, pinned_manifest, platform="external")
    assert recording.log == []
    assert {resource.kind for resource in recording.kubernetes} & PLATFORM == set()
    namespaces = {resource.name: resource.inputs["metadata"].get("namespace") for resource in recording.kubernetes}
    assert set(namespaces.values()) == {"synergychat", None}
    assert [name for name, namespace in namespaces.items() if namespace is None] == ["synergychat-namespace"]
    assert len(recording.of_kind("HTTPRoute")) == 2


def test_the_gateway_of_an_external_class_has_its_own_proxy() -> None:
    recording = small_stack.build(platform="external", gateway={"name": "edge"})
    (proxy,), (gateway,) = recording.of_kind("EnvoyProxy"), recording.of_kind("Gateway")
    assert (proxy.inputs["metadata"]["name"], proxy.inputs["metadata"]["namespace"]) == ("edge", small_stack.NAMESPACE)
    assert gateway.inputs["spec"]["infrastructure"]["parametersRef"] == {
        "group": "gateway.envoyproxy.io",
        "kind": "EnvoyProxy",
        "name": "edge",
    }
    assert gateway.inputs["spec"]["gatewayClassName"] == "app-gatewayclass"
    assert recording.waits_for("gateway-gateway", "gateway-proxy")


def test_a_stack_on_an_external_platform_is_validated_against_the_release(
    tmp_path: Path, pinned_manifest: Path
) -> None:
    recording = run(tmp_path, pinned_manifest, platform="external", routes={"shop": {"rulez": []}})
    assert recording.resources == {}
    _, line, fix, *_ = recording.log[0].splitlines()
    assert line.startswith("  synergychat:routes.shop.rulez: ")
    assert line.endswith(" [field-unknown]")
    assert "rules" in fix


def test_an_update_lists_what_the_platform_lacks_and_changes_nothing(
    tmp_path: Path, pinned_manifest: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _kubectl(tmp_path, monkeypatch, "exit 0")
    recording = run(tmp_path, pinned_manifest, preview=False, platform="external")
    assert recording.resources == {}
    (message,) = recording.log
    first, *lines, last = message.splitlines()
    assert first == (
        "Stack dev needs an external platform (synergychat:platform) that context synergychat-local does not have:"
    )
    assert "  GatewayClass app-gatewayclass is missing (synergychat:gateway.className); existing: none" in lines
    assert len(lines) == 6
    assert last.startswith("Nothing was changed. Bring up the stack that manages the platform first")


def test_an_update_warns_of_what_it_may_not_read_and_goes_on(
    tmp_path: Path, pinned_manifest: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _kubectl(tmp_path, monkeypatch, "echo Forbidden >&2; exit 1")
    recording = run(tmp_path, pinned_manifest, preview=False, platform="external")
    assert recording.exit_code is None
    assert set(recording.log) == {
        "The external platform (synergychat:platform) could not be checked completely: Forbidden"
    }


def test_without_kubectl_an_update_warns_that_it_does_not_check_the_platform(
    tmp_path: Path, pinned_manifest: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    recording = run(tmp_path, pinned_manifest, preview=False, platform="external")
    assert recording.exit_code is None
    assert recording.log == ["There is no `kubectl` on the PATH to check the external platform (synergychat:platform)"]


def test_a_preview_without_a_cluster_does_not_check_the_platform(
    tmp_path: Path, pinned_manifest: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(requirements, "look", lambda *_: pytest.fail("asked"))
    assert run(tmp_path, pinned_manifest, platform="external").exit_code is None


def _kubectl(directory: Path, monkeypatch: pytest.MonkeyPatch, script: str) -> None:
    program = directory / "bin" / "kubectl"
    program.parent.mkdir()
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(program.parent), prepend=os.pathsep)


# Protection


@pytest.mark.parametrize("protect", [True, False])
def test_the_crds_and_what_serves_them_are_protected_only_on_request(
    tmp_path: Path, pinned_manifest: Path, protect: bool
) -> None:
    recording = run(
        tmp_path,
        pinned_manifest,
        envoyGateway=program.stack_config("dev")["synergychat:envoyGateway"] | {"protect": protect},
    )
    protected = {resource.kind for resource in recording if resource.protect}
    assert protected == ({"CustomResourceDefinition", "Namespace", "Deployment"} if protect else set())
    assert not recording["synergychat-namespace"].protect
    assert len(recording.of_kind("CustomResourceDefinition")) == 21


def test_the_controller_of_an_external_platform_may_be_in_any_namespace(tmp_path: Path, pinned_manifest: Path) -> None:
    release = program.stack_config("dev")["synergychat:envoyGateway"] | {"namespace": "gateways"}
    assert run(tmp_path, pinned_manifest, platform="external", envoyGateway=release).log == []
    (refused,) = run(tmp_path, pinned_manifest, envoyGateway=release).log
    assert "installs into namespace envoy-gateway-system, not gateways" in refused


# Keys of a stack on an external platform


@pytest.mark.parametrize(
    ("keys", "place", "code"),
    [
        ({"envoyGateway": {"protect": True}}, "envoyGateway.protect", "platform-managed-only"),
        ({"envoyGateway": {"config": {"logging": {}}}}, "envoyGateway.config", "platform-managed-only"),
        (
            {"gateway": {"spec": {"infrastructure": {"parametersRef": {"name": "x"}}}}},
            "gateway.spec.infrastructure.parametersRef",
            "field-has-own-key",
        ),
    ],
)
def test_keys_of_the_stack_that_manages_the_platform_are_refused(keys: dict[str, Any], place: str, code: str) -> None:
    assert problems(keys) == []
    assert problems({**keys, "platform": "external"}) == [(place, code)]


def test_a_stack_describes_the_release_of_an_external_platform() -> None:
    release = {"version": "1.8.0", "sha256": ["0" * 64], "namespace": "gateways", "manifest": "a.yaml"}
    assert problems({"platform": "external", "envoyGateway": release}) == []


def test_keys_of_the_platform_may_have_their_default_value() -> None:
    assert problems({"platform": "external", "envoyGateway": {"config": {}, "replicas": 1, "protect": False}}) == []
