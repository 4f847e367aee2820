"""The provider uses the context that the config names, and nothing is registered when its cluster cannot be used."""

import asyncio
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any
from unittest import mock

import pulumi
import pytest
import yaml

from kube import identity, provider
from kube.manifest import Manifest
from kube.resource import KubernetesObject
from plans.recording import Recording
from tests.unit.kube.clusters import CONTEXT, FakeCluster, document
from tests.unit.recording import record
from tests.unit.web import Web, serving


async def leave(_: pulumi.ErrorHookArgs) -> bool:
    return False


def connect(
    *manifests: Manifest,
    preview: bool = False,
    cluster: FakeCluster | None = None,
    adopt: Sequence[str] = (),
    retain: bool | None = None,
) -> Recording:
    def program() -> None:
        objects: asyncio.Future[Sequence[str]] = asyncio.get_running_loop().create_future()
        objects.set_result([])
        options = provider.connect("cluster", CONTEXT, pulumi.ErrorHook("explain", leave), objects, adopt)
        for manifest in manifests:
            own = pulumi.ResourceOptions.merge(options, pulumi.ResourceOptions(retain_on_delete=retain))
            KubernetesObject(manifest["metadata"]["name"], manifest, own)

    found = FakeCluster() if cluster is None else cluster
    with mock.patch.object(identity, "kubectl", lambda _: found.run):
        return record(program, preview=preview)


def refusal(*, preview: bool = False) -> str:
    """The message with which the program ends, with nothing registered."""
    recording = connect(preview=preview)
    assert (recording.exit_code, recording.resources) == (32, {})
    (message,) = recording.log
    return message


def test_the_provider_has_the_context_that_the_config_names(kubeconfig: Path) -> None:
    with serving(Web()) as api_server:
        kubeconfig.write_text(yaml.safe_dump(document(server=api_server.url)))
        recording = connect()
    # No path of this machine: the provider itself reads KUBECONFIG, and the state fits another machine as well.
    assert recording["cluster"].inputs == {
        "context": CONTEXT,
        "kubeconfig": "",
        "enableConfigMapMutable": "true",
        "enableSecretMutable": "true",
    }
    assert api_server.asked == ["/version"]
    assert recording["cluster"].depends_on == {recording["stack-identity"].urn}


def test_a_preview_needs_neither_a_kubeconfig_nor_a_server(kubeconfig: Path) -> None:
    assert connect(preview=True)["cluster"].inputs["context"] == CONTEXT
    kubeconfig.write_text(yaml.safe_dump(document()))
    assert connect(preview=True)["cluster"].inputs["context"] == CONTEXT


def test_an_update_ends_when_the_cluster_cannot_be_used(kubeconfig: Path) -> None:
    kubeconfig.write_text(yaml.safe_dump(document("another")))
    message = refusal()
    assert message.startswith(f'1 problem in stack dev:\n  synergychat:context = "{CONTEXT}": ')
    assert "[context-missing]\n      fix: " in message


def test_a_run_that_forgets_the_objects_of_a_lost_cluster_needs_no_cluster(
    kubeconfig: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kubeconfig.write_text(yaml.safe_dump(document("another")))
    monkeypatch.setenv("PULUMI_K8S_DELETE_UNREACHABLE", "true")
    assert connect()["cluster"].inputs["context"] == CONTEXT


@pytest.mark.parametrize("preview", [False, True])
def test_an_invalid_kubeconfig_ends_a_preview_too(kubeconfig: Path, preview: bool) -> None:
    kubeconfig.write_text("contexts: [")
    assert f"\n  {kubeconfig}: " in refusal(preview=preview)


def config_map(**annotations: str) -> Manifest:
    metadata = {
        "name": "page",
        "namespace": "chat",
        "annotations": {"pulumi.com/patchFieldManager": "us"} | annotations,
    }
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata}


@pytest.fixture
def reachable(kubeconfig: Path) -> Iterator[None]:
    """The cluster of CONTEXT answers."""
    with serving(Web()) as api_server:
        kubeconfig.write_text(yaml.safe_dump(document(server=api_server.url)))
        yield


def annotations(recording: Recording) -> dict[str, Any]:
    return recording["page"].inputs["metadata"]["annotations"]


@pytest.mark.usefixtures("reachable")
def test_every_object_is_marked_with_its_stack_beside_its_own_annotations() -> None:
    recording = connect(config_map(own="kept"))
    identifier = recording["stack-identity"].inputs["input"]["id"]
    assert annotations(recording) == {
        "pulumi.com/patchFieldManager": "us",
        "own": "kept",
        "synergychat/stack": f"organization/synergychat/dev/{identifier}",
    }
    assert not recording["page"].retain_on_delete


@pytest.mark.usefixtures("reachable")
@pytest.mark.parametrize("adopt", [(), ("Namespace/*",)])
def test_an_object_that_is_retained_by_its_own_option_stays_so(adopt: Sequence[str]) -> None:
    recording = connect(config_map(), adopt=adopt, retain=True)
    assert recording["page"].retain_on_delete


@pytest.mark.usefixtures("reachable")
@pytest.mark.parametrize("pattern", ["ConfigMap/chat/page", "ConfigMap/*", "*"])
def test_an_adopted_object_stays_when_the_stack_is_destroyed_and_its_fields_are_taken(pattern: str) -> None:
    recording = connect(config_map(), adopt=["Namespace/*", pattern])
    assert recording["page"].retain_on_delete
    assert annotations(recording)["pulumi.com/patchForce"] == "true"


@pytest.mark.usefixtures("reachable")
@pytest.mark.parametrize(
    ("kind", "adopt", "expected"),
    [("Job", ("*",), {"adopted-job"}), ("Job", (), set[str]()), ("CronJob", ("*",), set[str]())],
)
def test_only_an_adopted_job_is_deleted_before_the_stack_creates_its_own(
    kind: str, adopt: Sequence[str], expected: set[str]
) -> None:
    replaceable = config_map(**{"pulumi.com/replaceUnready": "true"})
    recording = connect(replaceable | {"apiVersion": "batch/v1", "kind": kind}, adopt=adopt)
    assert recording["page"].before_create == expected


@pytest.mark.usefixtures("reachable")
def test_fields_of_others_are_not_taken_from_an_object_that_is_not_adopted() -> None:
    assert "pulumi.com/patchForce" not in annotations(connect(config_map(), adopt=["ConfigMap/chat/other"]))


@pytest.mark.usefixtures("reachable")
@pytest.mark.parametrize("preview", [False, True])
def test_the_state_records_the_cluster_and_nothing_is_sent_before(preview: bool) -> None:
    recording = connect(config_map(), preview=preview, cluster=FakeCluster(uid="uid-1"))
    assert recording["stack-identity"].inputs["input"]["cluster"] == "uid-1"
    assert recording["stack-identity"].ignored_changes == ("input.id", "input.cluster")
    assert recording.waits_for("page", "stack-identity")
    assert recording.waits_for("cluster", "stack-identity")


@pytest.mark.usefixtures("reachable")
def test_a_cluster_that_does_not_tell_its_identity_is_a_warning() -> None:
    recording = connect(config_map(), cluster=FakeCluster(forbidden=("namespaces",)))
    assert recording.exit_code is None
    (warning,) = recording.log
    assert "could not be checked" in warning
    assert "forbidden" in warning


def test_a_preview_without_a_cluster_asks_nothing_and_says_nothing(kubeconfig: Path) -> None:
    cluster = FakeCluster()
    recording = connect(config_map(), preview=True, cluster=cluster)
    assert (recording.exit_code, recording.log, cluster.asked) == (None, [], [])
    assert recording["page"]
