"""What Envoy Gateway looks for in the Secrets and ConfigMaps that others refer to."""

from collections.abc import Iterator

from checks.rules.certificates import SERVED_BY_OTHERS
from diagnostics.problem import Mistake, Path
from diagnostics.suggest import listed
from gatewayapi.objects import CORE, Stack, Wire, kind_of
from gatewayapi.references import Reference, reference
from kube.read import items, judged, read

_KEYS: dict[str, dict[Path, str]] = {
    "HTTPRouteFilter": {("spec", "credentialInjection", "credential", "valueRef"): "credential"},
    "SecurityPolicy": {
        ("spec", "basicAuth", "users"): ".htpasswd",
        ("spec", "oidc", "clientIDRef"): "client-id",
        ("spec", "oidc", "clientSecret"): "client-secret",
    },
}
"""By kind of object and place of the reference: the key that must be there."""

_AUTHORITIES = ("ca.crt", "tls.crt")
_HOLDERS = ("Secret", "ConfigMap")


def mistakes(stack: Stack, wire: Wire) -> Iterator[Mistake]:
    for path, key in _KEYS.get(kind_of(wire), {}).items():
        yield from _of_key(stack, wire, path, key)
    if kind_of(wire) == "SecurityPolicy":
        yield from _of_api_keys(stack, wire)
    if kind_of(wire) == "BackendTLSPolicy":
        yield from _of_authorities(stack, wire)


@judged
def _of_key(stack: Stack, wire: Wire, path: Path, key: str) -> Iterator[Mistake]:
    if (named := read(wire, *path)) is not None:
        ref = reference(wire, path, named, CORE, "Secret")
        if (keys := _keys(stack, ref)) is not None and key not in keys:
            yield _without(ref, keys, key)


@judged
def _of_authorities(stack: Stack, policy: Wire) -> Iterator[Mistake]:
    named = items(policy, "spec", "validation", "caCertificateRefs")
    refs = [reference(policy, path, each, CORE, "Secret") for path, each in named]
    # One of another kind is passed over, where it is not all that there is.
    if refs and not any(ref.kind in (*_HOLDERS, "ClusterTrustBundle") for ref in refs):
        place, kind, cure = (*refs[0].path, "kind"), refs[0].kind, f"refer to a {' or a '.join(_HOLDERS)}"
        yield Mistake(path=place, value=kind, rule="is nothing that has certificates", cure=cure)
    for ref in refs:
        keys = _keys(stack, ref)
        if keys is not None and len(keys) != 1 and not any(key in keys for key in _AUTHORITIES):
            yield _without(ref, keys, _AUTHORITIES[0])


@judged
def _of_api_keys(stack: Stack, policy: Wire) -> Iterator[Mistake]:
    """A client's key tells who it is, so no two clients have one. Of two Secrets with one client the first counts."""
    clients = set[str]()
    taken: dict[str, str] = {}
    for path, named in items(policy, "spec", "apiKeyAuth", "credentialRefs"):
        ref = reference(policy, path, named, CORE, "Secret")
        secret = stack.find(ref.group, ref.kind, ref.namespace, ref.name)
        for client in sorted(_keys(stack, ref) or ()):
            if client in clients:
                continue
            clients.add(client)
            key = read(secret, "data", client) or read(secret, "stringData", client)
            if (other := taken.setdefault(key, client)) != client:
                rule = f"{ref} has one key for {listed(sorted((other, client)))}"
                yield Mistake(path=ref.path, value=ref.name, rule=rule, cure="give each client a key of its own")


def _keys(stack: Stack, ref: Reference) -> set[str] | None:
    """Those of a Secret or ConfigMap; None when it is neither, is not there, or is left for others to fill."""
    if ref.group != CORE or ref.kind not in _HOLDERS:
        return None
    holder = stack.find(ref.group, ref.kind, ref.namespace, ref.name)
    if holder is None or read(holder, "type") == SERVED_BY_OTHERS:
        return None
    fields = ("data", "stringData", "binaryData")
    return {key for field in fields for key in read(holder, field, default={})} or None


def _without(ref: Reference, keys: set[str], key: str) -> Mistake:
    rule = f"{ref} has no {key}, only {listed(sorted(keys))}"
    return Mistake(path=ref.path, value=ref.name, rule=rule, cure="put it under that key")
