"""`make up`, `preview`, `status` and `down`."""

import os
import shutil
from contextlib import AbstractContextManager

from rich.console import Console

from local import supplies
from local.cluster import preflight
from local.cluster.cluster import Cluster
from local.errors import UserError
from local.images import archives
from local.lock import locked
from local.paths import state_root
from local.toolchain.progress import Progress
from tools import stack as stacks
from tools import update
from tools.environment import backend
from tools.reach import check_context, check_reach
from tools.stack import Stack
from tools.status import print_access, report


def up(stack: Stack) -> int:
    """Bring up the local cluster, if the stack uses it, and the stack. Then print how to reach the chat."""
    if stack.on_local_cluster:
        preflight.check_possible()
    with _alone():
        with Progress() as progress:
            if stack.on_local_cluster:
                _up_local_cluster(stack, progress)
            else:
                check_reach(stack)
                with progress.step("set up the tools"):
                    stacks.prepare(supplies.for_stack(progress))
        if not stack.select():
            return 1
        stacks.end_orphaned_plugins()
        stack.release_dead_lock()
        code = update.run(stack)
        if code == 0:
            print_access(stack.outputs(), Console(highlight=False))
        return code


def preview(stack: Stack, *, with_fields: bool) -> int:
    """Print what `up` would change: one line per resource or, `with_fields`, every field that changes."""
    with Progress() as progress:
        stacks.prepare(supplies.for_program(progress))
    if not stack.select():
        return 1
    fields = ["--diff"] if with_fields else []
    return stack.pulumi("preview", *fields, "--stack", stack.name, *stack.configuration()).returncode


def status(stack: Stack) -> int:
    """Print every part of the stack with its state. Return 0 if all parts are well."""
    cluster = Cluster() if stack.on_local_cluster else None
    if cluster is None:
        check_context(stack)
    return 0 if report(stack, cluster, Console(highlight=False)) else 1


def down(stack: Stack, *, purge: bool) -> int:
    """Stop the local cluster. With `purge`, remove the stack instead, and with it the local cluster that it is on."""
    if not stack.on_local_cluster and not purge:
        raise UserError(
            f"make down stops the local cluster; the stack {stack.name} is on {stack.context}.",
            f"To remove the stack from there: make down PURGE=1 STACK={stack.name} CONTEXT={stack.context}",
        )
    with _alone():
        stacks.end_orphaned_plugins()
        own_backend = not os.environ.get("PULUMI_BACKEND_URL")
        # Removing a local cluster removes everything on it, so only state in another backend has to be cleared.
        if purge and not (stack.on_local_cluster and own_backend):
            with Progress() as progress:
                stacks.prepare(supplies.for_program(progress))
            stack.release_dead_lock()
            if not stack.on_local_cluster:
                # With a preview: it finds a protected object before anything that depends on the object is deleted.
                destroyed = stack.pulumi("destroy", "--yes", "--stack", stack.name, *stack.configuration())
                if destroyed.returncode != 0:
                    return destroyed.returncode
            if (code := stack.remove(force=stack.on_local_cluster)) != 0:
                return code
        if stack.on_local_cluster:
            Cluster().down(purge=purge)
            if purge and own_backend:
                shutil.rmtree(backend(stack.context))
    if not purge:
        print("The cluster is stopped; its data is kept.")
    elif stack.on_local_cluster:
        print("The cluster, everything on it, and its state are removed.")
    else:
        print(f"The stack {stack.name} is removed from {stack.context}.")
    return 0


def _alone() -> AbstractContextManager[None]:
    """Let one run at a time change this user's local cluster and stacks."""
    return locked(
        state_root() / "up.lock",
        lambda holder: print(f"Another make up or down ({holder}) is running: waiting for it."),
    )


def _up_local_cluster(stack: Stack, progress: Progress) -> None:
    with progress.step("set up the tools"):
        tools = supplies.for_stack_on_local_cluster(progress)
        stacks.prepare(tools)
        images = archives(tools, progress)
    cluster = Cluster()
    ports: tuple[int, ...] = ()
    if cluster.status().state in ("absent", "stopped"):
        from tools.load_balancer_ports import ports_to_serve  # imports Pulumi's SDK, which takes a second

        ports = ports_to_serve(stack)
    cluster.up(tools, images, progress, ports_to_serve=ports)
