"""Included files: apps, objects, policies and routes of a stack in files of their own."""

from pathlib import Path
from typing import Any

import pytest

from config import ConfigError, explain
from tests.unit.recording import PROJECT
from tests.unit.stacks import located, parse

SHOP = """
apps:
  shop: {image: example.com/shop:1, port: 8080}
routes:
  shop: {hostnames: [shop.internal], backend: shop}
objects:
- {apiVersion: v1, kind: ConfigMap, metadata: {name: shop}}
"""


def places(directory: Path, config: dict[str, Any]) -> list[tuple[str, str]]:
    return [(found.place, found.problem.code) for found in located(config, directory=directory)]


def test_entries_of_a_file_are_those_of_the_stack(tmp_path: Path) -> None:
    (tmp_path / "shop.yaml").write_text(SHOP)
    own = {"routes": {"web": {"hostnames": ["a.internal"], "backend": "web"}}}
    stack = parse({"include": ["shop.yaml"], **own}, directory=tmp_path)
    assert (list(stack.routes), list(stack.apps)) == (["web", "shop"], ["shop"])
    assert [found.metadata.name for found in stack.objects] == ["shop"]


def test_a_file_in_a_directory_of_the_program_is_read(tmp_path: Path) -> None:
    (tmp_path / "teams").mkdir()
    (tmp_path / "teams" / "shop.yaml").write_text(SHOP)
    assert "shop" in parse({"include": ["teams/shop.yaml"]}, directory=tmp_path).apps


def test_an_empty_file_adds_nothing(tmp_path: Path) -> None:
    (tmp_path / "empty.yaml").write_text("# nothing yet\n")
    assert parse({"include": ["empty.yaml"]}, directory=tmp_path).routes == {}


@pytest.mark.parametrize(
    ("content", "place", "code"),
    [
        ("routes: {a: {backend: nope}}", "shop.yaml: routes.a.backend", "workload-unknown"),
        ("routes: {a: {gateway: 5}}", "shop.yaml: routes.a.gateway", "dns-label-invalid"),
        ("routes: {A: {backend: web}}", "shop.yaml: routes.A", "config-name"),
        ("apps: {a: {imag: b}}", "shop.yaml: apps.a.imag", "config-key-unknown"),
        (
            "objects: [{apiVersion: v1, kind: Secret, metadata: {name: a}}]",
            "shop.yaml: objects[0].kind",
            "secret-in-objects",
        ),
        ("objects: {}", "shop.yaml: objects", "config-list"),
        ("routes: []", "shop.yaml: routes", "config-group"),
        ("secrets: {a: {b: c}}", "shop.yaml: secrets", "include-other-key"),
        ("[]", "shop.yaml", "include-not-yaml"),
        ("routes: [", "shop.yaml", "include-not-yaml"),
    ],
)
def test_a_problem_names_the_file_and_the_place_in_it(tmp_path: Path, content: str, place: str, code: str) -> None:
    (tmp_path / "shop.yaml").write_text(content)
    own = [{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "own"}}]
    assert (place, code) in places(tmp_path, {"include": ["shop.yaml"], "objects": own})


def test_the_value_at_the_place_in_a_file_is_shown(tmp_path: Path) -> None:
    (tmp_path / "shop.yaml").write_text("routes: {a: {backend: shopp}}")
    assert 'shop.yaml: routes.a.backend = "shopp": ' in str(located({"include": ["shop.yaml"]}, directory=tmp_path)[0])


def test_a_name_in_two_files_is_a_problem_that_names_both(tmp_path: Path) -> None:
    for name in ("a.yaml", "b.yaml"):
        (tmp_path / name).write_text("policies: {limits: {kind: BackendTrafficPolicy}}")
    (found,) = located({"include": ["a.yaml", "b.yaml"]}, directory=tmp_path)
    assert (found.place, found.problem.words["other"]) == ("b.yaml: policies.limits", "a.yaml")


@pytest.mark.parametrize("name", ["/etc/passwd", "../stack.yaml", "link.yaml"])
def test_a_file_outside_of_the_program_is_not_read(tmp_path: Path, name: str) -> None:
    program = tmp_path / "program"
    program.mkdir()
    (tmp_path / "stack.yaml").write_text("routes: {}")
    (program / "link.yaml").symlink_to(tmp_path / "stack.yaml")
    assert places(program, {"include": [name]}) == [("synergychat:include[0]", "include-outside")]


def test_the_advice_names_the_files(tmp_path: Path) -> None:
    (tmp_path / "shop.yaml").write_text("routes: {a: {backend: nope}}")
    with pytest.raises(ConfigError) as raised:
        parse({"include": ["shop.yaml"]}, directory=tmp_path)
    assert "Edit the files that are named, and Pulumi.dev.yaml" in explain(raised.value, PROJECT, "dev")
