"""Rules that keep secrets out of plain text, and that catch contents which cannot work."""

import json
from collections.abc import Iterator

from config.stack import StackConfig
from diagnostics import Problem, problem
from kube.plan_run import is_sealed
from kube.read import read

DOCKER_CONFIG = ".dockerconfigjson"
"""Key of a Secret with registry credentials: the config.json that `docker login` writes."""


def rules(stack: StackConfig) -> Iterator[Problem]:
    """Problems of `secrets`, and Secrets among `objects`."""
    for manifest in stack.objects:
        if (manifest.api_version, manifest.kind) == ("v1", "Secret"):
            yield problem("secret-in-objects", manifest.at("kind"), manifest.kind)
    for name, content in stack.secrets.items():
        docker_config = content.get(DOCKER_CONFIG)
        if docker_config is not None and not is_sealed(docker_config) and not _has_registries(docker_config):
            yield problem("docker-config-invalid", stack.at("secrets", name, DOCKER_CONFIG))


def _has_registries(docker_config: str) -> bool:
    try:
        return bool(read(json.loads(docker_config), "auths"))
    except ValueError:
        return False
