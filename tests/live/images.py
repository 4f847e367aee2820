"""The images of a cluster by digest. The digest of an image that is built here is known only afterwards."""

from local.cluster.cluster import Cluster
from local.toolchain import pins


def by_digest(cluster: Cluster, name: str) -> str:
    """The image of this name as `REPOSITORY@DIGEST`, under which a pod can ask for it from now on."""
    images = cluster._images()
    named = f"{name.rpartition(':')[0]}@{images.targets()[name]}"
    images._run("tag", "--force", name, named)
    return named


def name_envoy_as_released(cluster: Cluster) -> None:
    """Give the Envoy that is built here the digest of the release, which every stack asks for but the local one."""
    repository = "docker.io/envoyproxy/envoy"
    built, released = f"{repository}:distroless-v{pins.ENVOY}", f"{repository}@{pins.ENVOY_DIGEST}"
    cluster._images()._run("tag", "--force", built, released)
