"""A context that the kubeconfig does not have: `make up` and `make status` name it, and those that exist."""

import json
from pathlib import Path

import pytest

from local.errors import UserError
from tools import lifecycle
from tools.reach import check_context, unknown_context
from tools.stack import Stack

STACK = Stack("dev", "does-not-exist", named=True)


@pytest.fixture(autouse=True)
def kubeconfig(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    file = tmp_path / "kubeconfig"
    file.write_text(json.dumps({"contexts": [{"name": "kind-one", "context": {}}]}))
    monkeypatch.setenv("KUBECONFIG", str(file))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    return file


def test_make_status_names_the_context_and_what_to_type() -> None:
    with pytest.raises(UserError) as raised:
        lifecycle.status(STACK)
    message = str(raised.value)
    assert 'synergychat:context = "does-not-exist": is not in the kubeconfig; files: ' in message
    assert "contexts: kind-one [context-missing]" in message
    assert "fix: type `make up`" in message


def test_a_context_that_exists_is_no_problem() -> None:
    known = Stack("dev", "kind-one", named=True)
    check_context(known)
    assert unknown_context(known) is None


def test_a_kubeconfig_that_cannot_be_read_is_left_to_kubectl(kubeconfig: Path) -> None:
    kubeconfig.write_text("[")
    assert unknown_context(STACK) is None
    with pytest.raises(UserError, match="kubeconfig-not-yaml"):
        check_context(STACK)
