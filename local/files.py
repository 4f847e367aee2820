"""Write a file whole, as `kube.files` does."""

from kube.files import write_whole

__all__ = ["write_whole"]
