"""The tools that each command needs. They are ensured in one call, so that downloads and builds overlap."""

from collections.abc import Iterable

from local.images import tools_for
from local.toolchain import Tools, ensure, find
from local.toolchain.envoy_gateway_manifest import ensure_manifest, tools_for_manifest
from local.toolchain.progress import Progress

_PROGRAM = ("pulumi", "pulumi-kubernetes")
_STACK = (*_PROGRAM, "kubernetes")
_CLUSTER = ("kubernetes", "etcd", "containerd", "runc", "cni", "kube-network-policies", "metrics-server")


def for_program(progress: Progress) -> Tools:
    """Ensure what every run of the program needs: `pulumi`, its provider and the manifest of Envoy Gateway."""
    return _for_pulumi(_PROGRAM, progress)


def for_plan(progress: Progress) -> Tools:
    """Ensure what a plan without an engine needs: the manifest of Envoy Gateway."""
    return _with_manifest((), progress)


def for_stack(progress: Progress) -> Tools:
    """Ensure the same and `kubectl`, which finds out why an object is not ready."""
    return _for_pulumi(_STACK, progress)


def for_local_cluster(progress: Progress) -> Tools:
    """Ensure the components of the local cluster, and the tools that its images are built from."""
    return ensure([*_CLUSTER, *tools_for(progress)], progress)


def for_stack_on_local_cluster(progress: Progress) -> Tools:
    """Ensure the tools of the local cluster and of a stack on it.

    Where Envoy Gateway is built, the judge is built from the same packages. Elsewhere that would take minutes.
    """
    of_images = tools_for(progress)
    judge = ["judge"] if "envoy-gateway" in of_images else []
    return _for_pulumi(dict.fromkeys([*_STACK, *_CLUSTER, *of_images, *judge]), progress)


def with_judge(progress: Progress) -> Tools:
    """Ensure what a stack needs, and the judge, which every later run of the program then asks."""
    return _for_pulumi((*_STACK, "judge"), progress)


def for_asking(progress: Progress) -> Tools:
    """Ensure what turns a plan into the configuration of an Envoy, and that Envoy."""
    return _with_manifest(("judge", "envoy"), progress)


def _for_pulumi(names: Iterable[str], progress: Progress) -> Tools:
    """The same, and the judge if an earlier run has built it: `pulumi` then asks it."""
    tools = _with_manifest(names, progress)
    kept = None if "judge" in tools.directories else find("judge")
    return tools if kept is None else Tools({**tools.directories, "judge": kept})


def _with_manifest(names: Iterable[str], progress: Progress) -> Tools:
    tools = ensure([*names, *tools_for_manifest()], progress)
    ensure_manifest(progress)
    return tools
