"""Which changes replace the pods of a workload."""

from typing import Any

import pytest

from plans.recording import Secret
from tests.unit import recording as mocks
from tests.unit.components.apps.app import IMAGE, SECRETS, annotations, build, deployment


def changed_annotations(before: dict[str, Any], after: dict[str, Any]) -> set[str]:
    """Names of the pods' annotations that differ between two apps, which are alike in everything else."""
    one, other = (deployment(build(**keys))["template"] for keys in (before, after))
    assert one["spec"] == other["spec"]
    annotated = {*one["metadata"].get("annotations", {}).items()} ^ {*other["metadata"].get("annotations", {}).items()}
    return {name for name, _ in annotated}


def test_a_changed_variable_or_file_replaces_the_pods() -> None:
    assert changed_annotations({"env": {"A": "1"}}, {"env": {"A": "2"}}) == {"synergychat/settings-sha256"}
    assert changed_annotations({"files": {"/a": "1"}}, {"files": {"/a": "2"}}) == {"synergychat/files-sha256"}


USES = {
    "a variable": {"env": {"TOKEN": {"secret": "keys", "key": "token"}}},
    "a file": {"files": {"/key": {"secret": "keys", "key": "token"}}},
    "all variables": {"container": {"envFrom": [{"secretRef": {"name": "keys"}}]}},
    "a volume": {"pod": {"volumes": [{"name": "k", "secret": {"secretName": "keys"}}]}},
    "an init container": {
        "pod": {
            "initContainers": [
                {
                    "name": "i",
                    "image": IMAGE,
                    "env": [{"name": "T", "valueFrom": {"secretKeyRef": {"name": "keys", "key": "token"}}}],
                }
            ]
        }
    },
}


@pytest.mark.parametrize("use", USES)
def test_a_changed_secret_replaces_the_pods_that_use_it(use: str) -> None:
    changed = SECRETS | {"keys": {"token": "hunter3", "other": "x"}}
    before = annotations(build(**USES[use]))
    after = annotations(build(**USES[use], secrets=changed))
    assert before.keys() == {"synergychat/secrets-hmac"}
    assert before != after


@pytest.mark.parametrize("use", USES)
def test_a_changed_secret_leaves_all_other_pods(use: str) -> None:
    changed = SECRETS | {"unused": {"a": "c"}}
    assert build(**USES[use], secrets=changed)["shop-deployment"] == build(**USES[use])["shop-deployment"]


def test_the_digest_of_a_secret_is_encrypted_and_does_not_allow_guesses_at_its_content(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    recording = build(**USES["a variable"])
    digest = annotations(recording)["synergychat/secrets-hmac"]
    assert isinstance(digest, Secret)
    # The same content in another Secret has another digest.
    monkeypatch.setattr(mocks, "UID", "another")
    assert annotations(build(**USES["a variable"]))["synergychat/secrets-hmac"] != digest


def test_pods_come_after_the_secrets_that_they_use_and_no_others() -> None:
    recording = build(**USES["a volume"])
    assert recording.waits_for("shop-deployment", "secret-keys")
    assert not recording.waits_for("shop-deployment", "secret-unused")


def test_a_pull_secret_exists_before_the_pods_and_its_change_leaves_them() -> None:
    secrets = {"registry": {"a": "1"}}
    recording = build(secrets=secrets, pullSecrets=["registry", "of-somebody-else"])
    assert recording.waits_for("shop-deployment", "secret-registry")
    assert "synergychat/secrets-hmac" not in annotations(recording)


def differences(one: Any, other: Any, path: str = "") -> set[str]:
    """Paths of the values in which two manifests differ."""
    if isinstance(one, dict) and isinstance(other, dict):
        keys: set[str] = {*one, *other}
        return {found for key in keys for found in differences(one.get(key), other.get(key), f"{path}/{key}")}
    return set() if one == other else {path}


def test_a_changed_environment_changes_the_checksum_of_the_pods_and_nothing_else_of_them() -> None:
    before, after = (build(environment={"A": "1", "B": value}).resources for value in ("2", "3"))
    assert before.keys() == after.keys()
    changed = {urn.rpartition("::")[2]: differences(before[urn].inputs, after[urn].inputs) for urn in before}
    assert {name: found for name, found in changed.items() if found} == {
        "shop-configmap": {"/data/B"},
        "shop-deployment": {"/spec/template/metadata/annotations/synergychat/settings-sha256"},
    }


def test_the_order_of_an_environment_makes_no_difference() -> None:
    one, other = build(environment={"A": "1", "B": "2"}), build(environment={"B": "2", "A": "1"})
    assert one.resources == other.resources
