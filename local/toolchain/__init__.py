"""The tools that the program and the local cluster need, however this machine can get them."""

from local.toolchain.setup import Tools, ensure

__all__ = ["Tools", "ensure"]
