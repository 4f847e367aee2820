"""The tools that each command ensures. On a new machine, an unneeded tool costs minutes of building."""

from collections.abc import Callable, Iterable
from pathlib import Path

import pytest

from local import supplies
from local.errors import UserError
from local.toolchain import Tools
from local.toolchain.progress import Progress
from tools import environment, lifecycle, stack
from tools.stack import Stack


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The tools that are asked for; the manifest is there already."""
    names: list[str] = []

    def ensure(wanted: Iterable[str], _: Progress) -> Tools:
        names.extend(wanted)
        return Tools({})

    monkeypatch.setattr(supplies, "ensure", ensure)
    monkeypatch.setattr(supplies, "tools_for_manifest", tuple[str])
    monkeypatch.setattr(supplies, "ensure_manifest", lambda _: None)
    monkeypatch.setattr(lifecycle.stacks, "prepare", lambda _: None)
    return names


def test_a_preview_takes_pulumi_and_its_provider_and_nothing_of_kubernetes(
    asked: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Stack, "select", lambda _: False)
    lifecycle.preview(Stack("dev", "kind-one", named=False), with_fields=False)
    assert asked == ["pulumi", "pulumi-kubernetes"]


@pytest.mark.parametrize(
    ("ask", "fix"),
    [(Stack.pulumi, "Type: make up, or, without a cluster: make preview"), (Stack.kubectl, "Type: make up")],
)
def test_what_is_not_there_yet_is_named_with_the_command_that_brings_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ask: Callable[[Stack], object], fix: str
) -> None:
    monkeypatch.setattr(stack, "VENV", tmp_path)
    with pytest.raises(UserError) as raised:
        ask(Stack("dev", "kind-one", named=False))
    assert raised.value.fix == fix


def test_without_kubectl_among_the_tools_only_pulumi_gets_a_wrapper(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "bin").mkdir()
    monkeypatch.setattr(environment, "VENV", tmp_path)
    environment.write_wrappers(Tools({"pulumi": tmp_path / "pulumi"}))
    assert [file.name for file in (tmp_path / "bin").iterdir()] == ["pulumi"]
    environment.write_wrappers(Tools({"pulumi": tmp_path / "pulumi", "kubernetes": tmp_path / "kubernetes"}))
    assert sorted(file.name for file in (tmp_path / "bin").iterdir()) == ["kubectl", "pulumi"]
