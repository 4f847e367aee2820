"""Rules of names that must differ."""

from collections.abc import Iterator, Mapping

from config.base import Section
from config.stack import StackConfig
from diagnostics import Problem, problem
from kube.read import read


def rules(stack: StackConfig) -> Iterator[Problem]:
    """Names that two parts of a stack share, and namespaces that must not be shared."""
    yield from _distinct({"web": stack.web, "api": stack.api}, "hostname", "hostname")
    yield from _distinct({"web": stack.web, "api": stack.api}, "route_name", "routeName")
    yield from _distinct(stack.chat, "service_name", "serviceName")
    yield from _apps(stack)
    if stack.namespace == stack.envoy_gateway.namespace:
        yield problem("names-must-differ", stack.at("namespace"), stack.namespace, other="envoyGateway.namespace")
    deploy = read(stack.envoy_gateway.config, "provider", "kubernetes", "deploy", "type")
    if deploy == "GatewayNamespace" and stack.network_policy:
        yield problem("network-policy-gateway-namespace", stack.at("networkPolicy"), True)


def _distinct(sections: Mapping[str, Section], field: str, key: str) -> Iterator[Problem]:
    seen: dict[object, str] = {}
    for name, section in sections.items():
        value = getattr(section, field)
        if value is not None and seen.setdefault(value, name) != name:
            yield problem("names-must-differ", section.at(key), value, other=f"{seen[value]}.{key}")


def _apps(stack: StackConfig) -> Iterator[Problem]:
    services = {workload.service_name: name for name, workload in stack.chat.items()}
    places = {(stack.web.hostname, "/"): "web.hostname", (stack.api.hostname, "/"): "api.hostname"}
    for name, app in stack.apps.items():
        if app.is_served:
            service, own = app.service_name or name, f"apps.{name}"
            first = services.setdefault(service, own)
            if first != own:
                yield problem("names-must-differ", app.at("serviceName"), service, other=f"{first}.serviceName")
        if app.hostname is not None:
            own = f"apps.{name}.hostname"
            first = places.setdefault((app.hostname, app.path), own)
            if first != own:
                yield problem("hosts-must-differ", app.at("hostname"), app.hostname, other=first)
