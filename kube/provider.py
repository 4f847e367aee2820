"""Provider: connect the program to the cluster of a named kubeconfig context, never to the current one."""

import os
from collections.abc import Awaitable, Mapping, Sequence
from typing import Any

import pulumi
import pulumi_kubernetes as k8s

from diagnostics.exit import stop
from diagnostics.render import render
from kube.adopted_job import delete_job, is_replaceable_job
from kube.identity import create_identity
from kube.kubeconfig import ClusterError, check_reachable, kubeconfig_files, read_kubeconfig
from kube.labels import STACK
from kube.manifest import ObjectName
from kube.ownership import is_adopted


def connect(
    name: str,
    context: str,
    on_failure: pulumi.ErrorHook,
    objects: Awaitable[Sequence[str]],
    adopt: Sequence[str],
) -> pulumi.ResourceOptions:
    """Options with the provider for `context`. `on_failure` explains every Kubernetes object that fails.

    `objects` are the paths of all objects; those that exist already must be the stack's own or be named in `adopt`.

    For an update the context must exist and its API server must answer, else the program ends before anything is
    registered. A preview needs neither, nor does a run in which Pulumi is to forget the objects of a lost cluster.
    """
    files = kubeconfig_files()
    try:
        merged = read_kubeconfig(files)
        if not pulumi.runtime.is_dry_run() and not _forgets_unreachable():
            check_reachable(context, merged, files)
    except ClusterError as error:
        stop(render([error.located], pulumi.get_stack()))
    identity = create_identity(context, objects, adopt)
    pulumi.runtime.register_stack_transformation(_common_options(on_failure))
    pulumi.runtime.register_stack_transformation(_ownership(identity.stack, context, adopt))
    provider = k8s.Provider(
        name,
        context=identity.context,
        # Without it the SDK would pass on the text of KUBECONFIG, and the provider does not understand a list of files.
        # Empty, the provider reads the variable as kubectl does, and no path of this machine gets into the state.
        kubeconfig="",
        # Update in place: while a ConfigMap is deleted and created again, no pod can start.
        enable_config_map_mutable=True,
        enable_secret_mutable=True,
    )
    return pulumi.ResourceOptions(providers=[provider])


def _forgets_unreachable() -> bool:
    """Whether the Kubernetes provider deletes objects from the state if their cluster does not answer."""
    return os.environ.get("PULUMI_K8S_DELETE_UNREACHABLE", "").lower() in ("1", "true")


_OVERLAPPING = frozenset(
    {
        "ConfigMap",
        "CronJob",
        "Deployment",
        "GRPCRoute",
        "HorizontalPodAutoscaler",
        "HTTPRoute",
        "Namespace",
        "NetworkPolicy",
        "PodDisruptionBudget",
        "Role",
        "RoleBinding",
        "Secret",
        "Service",
        "ServiceAccount",
    }
)
"""Kinds that serve clients, or that those need. An object with another name can exist beside its predecessor."""


def _common_options(on_failure: pulumi.ErrorHook) -> pulumi.ResourceTransformation:
    """Add the failure hook to every Kubernetes resource, and set whether it is deleted before its replacement.

    A successor with another name or namespace is created first where both can exist, so that no request is lost. Two
    Gateways would want the same ports, and two policies the same target. A successor with the same name always comes
    after the deletion: the provider itself says so.
    """
    hooks = pulumi.ResourceHookBinding(on_error=[on_failure])

    def transform(args: pulumi.ResourceTransformationArgs) -> pulumi.ResourceTransformationResult | None:
        if not args.type_.startswith("kubernetes:"):
            return None
        deletes_first = args.type_.rpartition(":")[2] not in _OVERLAPPING
        common = pulumi.ResourceOptions(delete_before_replace=deletes_first, hooks=hooks)
        return pulumi.ResourceTransformationResult(args.props, pulumi.ResourceOptions.merge(args.opts, common))

    return transform


def _ownership(stack: pulumi.Output[str], context: str, adopt: Sequence[str]) -> pulumi.ResourceTransformation:
    """Mark every Kubernetes object as one of `stack`. Those in `adopt` lose conflicting fields to the stack, and stay
    when the stack is destroyed."""
    runs_again = pulumi.ResourceHookBinding(before_create=[pulumi.ResourceHook("adopted-job", delete_job(context))])

    def transform(args: pulumi.ResourceTransformationArgs) -> pulumi.ResourceTransformationResult | None:
        if not args.type_.startswith("kubernetes:"):
            return None
        manifest: Mapping[str, Any] = args.props
        adopted = is_adopted(ObjectName.declared(dict(manifest)), adopt)
        metadata = manifest["metadata"]
        # A release that was applied by hand owns whole lists, including their defaults.
        force = {"pulumi.com/patchForce": "true"} if adopted else {}
        annotations = {**metadata.get("annotations", {}), **force, STACK: stack}
        props = {**manifest, "metadata": {**metadata, "annotations": annotations}}
        hooks = runs_again if adopted and is_replaceable_job(manifest) else None
        # None keeps the object's own option, such as that of a volume claim.
        own = pulumi.ResourceOptions(retain_on_delete=adopted or None, hooks=hooks)
        return pulumi.ResourceTransformationResult(props, pulumi.ResourceOptions.merge(args.opts, own))

    return transform
