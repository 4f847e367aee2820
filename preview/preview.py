"""Preview: the block in which a program declares its objects."""

import asyncio
import os
from collections.abc import Awaitable, Sequence
from types import TracebackType
from typing import Protocol

import pulumi

from config import RequestTestSettings
from diagnostics.exit import exit_silently_on_interrupt, stop
from diagnostics.render import render
from judge import Judge
from kube.manifest import Manifest, ObjectName
from kube.plan_run import WITHOUT_TESTS
from preview import deployed
from preview.claims import is_claim
from preview.promises import broken_promises
from preview.recorder import Recorder
from preview.validate import problems


class Target(Protocol):
    """The platform that the declared objects are validated against."""

    @property
    def crds(self) -> Sequence[Manifest]: ...

    @property
    def version(self) -> str:
        """Release of Envoy Gateway."""
        ...

    def check_requirements(self, declared: Sequence[Manifest]) -> None:
        """End the program when the cluster lacks something that valid objects need."""
        ...


class Preview:
    """Records the objects that are declared in its block, and validates all of them when the block ends.

    Nothing reaches the engine before that, so a problem ends the program with nothing changed. It works without a
    cluster, and in an update as in a preview. `tests` are requests that the objects must answer as they say.

    with Preview(require_digests=False) as preview:
        platform = ...
        preview.validate_against(platform)
        ...  # declare objects
    """

    def __init__(self, *, require_digests: bool, tests: Sequence[RequestTestSettings] = ()) -> None:
        self._require_digests = require_digests
        self._tests = tests
        self._recorder = Recorder()
        self._target: Target | None = None

    @property
    def objects(self) -> Awaitable[Sequence[str]]:
        """Paths of the declared objects, sorted; known when the block has ended."""
        return self._objects

    def validate_against(self, target: Target) -> None:
        """Set the platform that the declared objects are validated against; required once in the block."""
        self._target = target

    def __enter__(self) -> "Preview":
        exit_silently_on_interrupt()
        self._objects: asyncio.Future[Sequence[str]] = asyncio.get_running_loop().create_future()
        pulumi.runtime.register_stack_transformation(self._recorder)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        try:
            if error is None:
                self._validate()
        except Exception as raised:
            error = raised
            raise
        finally:
            if isinstance(error, Exception):
                # The SDK waits for all declared resources before it lets the error out, and one of them waits for this.
                self._objects.set_exception(error)

    def _validate(self) -> None:
        if self._target is None:
            raise RuntimeError("validate_against() was not called")
        declarations = self._recorder.declarations
        found = problems(
            declarations,
            project=pulumi.get_project(),
            crds=self._target.crds,
            version=self._target.version,
            require_digests=self._require_digests,
            # The state is read only for a stack with data: it takes a second.
            deployed_claims=deployed.claims(pulumi.get_stack()) if any(map(is_claim, declarations)) else {},
            judge=Judge.of_environment(warn=pulumi.log.warn),
        )
        manifests = [declaration.manifest for declaration in declarations]
        if self._tests and not found and not os.environ.get(WITHOUT_TESTS):
            found = broken_promises(self._tests, manifests, project=pulumi.get_project(), stack=pulumi.get_stack())
        if found:
            stop(render(found, pulumi.get_stack()))
        self._target.check_requirements(manifests)
        self._objects.set_result(sorted(ObjectName.declared(manifest).path for manifest in manifests))
