"""Objects: any other Kubernetes objects of a stack's config."""

from collections.abc import Sequence

import pulumi

from components.gateway.gateway import Gateway
from components.gateway.manifests import with_readiness
from components.legacy import formerly_in_configured
from components.moved import formerly_elsewhere, name_in_objects
from config import ObjectConfig
from gatewayapi.kinds import POLICIES
from kube.labels import COMMON, FIELD_MANAGER
from kube.manifest import Manifest
from kube.merge import merge
from kube.readiness import SKIP_AWAIT, timeouts
from kube.resource import KubernetesObject
from preview.recorder import config_source

_PROTECTED = ("CustomResourceDefinition", "Gateway", "Namespace", "PersistentVolume", "PersistentVolumeClaim")
"""Kinds that hold data or an address, or in which others keep theirs."""


def create_objects(
    settings: Sequence[ObjectConfig],
    gateway: Gateway,
    after: Sequence[pulumi.Resource],
    timeout_s: int,
    opts: pulumi.ResourceOptions,
    *,
    protect: bool,
) -> list[pulumi.Resource]:
    """Create the objects as they are, with the labels of the stack. They come after the GatewayClass and `after`.

    With `protect`, Pulumi refuses to delete those that hold data or an address.
    """
    needed = [gateway.class_resource, gateway.namespace.resource, *after]
    own = pulumi.ResourceOptions(depends_on=needed, custom_timeouts=timeouts(timeout_s))
    here = pulumi.ResourceOptions.merge(pulumi.ResourceOptions.merge(opts, own), formerly_in_configured())
    created: list[pulumi.Resource] = []
    for keys in settings:
        manifest = _manifest(keys)
        moved = formerly_elsewhere(manifest, gateway.namespace.name)
        aliased = pulumi.ResourceOptions.merge(here, moved)
        aliased.protect = protect and keys.kind in _PROTECTED
        with config_source(keys.at()):
            created.append(KubernetesObject(name_in_objects(manifest), manifest, aliased))
    return created


def _manifest(keys: ObjectConfig) -> Manifest:
    at_once = SKIP_AWAIT if keys.kind == "Service" else {}
    common = {"metadata": {"annotations": {**FIELD_MANAGER, **at_once}, "labels": COMMON}}
    manifest = merge(common, keys.all_fields)
    # A policy is accepted for its target, which may be a route that comes after the objects.
    return manifest if keys.kind in POLICIES else with_readiness(manifest)
