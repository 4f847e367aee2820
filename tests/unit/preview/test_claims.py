"""Volume claims with data: a change that would replace one is refused, with the key to change back."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from preview import deployed
from tests.unit.preview.conftest import DevStack
from tests.unit.recording import record

SIZE = {"size": "1Gi"}


def claim(namespace: str = "synergychat", **spec: str) -> dict[str, Any]:
    return {"metadata": {"name": "synergychat-api-data", "namespace": namespace}, "spec": spec}


@pytest.fixture
def state(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """The claims of the last update."""
    claims: dict[str, Any] = {}
    monkeypatch.setattr(deployed, "claims", lambda _: claims)
    return claims


@pytest.mark.parametrize(
    ("earlier", "persistence", "found"),
    [
        (claim(), SIZE, None),
        (claim(storageClassName="slow"), SIZE | {"storageClass": "slow"}, None),
        (claim(), {"size": "2Gi"}, None),
        (
            claim(storageClassName="slow"),
            SIZE | {"storageClass": "fast"},
            ("api.persistence.storageClass", "claim-other-storage-class"),
        ),
        (claim(), SIZE | {"storageClass": "fast"}, ("api.persistence.storageClass", "claim-other-storage-class")),
        (
            claim(storageClassName="slow"),
            SIZE,
            (
                "api: PersistentVolumeClaim synergychat-api-data: spec.storageClassName",
                "claim-other-storage-class",
            ),
        ),
        (
            claim("earlier"),
            SIZE,
            ("api: PersistentVolumeClaim synergychat-api-data: metadata.namespace", "claim-other-namespace"),
        ),
    ],
)
def test_a_change_that_would_replace_a_volume_claim_is_refused(
    dev: DevStack,
    state: dict[str, Any],
    earlier: Mapping[str, Any],
    persistence: Mapping[str, Any],
    found: tuple[str, str] | None,
) -> None:
    state["synergychat-api-data"] = earlier
    config = {"api": {"hostname": "synchatapi.internal", "persistence": persistence}}
    if found is None:
        assert dev.run(**config).log == []
    else:
        assert dev.problems(**config) == [found]


@pytest.mark.parametrize("retain", [True, False])
def test_a_volume_that_is_taken_out_of_the_config_stays_unless_the_config_said_otherwise(
    dev: DevStack, state: dict[str, Any], retain: bool
) -> None:
    recording = dev.run(api={"hostname": "synchatapi.internal", "persistence": SIZE | {"retain": retain}})
    assert recording["synergychat-api-data"].retain_on_delete is retain
    assert {each.name for each in recording if each.retain_on_delete} == ({"synergychat-api-data"} if retain else set())


def test_the_state_is_read_only_for_a_stack_with_a_volume(dev: DevStack, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deployed, "claims", lambda _: pytest.fail("the state of a stack without data is read"))
    assert dev.run().log == []


@pytest.fixture
def pulumi(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A `pulumi` that prints `output`, and fails without it."""
    (tmp_path / "pulumi").write_text(f'#!/bin/sh\necho "$@" > {tmp_path}/asked\nexec cat {tmp_path}/output\n')
    (tmp_path / "pulumi").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    return tmp_path


def claims_and_log() -> tuple[Mapping[str, Any], list[str]]:
    found: dict[str, Any] = {}
    recording = record(lambda: found.update(deployed.claims("dev")))
    return found, recording.log


def test_the_claims_of_the_last_update_are_those_of_the_state(pulumi: Path) -> None:
    urn = "urn:pulumi:dev::synergychat::a:B:C$kubernetes:core/v1:PersistentVolumeClaim::"
    resources = [
        {"type": deployed.CLAIM, "urn": f"{urn}synergychat-api-data", "inputs": claim()},
        {"type": deployed.CLAIM, "urn": f"{urn}gone-data", "inputs": claim(), "delete": True},
        {"type": "kubernetes:core/v1:Service", "urn": "urn:pulumi:dev::p::t::a-service"},
    ]
    (pulumi / "output").write_text(json.dumps({"version": 3, "deployment": {"resources": resources}}))
    assert claims_and_log() == ({"synergychat-api-data": claim()}, [])
    assert (pulumi / "asked").read_text() == "stack export --stack dev --non-interactive\n"


def test_a_new_stack_has_no_claims(pulumi: Path) -> None:
    (pulumi / "output").write_text(json.dumps({"version": 3, "deployment": {}}))
    assert claims_and_log() == ({}, [])


@pytest.mark.parametrize("output", [None, "no JSON"])
def test_a_state_that_cannot_be_read_is_a_warning(pulumi: Path, output: str | None) -> None:
    if output is not None:
        (pulumi / "output").write_text(output)
    found, (warning,) = claims_and_log()
    assert found == {}
    assert warning.startswith("The stack's state cannot be read: ")
