"""The rules that keep secrets out of what is shown and kept in clear."""

import json

from config.raw import Broken, Given, group, items

DOCKER_CONFIG = ".dockerconfigjson"
"""The key of a Secret by which nodes fetch images: what `docker login` writes to its config.json."""


def rules(given: Given) -> Broken:
    for index, each in enumerate(map(group, items(given.get("objects")))):
        if (each.get("apiVersion"), each.get("kind")) == ("v1", "Secret"):
            yield (
                ("objects", str(index), "kind"),
                "goes into secrets: here its content would be shown and kept in clear",
            )
    for name, content in group(given.get("secrets")).items():
        docker_config = group(content).get(DOCKER_CONFIG)
        if isinstance(docker_config, str) and not _has_registries(docker_config):
            yield ("secrets", name, DOCKER_CONFIG), "must be JSON with `auths`, as Docker's config.json has it"


def _has_registries(docker_config: str) -> bool:
    try:
        return bool(group(group(json.loads(docker_config)).get("auths")))
    except ValueError:
        return False
