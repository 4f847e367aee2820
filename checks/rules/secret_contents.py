"""Secrets and ConfigMaps without the keys that Envoy Gateway looks for."""

import base64
import hashlib
from collections.abc import Iterator

from checks.rules.certificates import SDS_SECRET, secret_value
from diagnostics import Path, Problem, listed, problem
from gatewayapi.kinds import CORE
from gatewayapi.references import Reference, reference, unresolved
from gatewayapi.topology import Topology
from kube.manifest import Manifest, kind_of
from kube.read import items, read, skip_unknown

_USERS = ("spec", "basicAuth", "users")
_USERS_KEY = ".htpasswd"
_KEYS: dict[str, dict[Path, str]] = {
    "HTTPRouteFilter": {("spec", "credentialInjection", "credential", "valueRef"): "credential"},
    "SecurityPolicy": {
        _USERS: _USERS_KEY,
        ("spec", "oidc", "clientIDRef"): "client-id",
        ("spec", "oidc", "clientSecret"): "client-secret",
    },
}
"""Required key by kind of object and path of the reference."""

_AUTHORITY_KEYS = ("ca.crt", "tls.crt")
_HOLDERS = ("Secret", "ConfigMap")


def missing_contents(topology: Topology, manifest: Manifest) -> Iterator[Problem]:
    """The problem of each Secret or ConfigMap that lacks a key which the object that refers to it needs."""
    for path, key in _KEYS.get(kind_of(manifest), {}).items():
        yield from _missing_key(topology, manifest, path, key)
    if kind_of(manifest) == "SecurityPolicy":
        yield from _shared_api_keys(topology, manifest)
        yield from _invalid_users(topology, manifest)
    if kind_of(manifest) == "BackendTLSPolicy":
        yield from _missing_authorities(topology, manifest)


@skip_unknown
def _missing_key(topology: Topology, manifest: Manifest, path: Path, key: str) -> Iterator[Problem]:
    if (value := read(manifest, *path)) is not None:
        ref = reference(manifest, path, value, CORE, "Secret")
        if (keys := _keys(topology, ref)) is not None and key not in keys:
            yield _without(ref, keys, key)


@skip_unknown
def _missing_authorities(topology: Topology, policy: Manifest) -> Iterator[Problem]:
    named = items(policy, "spec", "validation", "caCertificateRefs")
    refs = [reference(policy, path, value, CORE, "Secret") for path, value in named]
    # Envoy Gateway ignores another kind as long as one reference is usable.
    if refs and not any(ref.target.kind in (*_HOLDERS, "ClusterTrustBundle") for ref in refs):
        place, kind = (*refs[0].path, "kind"), refs[0].target.kind
        yield problem("authority-kind-unknown", place, kind, kinds=" or a ".join(_HOLDERS))
    for ref in refs:
        keys = _keys(topology, ref)
        if keys is not None and len(keys) != 1 and not any(key in keys for key in _AUTHORITY_KEYS):
            yield _without(ref, keys, _AUTHORITY_KEYS[0])


@skip_unknown
def _invalid_users(topology: Topology, policy: Manifest) -> Iterator[Problem]:
    """The first line of a list of users that Envoy Gateway refuses. The message has its number, not its content."""
    if (value := read(policy, *_USERS)) is None:
        return
    ref = reference(policy, _USERS, value, CORE, "Secret")
    if unresolved(topology.objects, policy, ref) or _USERS_KEY not in (_keys(topology, ref) or ()):
        return
    lines = secret_value(topology.objects.find(ref.target), _USERS_KEY).decode(errors="replace").split("\n")
    wrong = [number for number, line in enumerate(lines, 1) if line.strip() and not _is_user(line.strip())]
    if wrong or not any(map(str.strip, lines)):
        yield problem("htpasswd-invalid", ref.path, ref.target.name, secret=ref, line=wrong[0] if wrong else 1)


def _is_user(line: str) -> bool:
    _, colon, password = line.partition(":")
    try:
        digest = base64.b64decode(password.removeprefix("{SHA}"), validate=True)
    except ValueError:
        return False
    return (
        bool(colon) and password.startswith("{SHA}") and len(digest) == hashlib.sha1(usedforsecurity=False).digest_size
    )


@skip_unknown
def _shared_api_keys(topology: Topology, policy: Manifest) -> Iterator[Problem]:
    """Clients that share a key, which must identify one client. If two Secrets name a client, the first one counts."""
    clients = set[str]()
    owner: dict[str, str] = {}
    for path, value in items(policy, "spec", "apiKeyAuth", "credentialRefs"):
        ref = reference(policy, path, value, CORE, "Secret")
        secret = topology.objects.find(ref.target)
        for client in sorted(_keys(topology, ref) or ()):
            if client in clients:
                continue
            clients.add(client)
            key = read(secret, "data", client) or read(secret, "stringData", client)
            if (other := owner.setdefault(key, client)) != client:
                both = listed(sorted((other, client)))
                yield problem("api-key-shared", ref.path, ref.target.name, secret=ref, clients=both)


def _keys(topology: Topology, ref: Reference) -> set[str] | None:
    """Keys of a Secret or ConfigMap; None for another kind, a missing object, or an empty one that others fill."""
    if ref.target.group != CORE or ref.target.kind not in _HOLDERS:
        return None
    holder = topology.objects.find(ref.target)
    if holder is None or read(holder, "type") == SDS_SECRET:
        return None
    fields = ("data", "stringData", "binaryData")
    return {key for field in fields for key in read(holder, field, default={})} or None


def _without(ref: Reference, keys: set[str], key: str) -> Problem:
    return problem("secret-key-missing", ref.path, ref.target.name, holder=ref, key=key, keys=listed(sorted(keys)))
