"""Plans to render: the dev stack, and a stack with secrets, apps, a job and certificates."""

from dataclasses import replace

import pytest
import yaml

from plans import Plan, plan
from tests.rooms import PROGRAM
from tests.unit.program import ROOT

ENCRYPTED = {"secure": "v1:IUvTvnyvOj5P8XWt:AAECAwQFBgcICQoLDA0ODw=="}
CLEAR = "a-password-in-clear"


@pytest.fixture(scope="session")
def whole() -> Plan:
    """The dev stack."""
    return plan(ROOT, "dev")


@pytest.fixture(scope="session")
def dev(whole: Plan) -> Plan:
    """The dev stack with one CRD."""
    return with_one_crd(whole)


def with_one_crd(made: Plan) -> Plan:
    """The plan without most CRDs: the text of all of them takes longer than all else."""
    crds = [each.urn for each in made.objects if each.manifest["kind"] == "CustomResourceDefinition"]
    return replace(made, objects=tuple(each for each in made.objects if each.urn not in crds[1:]))


@pytest.fixture(scope="session")
def secretive(tmp_path_factory: pytest.TempPathFactory) -> Plan:
    """A stack with secrets in clear and encrypted, an app that uses them, certificates of an issuer, and one CRD."""
    directory = tmp_path_factory.mktemp("revision")
    for name in ("__main__.py", *PROGRAM, "Pulumi.yaml"):
        (directory / name).symlink_to(ROOT / name)
    document = yaml.safe_load((ROOT / "Pulumi.staging.yaml").read_text())
    document["config"] |= {
        "synergychat:protect": True,
        "synergychat:secrets": {"database": {"password": CLEAR, "user": ENCRYPTED}, "users": {".htpasswd": ENCRYPTED}},
        "synergychat:apps": {
            "shop": {
                "image": "registry.example.com/shop:1",
                "port": 8080,
                "container": {"envFrom": [{"secretRef": {"name": "database"}}]},
            },
            "migrate": {"kind": "Job", "image": "registry.example.com/migrate:1"},
        },
        "synergychat:policies": {
            "login": {
                "kind": "SecurityPolicy",
                "targets": [{"route": "web-httproute"}],
                "basicAuth": {"users": {"name": "users"}},
            }
        },
    }
    (directory / "Pulumi.own.yaml").write_text(yaml.safe_dump(document))
    return with_one_crd(plan(directory, "own"))
