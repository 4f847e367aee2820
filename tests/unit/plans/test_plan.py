"""A plan of a revision in any directory: no engine, no cluster, no state, no key."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from kube.plan_run import is_sealed, sealed
from kube.unknown import UNKNOWN
from plans import Plan, PlanError, SecretValue, plan
from tests.rooms import PROGRAM
from tests.unit import release
from tests.unit.program import ROOT, run

ENCRYPTED = {"secure": "v1:IUvTvnyvOj5P8XWt:AAECAwQFBgcICQoLDA0ODw=="}


@pytest.fixture
def revision(tmp_path: Path) -> Path:
    """A directory with this revision of the program, a small release and no stack."""
    for name in ("__main__.py", *PROGRAM, "Pulumi.yaml"):
        (tmp_path / name).symlink_to(ROOT / name)
    (tmp_path / "install.yaml").write_bytes(release.text(*release.with_every_kind()))
    return tmp_path


def of(revision: Path, **config: Any) -> Plan:
    """The plan of a stack with the small release, and with these keys over those of staging."""
    document = yaml.safe_load((ROOT / "Pulumi.staging.yaml").read_text())
    document["config"]["synergychat:envoyGateway"] |= {"manifest": str(revision / "install.yaml")}
    document["config"] |= {f"synergychat:{key}": value for key, value in config.items()}
    (revision / "Pulumi.own.yaml").write_text(yaml.safe_dump(document))
    return plan(revision, "own")


def secret_of(made: Plan, name: str) -> Any:
    (found,) = [each for each in made.objects if each.name == f"secret-{name}"]
    return found.manifest["stringData"]


@pytest.mark.parametrize("stack", ["dev", "staging", "prod"])
def test_a_plan_has_the_objects_that_a_preview_records(stack: str, tmp_path: Path, pinned_manifest: Path) -> None:
    recorded = run(tmp_path, stack=stack, preview=True, manifest=pinned_manifest)
    made = plan(ROOT, stack)
    assert {each.urn for each in made.objects} == {each.urn for each in recorded.kubernetes}
    assert made.exports["versions"] == recorded.exports["versions"]
    assert made.sealed == 0


def test_two_plans_of_one_revision_are_equal(revision: Path) -> None:
    assert of(revision) == of(revision)


def test_encrypted_values_are_sealed_and_nothing_is_claimed_about_them(revision: Path) -> None:
    login = {
        "kind": "SecurityPolicy",
        "targets": [{"route": "web-httproute"}],
        "basicAuth": {"users": {"name": "users"}},
    }
    made = of(
        revision,
        secrets={"users": {".htpasswd": ENCRYPTED}, "registry": {".dockerconfigjson": ENCRYPTED}},
        policies={"login": login},
    )
    assert made.sealed == 2
    assert isinstance(secret_of(made, "users"), SecretValue)
    assert [each["stringData"] for each in made.manifests if "stringData" in each] == [UNKNOWN, UNKNOWN]
    assert ENCRYPTED["secure"] not in repr(made)


def test_a_workload_has_a_plan_before_the_secret_that_it_uses_exists(revision: Path) -> None:
    env = {"PASSWORD": {"secret": "users", "key": "password"}}
    shop = {"image": "registry.example.com/shop:1", "env": env}
    made = of(revision, secrets={"users": {"password": ENCRYPTED}}, apps={"shop": shop})
    (pods,) = [each.manifest["spec"]["template"] for each in made.objects if each.name == "shop-deployment"]
    (digest,) = pods["metadata"]["annotations"].values()
    # Newer SDKs take the unknown UID of a mock for a known one.
    assert digest is UNKNOWN or isinstance(digest, SecretValue)


def test_a_sealed_value_that_changes_is_another_value(revision: Path) -> None:
    before = secret_of(of(revision, secrets={"users": {"password": ENCRYPTED}}), "users")
    same = secret_of(of(revision, secrets={"users": {"password": ENCRYPTED}}), "users")
    other = {"secure": ENCRYPTED["secure"][:-8] + "AAAAAAA="}
    assert before == same != secret_of(of(revision, secrets={"users": {"password": other}}), "users")


def test_a_value_in_clear_is_checked(revision: Path) -> None:
    with pytest.raises(PlanError, match="dockerconfigjson") as raised:
        of(revision, secrets={"registry": {".dockerconfigjson": "not JSON"}})
    assert raised.value.is_mistake


def test_a_mistake_in_the_config_has_the_programs_message(revision: Path) -> None:
    with pytest.raises(PlanError, match=r"synergychat:routes") as raised:
        of(revision, routes={"shop": {"backend": "shop"}})
    assert raised.value.is_mistake
    assert "Traceback" not in str(raised.value)


def test_a_stack_that_does_not_exist_is_named(revision: Path) -> None:
    with pytest.raises(PlanError, match=r"Pulumi\.qa\.yaml does not exist"):
        plan(revision, "qa")


def test_a_program_that_breaks_has_no_plan(tmp_path: Path) -> None:
    (tmp_path / "Pulumi.yaml").write_text("name: other\n")
    (tmp_path / "Pulumi.dev.yaml").write_text("config: {}\n")
    (tmp_path / "__main__.py").write_text("raise ImportError('no module named abc')\n")
    with pytest.raises(PlanError, match="no module named abc") as raised:
        plan(tmp_path, "dev")
    assert not raised.value.is_mistake


def test_another_revision_uses_its_own_modules(tmp_path: Path) -> None:
    for room in ("kube", "plans"):
        (tmp_path / room).mkdir()
        (tmp_path / room / "__init__.py").write_text(f"NAME = 'the earlier {room}'\n")
    (tmp_path / "Pulumi.yaml").write_text("name: other\nconfig: {size: {default: {pods: 2}}}\n")
    (tmp_path / "Pulumi.dev.yaml").write_text("config: {}\n")
    (tmp_path / "__main__.py").write_text(
        "import json, pulumi, kube, plans\n"
        "from pulumi_kubernetes.core.v1 import ConfigMap\n"
        "ConfigMap('it', metadata={'name': 'it'}, data={'of': kube.NAME, 'and': plans.NAME})\n"
        "pulumi.export('size', json.loads(pulumi.Config().require('size')))\n"
    )
    made = plan(tmp_path, "dev")
    assert [each.manifest["data"] for each in made.objects] == [{"of": "the earlier kube", "and": "the earlier plans"}]
    assert made.exports == {"size": {"pods": 2}}


def test_only_a_stand_in_is_sealed() -> None:
    assert is_sealed(sealed("abc"))
    assert not is_sealed("sealed:abc")
    assert not is_sealed(json.loads("{}"))
