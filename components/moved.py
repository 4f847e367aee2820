"""Moved: aliases for an object that moves from one key of the config to another, so that it stays.

Without them Pulumi would know two resources for one object. It would update the object through the new resource, and
then delete it with the old one.
"""

from collections.abc import Sequence

import pulumi

from gatewayapi.kinds import POLICIES, ROUTES
from kube.manifest import DEFAULT_NAMESPACE, Manifest, kind_of, name_of
from kube.read import read


def formerly_of_app(name: str) -> pulumi.ResourceOptions:
    """Options for a route of `routes`: an app of the same name may have had this route before."""
    return pulumi.ResourceOptions(aliases=[pulumi.Alias(name=name, parent=_exposed(name))])


def formerly_in_routes(name: str) -> pulumi.ResourceOptions:
    """Options for the route of an app: `routes` may have had this route before."""
    alias = pulumi.Alias(name=f"route-{name}", parent=pulumi.ROOT_STACK_RESOURCE)
    return pulumi.ResourceOptions(aliases=[alias])


def name_in_objects(manifest: Manifest) -> str:
    """The name of the resource for an object of `objects`."""
    return _name_in_objects(manifest, read(manifest, "metadata", "namespace", default=""))


def formerly_in_objects(manifest: Manifest) -> pulumi.ResourceOptions:
    """Options for an object that `objects` may have had before."""
    return _at_root(_names_in_objects(manifest))


def formerly_elsewhere(manifest: Manifest, namespace: str) -> pulumi.ResourceOptions:
    """Options for an object of `objects` that `routes`, `apps`, `policies` or `gateways` may have had before.

    Their objects are in the Gateway's `namespace`. An object in the default namespace may have been written without it.
    """
    written = _at_root([name for name in _names_in_objects(manifest) if name != name_in_objects(manifest)])
    if read(manifest, "metadata", "namespace") != namespace:
        return written
    kind, name = kind_of(manifest), name_of(manifest)
    aliases: list[pulumi.Alias | pulumi.Input[str]] = []
    if kind in ROUTES:
        of_app = pulumi.create_urn(name, "synergychat:index:Route", _exposed(name))
        aliases = [pulumi.Alias(name=f"{name}-route", parent=of_app), _child(f"route-{name}", "Route")]
    elif kind in POLICIES:
        aliases = [_child(f"policy-{name}", "Policy")]
    elif kind == "Gateway":
        aliases = [_child(f"gateway-{name}", "Gateway")]
    return pulumi.ResourceOptions.merge(written, pulumi.ResourceOptions(aliases=aliases))


def _names_in_objects(manifest: Manifest) -> list[str]:
    namespace = read(manifest, "metadata", "namespace", default="")
    written = ("", DEFAULT_NAMESPACE) if namespace in ("", DEFAULT_NAMESPACE) else (namespace,)
    return [_name_in_objects(manifest, namespace) for namespace in written]


def _name_in_objects(manifest: Manifest, namespace: str) -> str:
    return "/".join(["object", kind_of(manifest).lower(), namespace, name_of(manifest)])


def _at_root(names: Sequence[str]) -> pulumi.ResourceOptions:
    return pulumi.ResourceOptions(
        aliases=[pulumi.Alias(name=name, parent=pulumi.ROOT_STACK_RESOURCE) for name in names]
    )


def _exposed(app: str) -> pulumi.Output[str]:
    apps = pulumi.create_urn("extraApps", "synergychat:index:Apps")
    return pulumi.create_urn(app, "synergychat:index:Expose", apps)


def _child(component: str, kind: str) -> pulumi.Alias:
    """The object of a component that has the component's kind."""
    parent = pulumi.create_urn(component, f"synergychat:index:{kind}")
    return pulumi.Alias(name=f"{component}-{kind.lower()}", parent=parent)
