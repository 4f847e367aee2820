"""What docs/permissions.md and its file grant is the least for what a stack registers."""

import os
import re
from collections.abc import Mapping, Sequence
from typing import Any

import pytest
import yaml

from local.paths import REPOSITORY
from tests.hardening.permissions import READ, table, to_deploy

PAGE = REPOSITORY / "docs" / "permissions.md"
FILE = REPOSITORY / "docs" / "permissions" / "platform.yaml"
HEAD = "# UPDATE_GOLDEN=1 .venv/bin/python -m pytest tests/hardening/test_permissions.py writes it.\n"
PLATFORM, APP = "envoy-gateway-system", "synergychat"
Wire = Mapping[str, Any]


@pytest.fixture(scope="module")
def granted(objects: list[dict[str, Any]]) -> list[Wire]:
    return to_deploy(objects, [PLATFORM, APP])


def roles(objects: Sequence[Wire]) -> list[Wire]:
    return [each for each in objects if each["kind"] in ("Role", "ClusterRole")]


def test_the_file_grants_what_the_stacks_objects_ask_for(granted: list[Wire]) -> None:
    text = HEAD + yaml.safe_dump_all(granted, sort_keys=False, default_flow_style=None, width=118)
    if os.environ.get("UPDATE_GOLDEN") == "1":
        FILE.write_text(text)
    assert FILE.read_text() == text


def test_the_page_shows_what_the_file_and_the_release_grant(granted: list[Wire], objects: list[dict[str, Any]]) -> None:
    text = PAGE.read_text()
    for name, made in (("deployers", granted), ("release", objects)):
        text = re.sub(
            rf"(<!-- generated: {name} -->\n).*?(<!-- end -->)",
            lambda found, made=made: f"{found[1]}\n{table(roles(made))}\n\n{found[2]}",
            text,
            flags=re.DOTALL,
        )
    if os.environ.get("UPDATE_GOLDEN") == "1":
        PAGE.write_text(text)
    assert PAGE.read_text() == text


def test_the_file_grants_everything_of_nothing(granted: list[Wire]) -> None:
    rules = [rule for role in roles(granted) for rule in role["rules"]]
    assert [rule for rule in rules if "*" in (*rule["verbs"], *rule["resources"], *rule["apiGroups"])] == []


def test_the_file_lets_cluster_wide_objects_be_changed_by_their_names_only(granted: list[Wire]) -> None:
    (role,) = [each for each in granted if each["kind"] == "ClusterRole"]
    assert all("resourceNames" in rule or set(rule["verbs"]) <= set(READ) for rule in role["rules"])
