"""The program with changes to the config of the dev stack."""

from pathlib import Path
from typing import Any
from unittest import mock

import pytest

from diagnostics.render import Located, render
from plans.recording import Recording
from preview import preview
from tests.unit import program
from tests.unit.recording import PROJECT


class DevStack:
    """Previews of the dev stack. It installs Envoy Gateway only for keys of it: the CRDs of a release take long."""

    def __init__(self, directory: Path, manifest: Path) -> None:
        self._directory = directory
        self._manifest = manifest

    def run(self, **config: Any) -> Recording:
        """Everything that is registered with these keys in the config."""
        platform = "managed" if "envoyGateway" in config else "external"
        values = {f"{PROJECT}:{key}": value for key, value in {"platform": platform, **config}.items()}
        return program.run(self._directory, preview=True, manifest=self._manifest, config=values)

    def located(self, **config: Any) -> list[Located]:
        """Problems that end the program, sorted by place. Fails when anything is registered."""
        with mock.patch.object(preview, "render", wraps=render) as rendered:
            recording = self.run(**config)
        assert (recording.exit_code, recording.resources) == (32, {})
        found: list[Located] = rendered.call_args.args[0]
        return sorted({str(problem): problem for problem in found}.values(), key=lambda problem: problem.place)

    def problems(self, **config: Any) -> list[tuple[str, str]]:
        """Place and code of every problem."""
        return [place_and_code(found) for found in self.located(**config)]


def place_and_code(found: Located) -> tuple[str, str]:
    """The key, as the user writes it, and the code."""
    prefix = f"{PROJECT}:"
    assert found.place.startswith(prefix)
    return found.place.removeprefix(prefix), found.problem.code


@pytest.fixture
def dev(tmp_path: Path, pinned_manifest: Path) -> DevStack:
    return DevStack(tmp_path, pinned_manifest)
