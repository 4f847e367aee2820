"""The images that a stack on the local cluster runs, as archives: fetched where a registry answers, else built."""

from local.images.catalogue import archives, tools_for

__all__ = ["archives", "tools_for"]
