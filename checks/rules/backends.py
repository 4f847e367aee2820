"""Backends of Envoy Gateway that a route names, and that it cannot send requests to."""

from collections.abc import Iterator

from checks.rules.filters import extension
from diagnostics.problem import Mistake, Path
from gatewayapi.attachment import attachments
from gatewayapi.objects import CORE, ENVOY_GATEWAY, Stack, Wire, kind_of
from gatewayapi.references import Reference, reference
from kube.read import items, judged, read


@judged
def mistakes(stack: Stack, route: Wire) -> Iterator[Mistake]:
    for path, _ in items(route, "spec", "rules"):
        yield from _of_rule(stack, route, path)


@judged
def _of_rule(stack: Stack, route: Wire, rule: Path) -> Iterator[Mistake]:
    refs = [reference(route, path, ref, CORE, "Service") for path, ref in items(route, *rule, "backendRefs")]
    for ref in refs:
        if (ref.group, ref.kind) == (ENVOY_GATEWAY, "Backend"):
            yield from _of_backend(stack, route, ref, alone=len(refs) == 1)
            yield from _of_rewrite(stack, route, rule, ref)


@judged
def _of_backend(stack: Stack, route: Wire, ref: Reference, *, alone: bool) -> Iterator[Mistake]:
    backend = stack.find(ref.group, ref.kind, ref.namespace, ref.name)
    if any(read(each, "unix") for _, each in items(backend, "spec", "endpoints")):
        cure = "only a policy's extension is reached at one: give it an ip or fqdn endpoint"
        yield Mistake(path=ref.path, value=ref.name, rule=f"{ref} is a socket of Unix", cure=cure)
    if read(backend, "spec", "type") != "DynamicResolver":
        return
    if not alone:
        rule = f"{ref} resolves the host of each request, so it cannot be one of several backends"
        yield Mistake(path=ref.path, value=ref.name, rule=rule, cure="give it a rule of its own")
    if kind_of(route) == "TLSRoute":
        ended = [each.listener for each in attachments(stack, route) if each.listener.ends_tls]
        for listener in ended[:1]:
            rule = f"{ref} is found by the name in the handshake, and {listener} ends TLS"
            yield Mistake(path=ref.path, value=ref.name, rule=rule, cure="set tls.mode: Passthrough there")


@judged
def _of_rewrite(stack: Stack, route: Wire, rule: Path, ref: Reference) -> Iterator[Mistake]:
    """Whoever asks could have any host resolved, an Envoy's own among them."""
    backend = stack.find(ref.group, ref.kind, ref.namespace, ref.name)
    for path, each in items(route, *rule, "filters"):
        by_path = read(extension(stack, route, each), "spec", "urlRewrite", "hostname", "pathRegex")
        if by_path and read(backend, "spec", "type") == "DynamicResolver":
            told = f"takes the host from the path, and {ref} resolves whatever host a request has"
            yield Mistake(path=path, rule=told, cure="take the host from a header, or name the backend")
