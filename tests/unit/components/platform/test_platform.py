"""Whose the platform is: what a stack makes of it, and what of it stays when the stack goes."""

import json
import os
from pathlib import Path
from typing import Any

import pytest

import config
from components.platform import platform
from config import GatewayConfig
from tests.unit import parts, program
from tests.unit.recording import Recording, record

PLATFORM = {"CustomResourceDefinition", "GatewayClass", "Job", "ClusterRole"}


def run(directory: Path, manifest: Path, *, preview: bool = True, **settings: Any) -> Recording:
    given = {f"synergychat:{key}": value for key, value in settings.items()}
    return program.run(directory, preview=preview, manifest=manifest, config=given)


def test_a_stack_on_an_external_platform_makes_nothing_of_it_and_all_of_its_own(
    tmp_path: Path, pinned_manifest: Path
) -> None:
    recording = run(tmp_path, pinned_manifest, platform="external")
    assert recording.log == []
    assert {each.kind for each in recording.kubernetes} & PLATFORM == set()
    assert {each.inputs["metadata"].get("namespace") for each in recording.kubernetes} == {"synergychat", None}
    assert [each.kind for each in recording.kubernetes if "namespace" not in each.inputs["metadata"]] == ["Namespace"]
    assert len(recording.of_kind("HTTPRoute")) == 2


def test_the_gateway_of_an_external_class_has_its_own_proxy() -> None:
    def program() -> None:
        parts.gateway(parts.on_cluster(), GatewayConfig(name="edge"), ownership="external")

    recording = record(program)
    (proxy,), (gateway,) = recording.of_kind("EnvoyProxy"), recording.of_kind("Gateway")
    assert (proxy.inputs["metadata"]["name"], proxy.inputs["metadata"]["namespace"]) == ("edge", "chat")
    assert gateway.inputs["spec"]["infrastructure"]["parametersRef"] == {
        "group": "gateway.envoyproxy.io",
        "kind": "EnvoyProxy",
        "name": "edge",
    }
    assert gateway.inputs["spec"]["gatewayClassName"] == "app-gatewayclass"
    assert recording.waits_for("gw-gateway", "gw-proxy")


def test_the_checks_of_a_stack_on_an_external_platform_are_those_of_the_release(
    tmp_path: Path, pinned_manifest: Path
) -> None:
    recording = run(tmp_path, pinned_manifest, platform="external", routes={"shop": {"rulez": []}})
    assert recording.resources == {}
    assert "synergychat:routes.shop.rulez: is not a field (did you mean rules?)" in recording.log[0]


def test_an_update_tells_what_the_platform_lacks_and_changes_nothing(
    tmp_path: Path, pinned_manifest: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _kubectl(tmp_path, monkeypatch, "exit 0")
    recording = run(tmp_path, pinned_manifest, preview=False, platform="external")
    assert recording.resources == {}
    (message,) = recording.log
    first, *lines, last = message.splitlines()
    assert first == (
        "Stack dev relies on a platform (synergychat:platform is external) "
        "that context synergychat-local does not have:"
    )
    assert "  GatewayClass app-gatewayclass is not there (synergychat:gateway.className); there: none" in lines
    assert len(lines) == 6
    assert last.startswith("Nothing was changed. Bring up the stack that manages it first")


def test_what_an_update_may_not_look_at_is_said_and_does_not_stop_it(
    tmp_path: Path, pinned_manifest: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _kubectl(tmp_path, monkeypatch, "echo Forbidden >&2; exit 1")
    recording = run(tmp_path, pinned_manifest, preview=False, platform="external")
    assert recording.exit_code is None
    assert set(recording.log) == {"Not all that synergychat:platform external relies on could be looked at: Forbidden"}


def test_without_kubectl_an_update_says_that_it_does_not_look(
    tmp_path: Path, pinned_manifest: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    recording = run(tmp_path, pinned_manifest, preview=False, platform="external")
    assert recording.exit_code is None
    assert recording.log == [
        "There is no `kubectl` on the PATH to look at what synergychat:platform external relies on"
    ]


def test_a_preview_without_a_cluster_asks_nobody(
    tmp_path: Path, pinned_manifest: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(platform, "look", lambda *_: pytest.fail("asked"))
    assert run(tmp_path, pinned_manifest, platform="external").exit_code is None


def _kubectl(directory: Path, monkeypatch: pytest.MonkeyPatch, script: str) -> None:
    program = directory / "bin" / "kubectl"
    program.parent.mkdir()
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(program.parent), prepend=os.pathsep)


# Protection


@pytest.mark.parametrize("protect", [True, False])
def test_the_crds_alone_are_protected_and_only_when_asked(tmp_path: Path, pinned_manifest: Path, protect: bool) -> None:
    recording = run(
        tmp_path,
        pinned_manifest,
        envoyGateway=program.stack_config("dev")["synergychat:envoyGateway"] | {"protect": protect},
    )
    protected = {each.kind for each in recording if each.protect}
    assert protected == ({"CustomResourceDefinition"} if protect else set())
    assert len(recording.of_kind("CustomResourceDefinition")) == 21


def test_the_controller_of_an_external_platform_may_be_in_any_namespace(tmp_path: Path, pinned_manifest: Path) -> None:
    release = program.stack_config("dev")["synergychat:envoyGateway"] | {"namespace": "gateways"}
    assert run(tmp_path, pinned_manifest, platform="external", envoyGateway=release).log == []
    (refused,) = run(tmp_path, pinned_manifest, envoyGateway=release).log
    assert "installs into the namespace envoy-gateway-system, not gateways" in refused


# What a stack can say of a platform that is not its own


@pytest.mark.parametrize(
    ("given", "line"),
    [
        (
            {"envoyGateway": {"protect": True}},
            "synergychat:envoyGateway.protect = true goes only with platform managed: "
            "it is for the stack that has the controller",
        ),
        (
            {"envoyGateway": {"config": {"logging": {}}}},
            'synergychat:envoyGateway.config = {"logging": {}} goes only with platform managed: '
            "it is for the stack that has the controller",
        ),
        (
            {"gateway": {"spec": {"infrastructure": {"parametersRef": {"name": "x"}}}}},
            'synergychat:gateway.spec.infrastructure.parametersRef = {"name": "x"} '
            "is, with platform external, what gateway.proxy and the keys beside it say",
        ),
    ],
)
def test_what_is_for_the_owner_of_the_platform_is_refused(given: dict[str, Any], line: str) -> None:
    values = {f"synergychat:{key}": json.dumps(value) for key, value in given.items()}
    values |= {"synergychat:context": "a-context"}
    assert config.parse("synergychat", values)
    with pytest.raises(config.ConfigError) as raised:
        config.parse("synergychat", values | {"synergychat:platform": "external"})
    assert raised.value.mistakes == [line]


def test_the_release_of_a_platform_and_its_namespace_may_be_said() -> None:
    said = {"version": "1.8.0", "sha256": ["0" * 64], "namespace": "gateways", "manifest": "a.yaml", "config": {}}
    values = {
        "synergychat:context": "a-context",
        "synergychat:platform": "external",
        "synergychat:envoyGateway": json.dumps(said),
    }
    assert config.parse("synergychat", values).envoy_gateway.namespace == "gateways"
