import json
import subprocess
import sys
from pathlib import Path

import pytest

from local.cluster.cloud.api import Api
from local.errors import UserError
from local.paths import REPOSITORY


def started(folder: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "local.cluster.cloud", "--cluster-dir", str(folder)]
    return subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, timeout=20, check=False)


@pytest.mark.parametrize("content", [None, "", "[]", '{"api_port": 6443}'])
def test_a_missing_or_damaged_settings_file_is_reported_in_one_message(tmp_path: Path, content: str | None) -> None:
    if content is not None:
        (tmp_path / "cloud.json").write_text(content)
    result = started(tmp_path)
    assert result.returncode == 1
    assert result.stderr.startswith(f"The settings file {tmp_path}/cloud.json cannot be read")
    assert "Traceback" not in result.stderr


def test_a_node_that_does_not_run_is_reported(tmp_path: Path) -> None:
    settings = {
        "api_port": 6443,
        "first_address": "127.0.9.1",
        "node_address": "10.250.0.2",
        "outside_netns": "/proc/0/ns/net",
        "kubeconfig": "kubeconfig",
        "volumes": "volumes",
    }
    (tmp_path / "cloud.json").write_text(json.dumps(settings))
    result = started(tmp_path)
    assert result.returncode == 1
    assert "The network namespace /proc/0/ns/net cannot be opened: No such file or directory." in result.stderr
    assert "Traceback" not in result.stderr


@pytest.mark.parametrize(
    "content",
    [
        None,
        "",
        "{not yaml",
        "current-context: x\ncontexts: []",
        "current-context: x\ncontexts: [{name: x, context: {}}]",
    ],
)
def test_a_damaged_kubeconfig_is_named(tmp_path: Path, content: str | None) -> None:
    kubeconfig = tmp_path / "kubeconfig"
    if content is not None:
        kubeconfig.write_text(content)
    with pytest.raises(UserError, match="kubeconfig cannot be used to reach the API server"):
        Api(kubeconfig)
