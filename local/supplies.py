"""Tools of each command, ensured together so that their downloads and builds overlap."""

from collections.abc import Iterable

from local.images import tools_for
from local.toolchain import Tools, ensure
from local.toolchain.envoy_gateway_manifest import ensure_manifest, tools_for_manifest
from local.toolchain.progress import Progress

_PROGRAM = ("pulumi", "pulumi-kubernetes")
_STACK = (*_PROGRAM, "kubernetes")
_CLUSTER = ("kubernetes", "etcd", "containerd", "runc", "cni", "kube-network-policies", "metrics-server")


def for_program(progress: Progress) -> Tools:
    """Any run of the program: `pulumi`, its provider, and the manifest that it installs."""
    return _with_manifest(_PROGRAM, progress)


def for_stack(progress: Progress) -> Tools:
    """A stack on any cluster: `kubectl` as well, to say what is not ready there."""
    return _with_manifest(_STACK, progress)


def for_local_cluster(progress: Progress) -> Tools:
    """The local cluster, and the images that run on it."""
    return ensure([*_CLUSTER, *tools_for(progress)], progress)


def for_stack_on_local_cluster(progress: Progress) -> Tools:
    return _with_manifest(dict.fromkeys([*_STACK, *_CLUSTER, *tools_for(progress)]), progress)


def _with_manifest(names: Iterable[str], progress: Progress) -> Tools:
    tools = ensure([*names, *tools_for_manifest()], progress)
    ensure_manifest(progress)
    return tools
