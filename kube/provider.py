"""Provider: connect the program to the cluster of a named kubeconfig context, never to the current one."""

import pulumi
import pulumi_kubernetes as k8s

from diagnostics.exit import stop
from diagnostics.render import render
from kube.kubeconfig import ClusterError, check_reachable, kubeconfig_files, read_kubeconfig


def connect(name: str, context: str, on_failure: pulumi.ErrorHook) -> pulumi.ResourceOptions:
    """Options with the provider for `context`. `on_failure` explains every Kubernetes object that fails.

    For an update the context must exist and its API server must answer, else the program ends before anything is
    registered. A preview needs neither.
    """
    files = kubeconfig_files()
    try:
        merged = read_kubeconfig(files)
        if not pulumi.runtime.is_dry_run():
            check_reachable(context, merged, files)
    except ClusterError as error:
        stop(render([error.located], pulumi.get_stack()))
    pulumi.runtime.register_stack_transformation(_common_options(on_failure))
    provider = k8s.Provider(
        name,
        context=context,
        # Without it the SDK would pass on the text of KUBECONFIG, and the provider does not understand a list of files.
        # Empty, the provider reads the variable as kubectl does, and no path of this machine gets into the state.
        kubeconfig="",
        # Update in place: while a ConfigMap is deleted and created again, no pod can start.
        enable_config_map_mutable=True,
        enable_secret_mutable=True,
    )
    return pulumi.ResourceOptions(providers=[provider])


def _common_options(on_failure: pulumi.ErrorHook) -> pulumi.ResourceTransformation:
    """Add the failure hook to every Kubernetes resource, and delete an object before its replacement is created.

    Without the latter, an `up` that fails between creation and deletion leaves the old object to the next `up`. If the
    config has the old name again by then, that `up` adopts the object, as it does with every existing one, and then
    deletes it.
    """
    common = pulumi.ResourceOptions(delete_before_replace=True, hooks=pulumi.ResourceHookBinding(on_error=[on_failure]))

    def transform(args: pulumi.ResourceTransformationArgs) -> pulumi.ResourceTransformationResult | None:
        if not args.type_.startswith("kubernetes:"):
            return None
        return pulumi.ResourceTransformationResult(args.props, pulumi.ResourceOptions.merge(args.opts, common))

    return transform
