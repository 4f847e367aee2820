"""Rules between the keys of a Gateway."""

from collections.abc import Iterator
from itertools import chain

from config.certificates import SOURCES, CertificateConfig
from config.gateway import ServingConfig
from config.stack import StackConfig
from diagnostics import Path, Problem, listed, problem
from kube.read import read

_OWN_KEYS = {"listeners": "listeners", "gatewayClassName": "className"}
"""Fields of a Gateway's spec, by the key of the config that sets them."""


def rules(stack: StackConfig) -> Iterator[Problem]:
    """Problems of every Gateway of a stack."""
    if stack.gateway.name in stack.gateways:
        yield problem("name-taken", stack.at("gateways", stack.gateway.name), name="the chat's own Gateway")
    for gateway in stack.all_gateways.values():
        every = (_exposure, _listeners, _spec, _https, _replicas)
        yield from chain.from_iterable(rules(gateway) for rules in every)


def _exposure(gateway: ServingConfig) -> Iterator[Problem]:
    ports: dict[int, int] = {}
    for place, is_required, port, node_port in _node_ports(gateway):
        if gateway.exposure != "NodePort" and node_port is not None:
            yield problem("node-port-without-exposure", place, node_port)
        if gateway.exposure == "NodePort" and node_port is None and is_required:
            yield problem("node-port-required", place)
        if node_port is not None and ports.setdefault(node_port, port) != port:
            yield problem("node-port-taken", place, node_port, port=ports[node_port])


def _node_ports(gateway: ServingConfig) -> Iterator[tuple[Path, bool, int, int | None]]:
    """Path of each `nodePort`, whether URLs need it, the port that it leads to, and its value."""
    yield gateway.at("nodePort"), True, gateway.port, gateway.node_port
    if https := gateway.https:
        yield https.at("nodePort"), True, https.port, https.node_port
    for listener in gateway.listeners:
        yield listener.at("nodePort"), listener.protocol == "HTTPS", listener.port, listener.node_port


def _listeners(gateway: ServingConfig) -> Iterator[Problem]:
    for listener in gateway.listeners:
        yield from _one_source(listener)
        if listener.issuer is not None and not listener.hostname:
            yield problem("issuer-needs-hostname", listener.at("issuer"), listener.issuer)
        for source in listener.sources if listener.protocol not in ("HTTPS", "TLS") else ():
            yield problem("certificate-needs-tls", listener.at(source), protocol=listener.protocol)


def _spec(gateway: ServingConfig) -> Iterator[Problem]:
    for field, key in _OWN_KEYS.items():
        if field in gateway.spec:
            yield problem("field-has-own-key", gateway.at("spec", field), key=key)


def _https(gateway: ServingConfig) -> Iterator[Problem]:
    https = gateway.https
    if https is None:
        return
    yield from _one_source(https)
    if not https.sources and not https.hosts:
        yield problem("certificate-source-required", https.at(), sources=listed([*SOURCES, "hosts"]))
    for certificate in https.hosts.values():
        yield from _one_source(certificate)
        if not certificate.sources:
            yield problem("certificate-source-required", certificate.at(), sources=listed(SOURCES))


def _one_source(certificate: CertificateConfig) -> Iterator[Problem]:
    first, *others = certificate.sources or [""]
    for key in others:
        yield problem("keys-exclusive", certificate.at(key), other=first)


def _replicas(gateway: ServingConfig) -> Iterator[Problem]:
    """A number of replicas beside an autoscaler: Envoy Gateway accepts both and ignores the number."""
    path = ("provider", "kubernetes")
    if read(gateway.proxy, *path, "envoyHpa") is not None:
        replicas = (*path, "envoyDeployment", "replicas")
        if (value := read(gateway.proxy, *replicas)) is not None:
            yield problem("keys-exclusive", gateway.at("proxy", *replicas), value, other="envoyHpa")
