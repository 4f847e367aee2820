"""`make up`, `preview`, `status` and `down`."""

import os
import shutil

from rich.console import Console

from local import stack as stacks
from local.cluster.cluster import Cluster
from local.environment import backend
from local.errors import UserError
from local.images import archives, tools_for
from local.lock import locked
from local.paths import state_root
from local.report import print_access, report
from local.stack import Stack
from local.toolchain import Tools, ensure
from local.toolchain.manifest import ensure_manifest
from local.toolchain.progress import Progress

PULUMI_TOOLS = ("pulumi", "pulumi-kubernetes", "kubernetes")
CLUSTER_TOOLS = ("kubernetes", "etcd", "containerd", "runc", "cni")


def tools_for_local_stack(progress: Progress) -> Tools:
    """All that a stack on the local cluster needs, in one go, so that downloads and builds overlap."""
    tools = ensure([*dict.fromkeys([*PULUMI_TOOLS, *CLUSTER_TOOLS, *tools_for(progress)])], progress)
    ensure_manifest(progress)
    return tools


def up(stack: Stack) -> int:
    with locked(state_root() / "up.lock", lambda holder: print(f"Another make up ({holder}) runs: waiting for it.")):
        with Progress() as progress:
            if stack.on_local_cluster:
                tools = tools_for_local_stack(progress)
                stacks.prepare(tools)
                Cluster().up(tools, archives(tools, progress), progress)
            else:
                stacks.prepare(ensure(PULUMI_TOOLS, progress))
                ensure_manifest(progress)
        if not stack.select():
            return 1
        done = stack.pulumi("up", "--yes", "--skip-preview", "--stack", stack.name, *stack.configuration())
        if done.returncode == 0:
            print_access(stack.outputs(), Console(highlight=False))
        return done.returncode


def preview(stack: Stack) -> int:
    with Progress() as progress:
        stacks.prepare(ensure(PULUMI_TOOLS, progress))
        ensure_manifest(progress)
    if not stack.select():
        return 1
    return stack.pulumi("preview", "--diff", "--stack", stack.name, *stack.configuration()).returncode


def status(stack: Stack) -> int:
    cluster = Cluster() if stack.on_local_cluster else None
    return 0 if report(stack, cluster, Console(highlight=False)) else 1


def down(stack: Stack, *, purge: bool) -> int:
    if not stack.on_local_cluster and not purge:
        raise UserError(
            f"make down stops the local cluster; the stack {stack.name} is on {stack.context}.",
            f"To remove the stack from there: make down PURGE=1 STACK={stack.name} CONTEXT={stack.context}",
        )
    cluster = Cluster() if stack.on_local_cluster else None
    # Without its cluster a stack's objects are gone anyway: only the state is left to remove.
    if purge and (cluster is None or cluster.is_running()):
        with Progress() as progress:
            stacks.prepare(ensure(PULUMI_TOOLS, progress))
        destroyed = stack.pulumi("destroy", "--yes", "--skip-preview", "--stack", stack.name, *stack.configuration())
        if destroyed.returncode != 0:
            return destroyed.returncode
    if cluster is not None:
        cluster.down(purge=purge)
    if purge and not os.environ.get("PULUMI_BACKEND_URL"):
        shutil.rmtree(backend(stack.context).removeprefix("file://"), ignore_errors=True)
    print("The cluster is stopped; its data is kept." if not purge else "Everything is removed.")
    return 0
