"""Stubs of Secrets: what stands in a render for an object whose values must not be there."""

from collections.abc import Mapping, Sequence
from typing import Literal

from kube.manifest import Manifest
from render.clean_objects import secret_keys

Stubs = Literal["none", "external", "sealed"]
STORE = "synergychat"
"""Name of the ClusterSecretStore that ExternalSecrets read from."""
NOT_SEALED = "not sealed yet, see SECRETS.md"


def external(secret: Manifest, keys: Sequence[str], stack: str) -> Manifest:
    """An ExternalSecret that makes this Secret, with these keys. https://external-secrets.io/latest/api/externalsecret/"""
    name = secret["metadata"]["name"]
    return {
        "apiVersion": "external-secrets.io/v1",
        "kind": "ExternalSecret",
        "metadata": secret["metadata"],
        "spec": {
            "refreshInterval": "1h",
            "secretStoreRef": {"kind": "ClusterSecretStore", "name": STORE},
            "target": {"name": name, "creationPolicy": "Owner", "template": _template(secret)},
            "data": [{"secretKey": key, "remoteRef": {"key": _remote(stack, secret), "property": key}} for key in keys],
        },
    }


def sealed(secret: Manifest, keys: Sequence[str], values: Mapping[str, str]) -> Manifest:
    """A SealedSecret that makes this Secret, with these keys, of which `values` has those that are sealed already.

    https://github.com/bitnami-labs/sealed-secrets
    """
    return {
        "apiVersion": "bitnami.com/v1alpha1",
        "kind": "SealedSecret",
        "metadata": secret["metadata"],
        "spec": {
            "encryptedData": {key: values.get(key, NOT_SEALED) for key in keys},
            "template": {**_template(secret), "metadata": secret["metadata"]},
        },
    }


def secrets_page(secrets: Sequence[Manifest], stack: str, stubs: Stubs, without_digest: Sequence[str]) -> str:
    """SECRETS.md: the Secrets that must exist, and how they get there.

    `without_digest` names the objects whose pods would have got a digest of their Secrets.
    """
    lines = [
        f"# Secrets of the stack {stack}",
        "",
        "These files have no secret value. The cluster needs these Secrets, each with these keys:",
        "",
        "| namespace | Secret | type | keys |" + (" key in the store |" if stubs == "external" else ""),
        "| --- | --- | --- | --- |" + (" --- |" if stubs == "external" else ""),
    ]
    for secret in secrets:
        metadata = secret["metadata"]
        keys = ", ".join(f"`{key}`" for key in secret_keys(secret))
        cells = [metadata.get("namespace", "default"), metadata["name"], secret.get("type", "Opaque"), keys]
        cells += [f"`{_remote(stack, secret)}`"] if stubs == "external" else []
        lines.append(f"| {' | '.join(cells)} |")
    lines += ["", *_HOW[stubs]]
    if without_digest:
        lines += [
            "",
            "With Pulumi, a changed Secret replaces the pods that use it. Here it does not, because a render does not",
            "know the values. After a change of a Secret, restart these with `kubectl rollout restart`:",
            "",
            *(f"- {name}" for name in without_digest),
        ]
    return "\n".join(lines) + "\n"


_HOW: Mapping[Stubs, Sequence[str]] = {
    "none": [
        "Create them when their namespace exists. Pods and listeners that use a Secret wait until it is there.",
    ],
    "external": [
        f"The ExternalSecrets read them from the ClusterSecretStore `{STORE}`, which you create. In the store,",
        "each key of the last column has one property per key of the Secret.",
    ],
    "sealed": [
        "Seal each value for the cluster, and put the result into `encryptedData` of its SealedSecret. The next render",
        "keeps it:",
        "",
        "```sh",
        "kubeseal --raw --namespace NAMESPACE --name SECRET --from-file=FILE",
        "```",
    ],
}


def _remote(stack: str, secret: Manifest) -> str:
    metadata = secret["metadata"]
    return "/".join((stack, metadata.get("namespace", "default"), metadata["name"]))


def _template(secret: Manifest) -> Manifest:
    """The type and the metadata of the Secret."""
    metadata = {name: secret["metadata"][name] for name in ("labels", "annotations") if name in secret["metadata"]}
    return {"type": secret.get("type", "Opaque"), **({"metadata": metadata} if metadata else {})}
