"""The rules between keys."""

from collections.abc import Mapping
from itertools import chain
from typing import Any, cast

from pydantic import BaseModel

from config import cert_manager_rules, gateway_rules, platform_rules, secret_rules, workload_rules
from config.raw import Broken, Given, group, items
from config.routes import WIRE_TARGETS
from config.stack import StackConfig
from config.words import one_of
from config.workload_rules import backends, is_served


def across(given: Given) -> dict[tuple[str, ...], str]:
    """By place, each rule that is broken. They are tested on what was given, so that no other mistake hides theirs."""
    elsewhere = (
        cert_manager_rules.rules,
        gateway_rules.rules,
        platform_rules.rules,
        secret_rules.rules,
        workload_rules.rules,
    )
    every = (_names, _names_of_gateways, _routes, _policies, _connections, *elsewhere)
    return dict(chain.from_iterable(rules(given) for rules in every))


def _names(given: Given) -> Broken:
    for key, owners in {
        "hostname": ("web", "api"),
        "routeName": ("web", "api"),
        "serviceName": ("web", "api", "crawler"),
    }.items():
        seen: dict[object, str] = {}
        for owner in owners:
            value = _value(given, (owner, key))
            if value in seen:
                yield (owner, key), f"must differ from {seen[value]}.{key}"
            seen.setdefault(value, owner)
    yield from _names_of_apps(given)
    if _value(given, ("namespace",)) == _value(given, ("envoyGateway", "namespace")):
        yield ("namespace",), "must differ from envoyGateway.namespace"


def _names_of_gateways(given: Given) -> Broken:
    own = _value(given, ("gateway", "name"))
    if own in group(given.get("gateways")):
        yield ("gateways", str(own)), "must have another name than the chat's own Gateway"


def _names_of_apps(given: Given) -> Broken:
    services = {_value(given, (owner, "serviceName")): owner for owner in ("web", "api", "crawler")}
    places = {(_value(given, (owner, "hostname")), "/"): f"{owner}.hostname" for owner in ("web", "api")}
    for name, app in ((name, group(app)) for name, app in group(given.get("apps")).items()):
        if is_served(app):
            service = str(app.get("serviceName") or name)
            first = services.setdefault(service, f"apps.{name}")
            if first != f"apps.{name}":
                yield ("apps", name, "serviceName"), f"must differ from {first}.serviceName ({service})"
        if app.get("hostname") is not None:
            place = app.get("hostname"), app.get("path", "/")
            first = places.setdefault(place, f"apps.{name}.hostname")
            if first != f"apps.{name}.hostname":
                yield ("apps", name, "hostname"), f"must differ from {first}, or its path must"


def _routes(given: Given) -> Broken:
    for name, route in group(given.get("routes")).items():
        if name in _chats_own(given):
            yield ("routes", name), "must have another name than the chat's own routes"
        if group(group(given.get("apps")).get(name)).get("hostname") is not None:
            yield ("routes", name), f"must have another name than the route of apps.{name}"
        ways = [key for key in ("backend", "canary", "maintenance", "rules") if key in group(route)]
        for key in ways[1:]:
            yield ("routes", name, key), f"does not go together with {ways[0]}"
        if "maintenance" in ways and group(route).get("kind", "HTTPRoute") != "HTTPRoute":
            yield ("routes", name, "maintenance"), "goes only with an HTTPRoute"
        for key in {"listeners", "gateway"} & group(route).keys() if "parentRefs" in group(route) else ():
            yield ("routes", name, key), "does not go together with parentRefs"
        yield from _unknown_gateway(given, ("routes", name), route)
        yield from _unknown_backends(given, ("routes", name), group(route))
        yield from _unknown_workloads(given, ("routes", name), route)


def _policies(given: Given) -> Broken:
    exposed = [name for name, app in group(given.get("apps")).items() if group(app).get("hostname") is not None]
    routes = [*group(given.get("routes")), *exposed, *_chats_own(given)]
    for name, policy in group(given.get("policies")).items():
        targets = group(policy).get("targets")
        for key in WIRE_TARGETS & group(policy).keys() if targets is not None else ():
            yield ("policies", name, "targets"), f"does not go together with {key}"
        if group(policy).get("kind") == "EnvoyPatchPolicy" and len(items(targets)) > 1:
            yield ("policies", name, "targets"), "must be one alone for an EnvoyPatchPolicy"
        yield from _unknown_workloads(given, ("policies", name), policy)
        for index, target in enumerate(map(group, items(targets))):
            place, route = ("policies", name, "targets", str(index)), target.get("route")
            if route is not None and route not in routes:
                yield (*place, "route"), one_of(routes, route)
            if route is not None and "gateway" in target:
                yield (*place, "gateway"), "does not go together with route"
            yield from _unknown_gateway(given, place, target)


def _unknown_gateway(given: Given, place: tuple[str, ...], naming: object) -> Broken:
    known = [str(_value(given, ("gateway", "name"))), *group(given.get("gateways"))]
    name = group(naming).get("gateway")
    if name is not None and name not in known:
        yield (*place, "gateway"), one_of(known, name)


def _connections(given: Given) -> Broken:
    deploy: object = group(given.get("envoyGateway")).get("config")
    for key in ("provider", "kubernetes", "deploy"):
        deploy = group(deploy).get(key)
    if group(deploy).get("type") == "GatewayNamespace" and given.get("networkPolicy", True) is not False:
        yield (
            ("networkPolicy",),
            "must be false where envoyGateway.config runs the Envoys in the Gateway's namespace (GatewayNamespace): "
            "nobody would reach them",
        )


def _chats_own(given: Given) -> list[str]:
    return [str(_value(given, (owner, "routeName"))) for owner in ("web", "api")]


def _unknown_backends(given: Given, path: tuple[str, ...], route: Mapping[str, Any]) -> Broken:
    canary = group(route.get("canary"))
    named = {("backend",): route.get("backend")} | {("canary", key): canary.get(key) for key in ("stable", "next")}
    for keys, name in named.items():
        if isinstance(name, str) and name not in backends(given):
            yield (*path, *keys), one_of(backends(given), name)


def _unknown_workloads(given: Given, path: tuple[str, ...], value: object) -> Broken:
    """`workload: NAME`, wherever it stands in wire form."""
    for index, item in enumerate(items(value)):
        yield from _unknown_workloads(given, (*path, str(index)), item)
    for key, item in group(value).items():
        if key == "workload" and item not in backends(given):
            yield (*path, key), one_of(backends(given), item)
        yield from _unknown_workloads(given, (*path, key), item)


def _value(given: Given, path: tuple[str, ...]) -> Any:
    """The value at `path`, or its default; None where neither is there."""
    value: Any = given
    for part in path:
        value = cast(dict[str, Any], value).get(part) if isinstance(value, Mapping) else None
    if value is not None:
        return value if isinstance(value, str | int) else None
    default: object = None
    model: type[BaseModel] = StackConfig
    for part in path:
        field = next(f for f in model.model_fields.values() if f.alias == part)
        default, model = field.default, cast(type[BaseModel], field.annotation)
    return default
