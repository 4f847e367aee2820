"""docs/permissions.md and its files grant the least privileges for the objects that a stack registers."""

import os
import re
from collections.abc import Mapping, Sequence
from typing import Any

import pytest
import yaml

from local.paths import REPOSITORY
from tests.hardening.conftest import Registered
from tests.hardening.permissions import READ, WRITE, table, to_deploy, to_look_at_the_platform
from tests.unit.program import stack_config

PAGE = REPOSITORY / "docs" / "permissions.md"
FILES = {name: REPOSITORY / "docs" / "permissions" / f"{name}.yaml" for name in ("platform", "app")}
HEAD = "# UPDATE_GOLDEN=1 .venv/bin/python -m pytest tests/hardening/test_permissions.py writes it.\n"
PLATFORM, APP = "envoy-gateway-system", "synergychat"
DEPLOYERS = {"platform": "synergychat-deployers", "app": "synergychat-app-deployers"}
_RELEASE = stack_config("prod")["synergychat:envoyGateway"]
EXTERNAL = {"platform": "external", "envoyGateway": {"version": _RELEASE["version"]}}
of_each = pytest.mark.parametrize("file", FILES)
Wire = Mapping[str, Any]


@pytest.fixture(scope="module")
def granted(registered: Registered) -> Mapping[str, list[Wire]]:
    """Roles by file: for the deployer of a whole stack, and of an app on an external platform.

    They are for the objects of the prod stack, under default names.
    """
    everything, external = (registered(namespace=APP, **keys) for keys in ({}, EXTERNAL))
    crds = [obj for obj in everything if obj["kind"] == "CustomResourceDefinition"]
    return {
        "platform": to_deploy(DEPLOYERS["platform"], everything, [PLATFORM, APP], crds),
        "app": [
            *to_deploy(DEPLOYERS["app"], external, [APP], crds),
            *to_look_at_the_platform(DEPLOYERS["app"], PLATFORM),
        ],
    }


def roles(objects: Sequence[Wire]) -> list[Wire]:
    return [obj for obj in objects if obj["kind"] in ("Role", "ClusterRole")]


@of_each
def test_a_file_grants_what_the_stacks_objects_ask_for(file: str, granted: Mapping[str, list[Wire]]) -> None:
    text = HEAD + yaml.safe_dump_all(granted[file], sort_keys=False, default_flow_style=None, width=118)
    if os.environ.get("UPDATE_GOLDEN") == "1":
        FILES[file].write_text(text)
    assert FILES[file].read_text() == text


@of_each
def test_a_deployer_may_write_all_kinds_of_the_apps_namespace(file: str, granted: Mapping[str, list[Wire]]) -> None:
    (role,) = [obj for obj in roles(granted[file]) if obj["metadata"].get("namespace") == APP]
    written = {kind for rule in role["rules"] if set(WRITE) <= set(rule["verbs"]) for kind in rule["resources"]}
    assert {"deployments", "services", "networkpolicies", "gateways", "httproutes"} <= written


def test_the_page_shows_what_the_files_and_the_release_grant(
    granted: Mapping[str, list[Wire]], objects: list[dict[str, Any]]
) -> None:
    text = PAGE.read_text()
    for name, made in {**granted, "release": objects}.items():
        text = re.sub(
            rf"(<!-- generated: {name} -->\n).*?(<!-- end -->)",
            lambda found, made=made: f"{found[1]}\n{table(roles(made))}\n\n{found[2]}",
            text,
            flags=re.DOTALL,
        )
    if os.environ.get("UPDATE_GOLDEN") == "1":
        PAGE.write_text(text)
    assert PAGE.read_text() == text


@of_each
def test_a_file_grants_everything_of_nothing(file: str, granted: Mapping[str, list[Wire]]) -> None:
    rules = [rule for role in roles(granted[file]) for rule in role["rules"]]
    assert [rule for rule in rules if "*" in (*rule["verbs"], *rule["resources"], *rule["apiGroups"])] == []


@of_each
def test_cluster_wide_objects_may_be_changed_by_their_names_only(file: str, granted: Mapping[str, list[Wire]]) -> None:
    rules = [rule for obj in granted[file] if obj["kind"] == "ClusterRole" for rule in obj["rules"]]
    assert all("resourceNames" in rule or set(rule["verbs"]) <= set(READ) for rule in rules)
