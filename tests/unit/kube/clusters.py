"""Kubeconfigs for tests, and what the check of a cluster finds."""

import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import yaml

from diagnostics.render import Located
from kube.kubeconfig import ClusterError, check_reachable, kubeconfig_files, read_kubeconfig
from kube.manifest import ObjectName

CONTEXT = "mine"

_PLURALS = {
    "configmaps": "ConfigMap",
    "namespaces": "Namespace",
    "secrets": "Secret",
    "customresourcedefinitions.apiextensions.k8s.io": "CustomResourceDefinition",
    "httproutes.gateway.networking.k8s.io": "HTTPRoute",
}
_CLUSTER_SCOPED = ("Namespace", "CustomResourceDefinition")


@dataclass(kw_only=True)
class FakeCluster:
    """Answers the questions about identity and ownership as kubectl does."""

    uid: str = "uid-of-kube-system"
    objects: Mapping[str, tuple[str, str]] = field(default_factory=dict[str, tuple[str, str]])
    """UID and mark of objects by path."""
    forbidden: tuple[str, ...] = ()
    """Resources that the user may not list."""
    is_silent: bool = False
    """Whether it does not answer."""
    asked: list[tuple[str, ...]] = field(default_factory=list[tuple[str, ...]])

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        self.asked.append(arguments)
        if self.is_silent:
            return subprocess.CompletedProcess(arguments, 1, "", "Unable to connect to the server: timeout\n")
        if arguments[0] == "api-resources":
            return subprocess.CompletedProcess(arguments, 0, "".join(map(self._served, _PLURALS.items())), "")
        resources = arguments[1].split(",")
        refused = [resource for resource in resources if resource in self.forbidden]
        errors = "".join(f"Error from server (Forbidden): {resource} is forbidden\n" for resource in refused)
        if "metadata.name=kube-system" in arguments:
            return subprocess.CompletedProcess(arguments, len(refused), "" if refused else self.uid, errors)
        namespace = arguments[3] if arguments[2] == "--namespace" else ""
        lines = [self._line(path) for path in self.objects if self._is_listed(path, resources, namespace)]
        return subprocess.CompletedProcess(arguments, len(refused), "".join(lines), errors)

    def _served(self, names: tuple[str, str]) -> str:
        plural, _, group = names[0].partition(".")
        version = f"{group}/v1" if group else "v1"
        return f"{plural}   short   {version}   {str(names[1] not in _CLUSTER_SCOPED).lower()}   {names[1]}\n"

    def _is_listed(self, path: str, resources: list[str], namespace: str) -> bool:
        name = ObjectName.from_path(path)
        plurals = [each for each in resources if _PLURALS.get(each) == name.kind and each not in self.forbidden]
        return bool(plurals) and name.namespace == namespace

    def _line(self, path: str) -> str:
        name, (uid, stack) = ObjectName.from_path(path), self.objects[path]
        version = f"{name.group}/v1" if name.group else "v1"
        return "\t".join((version, name.kind, name.namespace, name.name, uid, stack)) + "\n"


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
