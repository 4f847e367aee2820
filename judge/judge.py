"""Judge: starts the program that answers beside other work, and reads its answer."""

import json
import os
import subprocess
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from checks.schema import Crds
from diagnostics import Problem
from judge.request import request
from judge.verdicts import verdicts
from kube.manifest import Manifest

VARIABLE = "ENVOY_GATEWAY_JUDGE"
"""The environment variable with the path of the program. If it is not set, or empty, nothing is judged."""
_TIMEOUT_S = 120.0


@dataclass(frozen=True)
class Judge:
    """The program at a path. `warn` is called when it does not answer."""

    program: str
    warn: Callable[[str], None]

    @staticmethod
    def of_environment(warn: Callable[[str], None]) -> "Judge | None":
        """The judge that `ENVOY_GATEWAY_JUDGE` names."""
        program = os.environ.get(VARIABLE)
        return Judge(program, warn) if program else None

    def start(self, manifests: Sequence[Manifest], kinds: Crds, version: str) -> "Trial":
        """Ask about valid objects for the release `version`. The answer comes while the caller does other work."""
        threads = ThreadPoolExecutor(1, thread_name_prefix="judge")
        answer = threads.submit(_answer, self.program, request(manifests, kinds))
        threads.shutdown(wait=False)
        return Trial(answer, manifests, version, self.warn)


def translation(program: str, manifests: Sequence[Manifest], kinds: Crds) -> Mapping[str, Any] | str:
    """The whole answer about valid objects, with the xDS resources of each Gateway; a reason if there is none."""
    return _answer(program, request(manifests, kinds) | {"withXds": True})


def _answer(program: str, question: Mapping[str, Any]) -> Mapping[str, Any] | str:
    """The answer, or the reason why there is none."""
    asked = json.dumps(question).encode()
    try:
        done = subprocess.run([program], input=asked, capture_output=True, check=False, timeout=_TIMEOUT_S)
    except OSError as error:
        return f"{program} cannot be started: {error.strerror}"
    except subprocess.TimeoutExpired:
        return f"it did not answer within {_TIMEOUT_S:.0f} s"
    if done.returncode != 0:
        return next(iter(done.stderr.decode(errors="replace").splitlines()), f"exit code {done.returncode}")
    try:
        return json.loads(done.stdout)
    except ValueError:
        return f"{program} did not answer with JSON"


@dataclass(frozen=True)
class Trial:
    """A question to the judge."""

    answer: Future[Mapping[str, Any] | str]
    manifests: Sequence[Manifest]
    version: str
    warn: Callable[[str], None]

    def verdicts(self) -> Iterator[tuple[Manifest, Problem]]:
        """Wait for the answer, and return the objects that Envoy Gateway refuses.

        None if the judge is of another release, or does not answer: then the run goes on with a warning.
        """
        answer = self.answer.result()
        if isinstance(answer, str):
            self.warn(f"The objects were not shown to Envoy Gateway's own translator: {answer}")
        elif answer["release"] == self.version:
            yield from verdicts(answer, self.manifests)
