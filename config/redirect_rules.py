"""Rules of `redirectToHttps`: HTTPS must exist, on one port, for every host name that HTTP redirects."""

from collections.abc import Iterator

from config.gateway import ServingConfig
from config.stack import StackConfig
from diagnostics import Path, Problem, listed, problem
from diagnostics.render import config_path
from gatewayapi.hostnames import intersection
from gatewayapi.kinds import route_kinds
from kube.read import values


def rules(stack: StackConfig) -> Iterator[Problem]:
    """Problems of every Gateway that redirects HTTP to HTTPS."""
    for name, gateway in stack.all_gateways.items():
        if not gateway.redirect_to_https:
            continue
        place, ports = gateway.at("redirectToHttps"), _https_ports(gateway)
        if not ports:
            yield problem("redirect-needs-https", place, True)
            continue
        if len(ports) > 1:
            yield problem("redirect-needs-one-port", place, True, ports=listed([str(port) for port in sorted(ports)]))
        yield from _hosts(gateway, dict(_redirected(stack, name)))


def _https_ports(gateway: ServingConfig) -> set[int]:
    ports = {listener.port for listener in gateway.listeners if listener.protocol == "HTTPS"}
    return ports | ({gateway.https.port} if gateway.https else set())


def _hosts(gateway: ServingConfig, redirected: dict[Path, str]) -> Iterator[Problem]:
    """Host names that HTTP redirects and that no listener with HTTPS serves."""
    secure = [
        listener.hostname
        for listener in gateway.served(list(redirected.values()))
        if listener.protocol == "HTTPS" and not listener.selects_namespaces
    ]
    for path, host in redirected.items():
        if not any(intersection(served, [host]) for served in secure):
            yield problem("redirect-host-without-https", path, host, https=config_path(gateway.at("https")))


def _redirected(stack: StackConfig, gateway: str) -> Iterator[tuple[Path, str]]:
    """The host names of all routes of a Gateway that do not name listeners themselves, with their places."""
    if gateway == stack.gateway.name:
        exposed = stack.exposed_hosts
        yield from ((workload.at("hostname"), exposed[n]) for n, workload in stack.workloads.items() if n in exposed)
    for route in stack.routes.values():
        is_served_so = stack.gateway_of(route) == gateway and route.kind in route_kinds("HTTPS")
        if is_served_so and not route.names_listeners:
            hosts = enumerate(values(route.fields, "hostnames"))
            yield from ((route.at("hostnames", index), host) for index, host in hosts if isinstance(host, str))
