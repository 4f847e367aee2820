"""A context that the kubeconfig does not have: commands of make name it, and those that exist."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from local import supplies
from local.errors import UserError
from tools import environment, lifecycle, pulumi_processes, sealed_preview
from tools.environment import LOCAL_CONTEXT
from tools.reach import check_context, unknown_context
from tools.stack import Stack

STACK = Stack("dev", "does-not-exist", named=True)


@pytest.fixture(autouse=True)
def kubeconfig(only_context: Callable[[str], Path]) -> Path:
    return only_context("kind-one")


def test_make_status_names_the_context_and_what_to_type() -> None:
    with pytest.raises(UserError) as raised:
        lifecycle.status(STACK)
    message = str(raised.value)
    assert 'synergychat:context = "does-not-exist": is not in the kubeconfig; files: ' in message
    assert "contexts: kind-one [context-missing]" in message
    assert "fix: type `make up`" in message


def test_make_down_names_the_context_and_those_that_exist_and_creates_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("PULUMI_BACKEND_URL", raising=False)
    monkeypatch.setattr(supplies, "for_program", lambda _: pytest.fail("the tools are set up"))
    with pytest.raises(UserError) as raised:
        lifecycle.down(STACK, purge=True, confirmed="")
    message = str(raised.value)
    assert 'synergychat:context = "does-not-exist": is not in the kubeconfig; files: ' in message
    assert "contexts: kind-one [context-missing]" in message
    assert [path.name for path in tmp_path.rglob("*") if path.is_file()] == ["kubeconfig"]
    assert not (tmp_path / "synergychat" / "pulumi").exists()


def test_make_preview_names_a_mistyped_context_and_creates_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("PULUMI_BACKEND_URL", raising=False)
    monkeypatch.setattr(supplies, "for_program", lambda _: pytest.fail("the tools are set up"))
    with pytest.raises(UserError, match="context-missing"):
        lifecycle.preview(STACK, with_fields=False)
    assert not (tmp_path / "synergychat" / "pulumi").exists()


@pytest.mark.parametrize("stack", [replace(STACK, named=False), replace(STACK, context=LOCAL_CONTEXT)], ids=str)
def test_make_preview_needs_no_kubeconfig_for_the_context_of_a_stacks_file(
    stack: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("PULUMI_BACKEND_URL", raising=False)
    monkeypatch.setattr(sealed_preview, "lacks_passphrase", lambda _: False)
    monkeypatch.setattr(supplies, "for_program", lambda _: None)
    monkeypatch.setattr(lifecycle.stacks, "prepare", lambda _: None)
    monkeypatch.setattr(Stack, "select", lambda _: False)
    assert lifecycle.preview(stack, with_fields=False) == 1


def test_make_down_removes_a_stack_whose_context_is_gone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PULUMI_BACKEND_URL", raising=False)
    environment.backend(STACK.context)
    asked: list[str] = []
    monkeypatch.setattr(supplies, "for_program", lambda _: None)
    monkeypatch.setattr(lifecycle.stacks, "prepare", lambda _: None)
    monkeypatch.setattr(pulumi_processes, "end_orphaned_plugins", lambda: None)
    monkeypatch.setattr(Stack, "recover", lambda _: None)
    monkeypatch.setattr(Stack, "has_resources", lambda _: False)
    monkeypatch.setattr(Stack, "remove", lambda stack, force: asked.append(stack.context) or 0)
    assert lifecycle.down(STACK, purge=True, confirmed="dev") == 0
    assert asked == ["does-not-exist"]


def test_a_context_that_exists_is_no_problem() -> None:
    known = Stack("dev", "kind-one", named=True)
    check_context(known)
    assert unknown_context(known) is None


def test_a_kubeconfig_that_cannot_be_read_is_left_to_kubectl(kubeconfig: Path) -> None:
    kubeconfig.write_text("[")
    assert unknown_context(STACK) is None
    with pytest.raises(UserError, match="kubeconfig-not-yaml"):
        check_context(STACK)
