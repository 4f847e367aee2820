import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tools import lifecycle, pulumi_processes, stack
from tools.stack import Stack


@pytest.fixture(autouse=True)
def own_state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep the backends that commands create out of the user's state."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))


@pytest.fixture
def only_context(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Path]:
    """Write the only kubeconfig, which has this context alone. Return the file."""
    file = tmp_path / "kubeconfig"
    monkeypatch.setenv("KUBECONFIG", str(file))

    def write(context: str) -> Path:
        file.write_text(json.dumps({"contexts": [{"name": context, "context": {}}]}))
        return file

    return write


@pytest.fixture
def without_set_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let `up` and `down` set up nothing, and run the programs in `bin` of the test's directory, their backend."""
    monkeypatch.setattr(stack, "VENV", tmp_path)
    monkeypatch.setenv("PULUMI_BACKEND_URL", tmp_path.as_uri())
    monkeypatch.setattr(pulumi_processes, "end_orphaned_plugins", lambda: None)
    monkeypatch.setattr(lifecycle, "check_reach", lambda _: None)
    monkeypatch.setattr(lifecycle.supplies, "for_stack", lambda _: None)
    monkeypatch.setattr(lifecycle.supplies, "for_program", lambda _: None)
    monkeypatch.setattr(lifecycle.stacks, "prepare", lambda _: None)
    monkeypatch.setattr(lifecycle, "print_access", lambda *_: None)
    monkeypatch.setattr(Stack, "configuration", lambda _: [])
    monkeypatch.setattr(Stack, "select", lambda _: True)
    monkeypatch.setattr(Stack, "remove", lambda _, force: 0)
    monkeypatch.setattr(Stack, "outputs", lambda _: {})
