"""Kubeconfigs for tests, and what the check of a cluster finds."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from diagnostics.render import Located
from kube.kubeconfig import ClusterError, check_reachable, kubeconfig_files, read_kubeconfig

CONTEXT = "mine"


def document(context: str = CONTEXT, *, server: str = "https://127.0.0.1:1", **settings: object) -> dict[str, Any]:
    """A kubeconfig with one context and its cluster; `settings` are the cluster's, with _ for -."""
    cluster = {"server": server} | {key.replace("_", "-"): value for key, value in settings.items()}
    return {
        "current-context": "someone-elses",
        "contexts": [{"name": context, "context": {"cluster": f"{context}-cluster", "user": "ada"}}],
        "clusters": [{"name": f"{context}-cluster", "cluster": cluster}],
    }


def check(file: Path, content: object = None) -> None:
    """Write a kubeconfig, as text or as its document, and check that the cluster of CONTEXT can be reached."""
    if content is not None:
        file.write_text(content if isinstance(content, str) else yaml.safe_dump(content))
    files = kubeconfig_files()
    check_reachable(CONTEXT, read_kubeconfig(files), files)


def error(file: Path, content: object = None) -> Located:
    """The problem that the check finds."""
    with pytest.raises(ClusterError) as raised:
        check(file, content)
    return raised.value.located


def error_of_context(file: Path, content: object = None) -> tuple[str, dict[str, str]]:
    """The code and words of the problem that the check finds with the context."""
    found = error(file, content)
    assert (found.place, found.value) == ("synergychat:context", CONTEXT)
    return found.problem.code, dict(found.problem.words)
