"""Moved routes: aliases for a route that moves between the `hostname` of an app and `routes`, so that it stays.

Without them Pulumi would know two resources for one object. It would update the object through the new resource, and
then delete it with the old one.
"""

import pulumi


def formerly_of_app(name: str) -> pulumi.ResourceOptions:
    """Options for a route of `routes`: an app of the same name may have had this route before."""
    apps = pulumi.create_urn("extraApps", "synergychat:index:Apps")
    exposed = pulumi.create_urn(name, "synergychat:index:Expose", apps)
    return pulumi.ResourceOptions(aliases=[pulumi.Alias(name=name, parent=exposed)])


def formerly_in_routes(name: str) -> pulumi.ResourceOptions:
    """Options for the route of an app: `routes` may have had this route before."""
    alias = pulumi.Alias(name=f"route-{name}", parent=pulumi.ROOT_STACK_RESOURCE)
    return pulumi.ResourceOptions(aliases=[alias])
