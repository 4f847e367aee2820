"""`make up`, `preview`, `drift`, `status` and `down`."""

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
from tools import confirmation, pulumi_processes, sealed_preview, update
from tools import stack as stacks
from tools.environment import backend, has_backend
from tools.plan import Plan
from tools.reach import check_context, check_reach
from tools.stack import Stack
from tools.status import print_access, report


def up(stack: Stack, *, confirmed: str) -> int:
    """Bring up the local cluster, if the stack uses it, and the stack. Then print how to reach the chat.

    On another cluster the plan comes first, and then a question that `confirmed`, the stack's name, answers.
    """
    confirmation.check(stack, confirmed)
    if stack.on_local_cluster:
        preflight.check_possible()
    with alone():
        with Progress() as progress:
            if stack.on_local_cluster:
                _up_local_cluster(stack, progress)
            else:
                check_reach(stack)
                with progress.step("set up the tools"):
                    stacks.prepare(supplies.for_stack(progress))
        if not stack.select():
            return 1
        pulumi_processes.end_orphaned_plugins()
        refresh = stack.recover()
        if not stack.on_local_cluster and (code := _confirm_update(stack, confirmed, refresh=refresh)) != 0:
            return code
        code = update.run(stack, refresh=refresh)
        if code == 0:
            print_access(stack.outputs(), Console(highlight=False))
        return code


def preview(stack: Stack, *, with_fields: bool, sealed: bool = False) -> int:
    """Print what `up` would change: one line per resource or, `with_fields`, every field that changes.

    With `sealed`, or without the passphrase of the stack, print what the stack declares.
    """
    # A job without a kubeconfig previews a stack with the context of its file. A mistyped one would get a backend.
    if stack.named and not stack.on_local_cluster and not has_backend(stack.context):
        check_context(stack)
    if sealed or sealed_preview.lacks_passphrase(stack):
        return sealed_preview.run(stack)
    with Progress() as progress:
        stacks.prepare(supplies.for_program(progress))
    if not stack.select():
        return 1
    plan = Plan.of(stack, "preview", *(["--diff"] if with_fields else []))
    plan.print()
    return plan.exit_code


def judge() -> int:
    """Build the program that says what Envoy Gateway would refuse. Later runs of the stacks ask it."""
    with Progress() as progress:
        stacks.prepare(supplies.with_judge(progress))
    return 0


def drift(stack: Stack) -> int:
    """Print what differs on the cluster from the stack. Return 0 if nothing does; neither of them changes."""
    check_reach(stack)
    with Progress() as progress:
        stacks.prepare(supplies.for_stack(progress))
    if not stack.select():
        return 1
    plan = Plan.of(stack, "preview", "--refresh")
    plan.print()
    return plan.exit_code or int(plan.changes)


def status(stack: Stack) -> int:
    """Print every part of the stack with its state. Return 0 if all parts are well."""
    cluster = Cluster() if stack.on_local_cluster else None
    if cluster is None:
        check_context(stack)
    return 0 if report(stack, cluster, Console(highlight=False)) else 1


def down(stack: Stack, *, purge: bool, confirmed: str) -> int:
    """Stop the local cluster. With `purge`, remove the stack instead, and with it the local cluster that it is on.

    On another cluster this asks for the stack's name first, unless `confirmed` has it.
    """
    confirmation.check(stack, confirmed)
    if not stack.on_local_cluster and not purge:
        raise UserError(
            f"make down stops the local cluster; the stack {stack.name} is on {stack.context}.",
            f"To remove the stack from there: {_typed_purge(stack)}",
        )
    # A context that is gone from the kubeconfig may have state to remove, but a mistyped one would get a backend.
    if not stack.on_local_cluster and not has_backend(stack.context):
        check_context(stack)
    with alone():
        pulumi_processes.end_orphaned_plugins()
        own_backend = not os.environ.get("PULUMI_BACKEND_URL")
        # Removing a local cluster removes everything on it, so only state in another backend has to be cleared.
        if purge and not (stack.on_local_cluster and own_backend):
            with Progress() as progress:
                ensure = supplies.for_program if stack.on_local_cluster else supplies.for_stack
                stacks.prepare(ensure(progress))
            if stack.on_local_cluster:
                stack.release_lock()
            else:
                stack.recover()
                if (code := _destroy(stack, confirmed)) != 0:
                    return code
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


def _confirm_update(stack: Stack, confirmed: str, *, refresh: bool) -> int:
    """Show the plan and ask. Return Pulumi's exit code if there is no plan; UserError unless it is confirmed."""
    plan = Plan.of(stack, "preview", *(["--refresh"] if refresh else []))
    plan.print()
    if plan.exit_code == 0 and plan.changes:
        question = f"Update the stack {stack.name} on {stack.context}?"
        confirmation.ask(stack, question, "yes", confirmed=confirmed, typed=stack.typed_up)
    return plan.exit_code


def _destroy(stack: Stack, confirmed: str) -> int:
    """Show what a removal deletes, ask for the stack's name, and delete it. Return Pulumi's exit code.

    A state without resources needs no cluster, which may be gone.
    """
    has_resources = stack.has_resources()
    if has_resources:
        plan = Plan.of(stack, "destroy", "--preview-only")
        plan.print()
        if plan.exit_code != 0:
            return plan.exit_code
    question = f"Remove the stack {stack.name} from {stack.context}?"
    confirmation.ask(stack, question, stack.name, confirmed=confirmed, typed=_typed_purge(stack))
    if not has_resources:
        return 0
    # Its own preview finds a protected object before anything that depends on the object is deleted.
    return stack.pulumi("destroy", "--yes", "--stack", stack.name, *stack.configuration()).returncode


def _typed_purge(stack: Stack) -> str:
    return f"make down PURGE=1{stack.typed_variables}"


def alone() -> AbstractContextManager[None]:
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
