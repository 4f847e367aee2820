"""Reach: whether the kubeconfig has the context of a stack, and whether the API server behind it answers."""

from collections.abc import Callable
from pathlib import Path

from diagnostics import Problem
from diagnostics.render import render
from kube import kubeconfig
from kube.kubeconfig import ClusterError
from local.cluster.cluster import Cluster
from local.errors import UserError
from tools.stack import Stack


def check_reach(stack: Stack) -> None:
    """Run the program's own check of the context. Otherwise a mistyped one would get its own backend."""
    _raise_for(stack, kubeconfig.check_reachable)


def check_context(stack: Stack) -> None:
    """Raise UserError for a context that the kubeconfig does not have."""
    _raise_for(stack, kubeconfig.check_known)


def unknown_context(stack: Stack) -> Problem | None:
    """The problem of a context that the kubeconfig does not have."""
    try:
        _check(stack, kubeconfig.check_known)
    except ClusterError as error:
        found = error.located.problem
        return found if found.code == "context-missing" else None
    return None


def _raise_for(stack: Stack, check: Callable[..., None]) -> None:
    try:
        _check(stack, check)
    except ClusterError as error:
        raise UserError(render([error.located], stack.name)) from error


def _check(stack: Stack, check: Callable[..., None]) -> None:
    files: list[Path] = [Cluster().directory.kubeconfig, *kubeconfig.kubeconfig_files()]
    check(stack.context, kubeconfig.read_kubeconfig(files), files)
