"""What several live tests use."""

import json
import subprocess
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import pytest
import yaml

from checks.schema import Crds, builtin
from components.platform.sources import cache_directory
from local.toolchain import Tools
from local.toolchain.pins import MANIFEST_SHA256

_LIMIT_S = 120

Judged = Callable[[Iterable[Mapping[str, Any]]], list[dict[str, Any]]]


@pytest.fixture(scope="session")
def manifest_crds() -> list[dict[str, Any]]:
    """The CustomResourceDefinitions of the pinned release."""
    documents = yaml.load_all((cache_directory() / f"{MANIFEST_SHA256}.yaml").read_bytes(), Loader=yaml.CSafeLoader)
    return [each for each in documents if each and each["kind"] == "CustomResourceDefinition"]


@pytest.fixture(scope="session")
def crds(manifest_crds: list[dict[str, Any]]) -> Crds:
    """All kinds of Kubernetes and of the pinned release."""
    return builtin.with_crds(manifest_crds)


@pytest.fixture(scope="session")
def judged_by(tools: Tools) -> Judged:
    """The judge's answers to questions, in their order, from one process."""

    def answers(questions: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
        asked = "\n".join(map(json.dumps, questions))
        command = [tools.program("judge")]
        done = subprocess.run(command, input=asked, capture_output=True, text=True, check=False, timeout=_LIMIT_S)
        assert done.returncode == 0, done.stderr
        return [json.loads(line) for line in done.stdout.splitlines()]

    return answers
