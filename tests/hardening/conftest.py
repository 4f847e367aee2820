"""The scanners, and the objects that they scan."""

from collections.abc import Callable
from typing import Any

import pytest

from local import venv
from local.paths import REPOSITORY
from local.toolchain import ensure
from local.toolchain.envoy_gateway_manifest import ensure_manifest
from local.toolchain.progress import Progress
from plans.recording import Secret
from tests.hardening.scanners import Scanners
from tests.unit import program
from tests.unit.recording import PROJECT

Registered = Callable[..., list[dict[str, Any]]]
"""The stack's objects, with these keys of its config changed."""
_VENV = REPOSITORY / ".venv-hardening"


@pytest.fixture(scope="session")
def scanners() -> Scanners:
    with Progress() as progress:
        tools = ensure(["kube-score", "pod-security"], progress)
    assert venv.install(("requirements-hardening.txt",), _VENV)
    return Scanners(tools=tools, python=_VENV / "bin")


@pytest.fixture(scope="session")
def registered(tmp_path_factory: pytest.TempPathFactory) -> Registered:
    """All that the prod stack registers, in wire form: the release's objects, the platform's, the app's."""
    with Progress() as progress:
        manifest = ensure_manifest(progress)

    def with_config(**keys: Any) -> list[dict[str, Any]]:
        config = {f"{PROJECT}:{key}": value for key, value in keys.items()}
        directory = tmp_path_factory.mktemp("hardening")
        recording = program.run(directory, stack="prod", preview=True, manifest=manifest, config=config)
        assert (recording.log, recording.exit_code) == ([], None)
        return [_in_clear(resource.inputs) for resource in recording.kubernetes]

    return with_config


@pytest.fixture(scope="session")
def objects(registered: Registered) -> list[dict[str, Any]]:
    return registered()


def _in_clear(value: Any) -> Any:
    """The value as the API server gets it, with secrets in plain text."""
    if isinstance(value, Secret):
        return _in_clear(value.value)
    if isinstance(value, dict):
        return {key: _in_clear(item) for key, item in value.items()}
    return [_in_clear(item) for item in value] if isinstance(value, list) else value
