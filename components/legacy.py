"""Legacy: names of resources in earlier versions, so that stacks of that time keep their objects."""

import pulumi


def formerly_in_configured(name: str | None = None) -> pulumi.ResourceOptions:
    """Options for a former child of the component `configured`, which had the same name unless one is given."""
    parent = pulumi.create_urn("configured", "synergychat:index:Configured")
    alias = pulumi.Alias(parent=parent) if name is None else pulumi.Alias(name=name, parent=parent)
    return pulumi.ResourceOptions(aliases=[alias])


def formerly_configured() -> pulumi.ResourceOptions:
    """Options for the component that replaces `configured`.

    No child's name may start with the component's: Pulumi would then derive another old name for the child.
    """
    alias = pulumi.Alias(name="configured", type_="synergychat:index:Configured")
    return pulumi.ResourceOptions(aliases=[alias])
