"""Adopted Job: one that exists already is run again by the stack that takes it over."""

from collections.abc import Callable, Coroutine, Mapping
from typing import Any

import pulumi

from kube.kubectl import kubectl, last_line
from kube.own_thread import in_own_thread
from kube.readiness import REPLACE_UNREADY


class NotDeleted(Exception):
    """The Job that the stack takes over could not be deleted."""


def is_replaceable_job(manifest: Mapping[str, Any]) -> bool:
    """Whether the object is a Job that may be deleted and run again, as its annotation says."""
    annotations = manifest["metadata"].get("annotations", {})
    return manifest["kind"] == "Job" and REPLACE_UNREADY.items() <= annotations.items()


def delete_job(context: str) -> Callable[[pulumi.ResourceHookArgs], Coroutine[Any, Any, None]]:
    """A hook that deletes the Job of this name, if there is one, before the stack creates its own.

    It cannot be taken over in place. Its pod's template is immutable, and an image of another release or registry is
    another template. A time to live stays where it was set by others, and would delete the Job behind the stack's back.
    https://kubernetes.io/docs/concepts/workloads/controllers/job/#ttl-mechanism-for-finished-jobs

    Raises NotDeleted, which ends the run. Without kubectl it warns, and deletes nothing.
    """

    async def delete(args: pulumi.ResourceHookArgs) -> None:
        metadata = (args.new_inputs or {})["metadata"]
        job = ("delete", "job", metadata["name"], "--namespace", metadata["namespace"])
        typed = f"kubectl --context {context} {' '.join(job)}"
        run = kubectl(context)
        if run is None:
            pulumi.log.warn(f"There is no `kubectl` on the PATH. If the Job exists, delete it, then run again: {typed}")
            return
        done = await in_own_thread(run, *job, "--ignore-not-found", "--timeout", "15s")
        if done.returncode != 0:
            name = f"{metadata['namespace']}/{metadata['name']}"
            pulumi.log.error(
                f"The Job {name}, which the stack adopts, could not be deleted before it is run again: "
                f"{last_line(done.stderr)}. Type: {typed}, then pulumi up"
            )
            raise NotDeleted(f"the Job {name} could not be deleted")

    return delete
