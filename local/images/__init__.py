"""The images of a stack on the local cluster, as archives: downloaded if the registry answers, else built."""

from local.images.catalogue import archives, tools_for

__all__ = ["archives", "tools_for"]
