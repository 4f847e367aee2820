"""The tools of the program and the local cluster: found, downloaded or built."""

from local.toolchain.setup import Tools, ensure, find

__all__ = ["Tools", "ensure", "find"]
