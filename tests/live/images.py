"""The images of a cluster by digest. The digest of an image that is built here is known only afterwards."""

from local.cluster.cluster import Cluster


def by_digest(cluster: Cluster, name: str) -> str:
    """The image of this name as `REPOSITORY@DIGEST`, under which a pod can ask for it from now on."""
    images = cluster._images()
    named = f"{name.rpartition(':')[0]}@{images.targets()[name]}"
    images._run("tag", "--force", name, named)
    return named
