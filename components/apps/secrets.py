"""Secrets of a stack's config, and the pods that a change of one has to replace."""

import hashlib
import hmac
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

import pulumi

from components.legacy import formerly_in_configured
from config.secret_rules import DOCKER_CONFIG
from kube.json_paths import children
from kube.labels import metadata
from kube.manifest import Manifest
from kube.namespace import Namespace
from kube.resource import KubernetesObject
from preview.recorder import config_source, secret

_APP = "gateway"
# https://kubernetes.io/docs/concepts/configuration/secret/#secret-types
_TYPES = {
    "kubernetes.io/tls": {"tls.crt", "tls.key"},
    "kubernetes.io/dockerconfigjson": {DOCKER_CONFIG},
}
_REFERENCES = {"secretKeyRef": "name", "secretRef": "name", "secret": "secretName"}
"""Ways in which a pod's spec names a Secret: in a variable, for all variables, in a volume or a projected volume."""


@dataclass(frozen=True, kw_only=True)
class Secrets:
    """Secrets of one namespace by name."""

    contents: Mapping[str, Mapping[str, str]]
    resources: Mapping[str, KubernetesObject]

    @property
    def all(self) -> list[KubernetesObject]:
        """All Secrets of the stack."""
        return list(self.resources.values())

    def used_by(self, pod: Manifest) -> list[str]:
        """Names of the Secrets that a pod's spec refers to."""
        return sorted(set(_references(pod)) & self.contents.keys())

    def digest(self, names: Sequence[str]) -> pulumi.Output[str]:
        """A value that changes with the content of any of these Secrets.

        A plain hash would reveal a short password to whoever tries likely ones, and more people may read Deployments
        than Secrets. So it is keyed with the UIDs of the Secrets, which only their readers know. The state has the UIDs
        in plain text, so the digest itself is encrypted there, like the contents.
        """
        content = pulumi.Output.secret(json.dumps({name: self.contents[name] for name in names}, sort_keys=True))
        # A preview without a cluster returns the metadata as declared.
        uids = [self.resources[name].metadata.apply(lambda metadata: str(metadata.get("uid", ""))) for name in names]
        return pulumi.Output.all(content, *uids).apply(_keyed)


def create_secrets(
    contents: Mapping[str, Mapping[str, str]], namespace: Namespace, opts: pulumi.ResourceOptions
) -> Secrets:
    """Create the Secrets of a stack."""
    own = pulumi.ResourceOptions(depends_on=[namespace.resource])
    here = pulumi.ResourceOptions.merge(pulumi.ResourceOptions.merge(opts, own), formerly_in_configured())
    resources: dict[str, KubernetesObject] = {}
    for name, content in contents.items():
        manifest: Manifest = {
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": metadata(_APP, name, namespace=namespace.name),
            "type": next((kind for kind, keys in _TYPES.items() if keys <= content.keys()), "Opaque"),
            "stringData": secret(content),
        }
        with config_source(("secrets", name)):
            resources[name] = KubernetesObject(f"secret-{name}", manifest, here)
    return Secrets(contents=contents, resources=resources)


def _keyed(parts: Sequence[str]) -> str:
    content, *uids = parts
    return hmac.new("".join(uids).encode(), content.encode(), hashlib.sha256).hexdigest()


def _references(value: Any) -> Iterator[str]:
    for step, child in children(value):
        if step in _REFERENCES and isinstance(child, Mapping):
            reference = cast(Mapping[str, Any], child)
            name = reference.get(_REFERENCES[step], reference.get("name"))
            if isinstance(name, str):
                yield name
        yield from _references(child)
