"""Platform: the CRDs, the controllers and the GatewayClass that a stack's Gateways need, its own or others'."""

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi

from components.platform.cert_manager import CertManager, CertManagerArgs
from components.platform.cert_manager_release import CertManagerRelease
from components.platform.envoy_gateway import EnvoyGateway, EnvoyGatewayArgs
from components.platform.release import Manifest, Object
from components.platform.requirements import Wanted, lacks, look
from config.values import Ownership
from diagnostics.exit import stop
from kube import provider
from kube.kubectl import kubectl
from preview.recorder import Declared


@dataclass(frozen=True, kw_only=True)
class Platform:
    """What a stack's Gateways need, and whose it is."""

    is_external: bool
    """Whether all of it, the GatewayClass as well, is others'."""
    manifest: Manifest
    """The release whose kinds are there."""
    namespace: str
    """Where the controller and its Envoys run."""
    crds: Sequence[Object]
    """What is known of the kinds that are there."""
    resources: Sequence[pulumi.Resource]
    """What objects of these kinds come after; of an external platform nothing."""

    @classmethod
    def of(
        cls,
        name: str,
        ownership: Ownership,
        args: EnvoyGatewayArgs,
        cert_manager: CertManagerRelease | None,
        opts: pulumi.ResourceOptions,
    ) -> "Platform":
        """Installs Envoy Gateway as `name`, unless it is others'. Whether it is there then, `rely` finds out.

        cert-manager comes after it, where the stack installs that.
        """
        is_external = ownership == "external"
        resources: list[pulumi.Resource] = [] if is_external else [EnvoyGateway(name, args, opts).controller]
        if cert_manager is not None:
            further = CertManagerArgs(
                release=cert_manager, after=resources, protect=args.protect, timeout_s=args.timeout_s
            )
            resources = [*resources, *CertManager("cert-manager", further, opts).webhooks]
        return cls(
            is_external=is_external,
            manifest=args.manifest,
            namespace=args.manifest.namespace["metadata"]["name"],
            crds=(*args.manifest.crds, *(cert_manager.crds if cert_manager else ())),
            resources=resources,
        )


def rely(platform: Platform, declared: Declared, context: str, class_name: str) -> None:
    """Ends the program when an external platform lacks something of what was declared, with all that it lacks.

    A preview asks only a cluster that answers. What nobody lets us read is passed over with a warning.
    """
    if not platform.is_external or (pulumi.runtime.is_dry_run() and not _answers(context)):
        return
    run = kubectl(context)
    if run is None:
        pulumi.log.warn("There is no `kubectl` on the PATH to look at what synergychat:platform external relies on")
        return
    wanted = Wanted(
        release=platform.manifest,
        namespace=platform.namespace,
        class_name=class_name,
        kinds=frozenset((str(each.wire.get("apiVersion")), str(each.wire.get("kind"))) for each in declared.objects),
    )
    found = look(run, wanted)
    for reason in found.unanswered:
        pulumi.log.warn(f"Not all that synergychat:platform external relies on could be looked at: {reason}")
    if lines := list(lacks(wanted, found)):
        listed = "\n".join(f"  {line}" for line in lines)
        stop(
            f"Stack {pulumi.get_stack()} relies on a platform (synergychat:platform is external) "
            f"that context {context} does not have:\n{listed}\n"
            "Nothing was changed. Bring up the stack that manages it first, "
            "or let this one do so: pulumi config set platform managed"
        )


def _answers(context: str) -> bool:
    files = provider.kubeconfig_files()
    try:
        provider.check(context, provider.read(files), files)
    except provider.ClusterError:
        return False
    return True
