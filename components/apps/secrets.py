"""Secrets: those of a stack's config, and which pods a change of one has to replace."""

import hashlib
import hmac
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

import pulumi
import pulumi_kubernetes as k8s

from components.gateway.manifests import Wire
from config.secret_rules import DOCKER_CONFIG
from kube.json_paths import children
from kube.labels import metadata
from kube.namespace import Namespace

_APP = "gateway"
# https://kubernetes.io/docs/concepts/configuration/secret/#secret-types
_TYPES = {
    "kubernetes.io/tls": {"tls.crt", "tls.key"},
    "kubernetes.io/dockerconfigjson": {DOCKER_CONFIG},
}
# How a pod's spec names a Secret: a variable, all variables, a volume's and a projected volume's source.
_REFERENCES = {"secretKeyRef": "name", "secretRef": "name", "secret": "secretName"}


@dataclass(frozen=True, kw_only=True)
class Secrets:
    """Secrets in one namespace, by name."""

    contents: Mapping[str, Mapping[str, str]]
    resources: Mapping[str, k8s.core.v1.Secret]

    @classmethod
    def made(
        cls, contents: Mapping[str, Mapping[str, str]], namespace: Namespace, opts: pulumi.ResourceOptions
    ) -> "Secrets":
        # They were the component `configured`'s once: a stack of that time keeps its objects.
        formerly = pulumi.Alias(parent=pulumi.create_urn("configured", "synergychat:index:Configured"))
        here = pulumi.ResourceOptions.merge(
            opts, pulumi.ResourceOptions(aliases=[formerly], depends_on=[namespace.resource])
        )
        resources = {
            key: k8s.core.v1.Secret(
                f"secret-{key}",
                metadata=metadata(_APP, key, namespace=namespace.name),
                type=next((name for name, keys in _TYPES.items() if keys <= content.keys()), "Opaque"),
                string_data=content,  # which its class hands on as secret
                opts=here,
            )
            for key, content in contents.items()
        }
        return cls(contents=contents, resources=resources)

    def used_by(self, pod: Wire) -> list[str]:
        """The names of those that a pod's spec names."""
        return sorted(set(_named(pod)) & self.contents.keys())

    def digest(self, names: Sequence[str]) -> pulumi.Output[str]:
        """Another value after any change of the content of one of these.

        A plain hash would give a short password away to whoever tries likely ones: everybody who may read Deployments,
        who are more than may read Secrets. So it is keyed with what nobody can guess and only readers of the Secrets
        know, their UIDs. The state has UIDs in clear: there the digest itself is encrypted, as the contents are.
        """
        content = pulumi.Output.secret(json.dumps({name: self.contents[name] for name in names}, sort_keys=True))
        uids = [self.resources[name].metadata.apply(lambda described: str(described.uid)) for name in names]
        return pulumi.Output.all(content, *uids).apply(_keyed)


def _keyed(parts: Sequence[str]) -> str:
    content, *uids = parts
    return hmac.new("".join(uids).encode(), content.encode(), hashlib.sha256).hexdigest()


def _named(value: Any) -> Iterator[str]:
    for step, child in children(value):
        if step in _REFERENCES and isinstance(child, Mapping):
            reference = cast(Mapping[str, Any], child)
            name = reference.get(_REFERENCES[step], reference.get("name"))
            if isinstance(name, str):
                yield name
        yield from _named(child)
