import json
from collections.abc import Callable
from pathlib import Path

import pytest


@pytest.fixture
def only_context(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Path]:
    """Write the only kubeconfig, which has this context alone. Return the file."""
    file = tmp_path / "kubeconfig"
    monkeypatch.setenv("KUBECONFIG", str(file))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))

    def write(context: str) -> Path:
        file.write_text(json.dumps({"contexts": [{"name": context, "context": {}}]}))
        return file

    return write
