"""Rules of routes and policies: which names they may refer to, and which keys exclude each other."""

from collections.abc import Iterator
from typing import Any

from config.routes import TARGET_FIELDS, RouteConfig
from config.stack import CHAT, StackConfig
from config.workload_rules import unknown_workload
from diagnostics import Path, Problem, listed, problem, suggest
from diagnostics.render import config_path
from kube.json_paths import children
from kube.read import read, values


def rules(stack: StackConfig) -> Iterator[Problem]:
    """Problems of all routes and policies of a stack."""
    for name, route in stack.routes.items():
        yield from _name(stack, name, route)
        yield from _keys(route)
        yield from _gateway(stack, route.at("gateway"), route.gateway)
        for form, value in route.forms:
            for below, workload in form.workloads(value).items():
                if workload not in stack.backends:
                    yield unknown_workload(stack, route.at(form.key, *below), workload)
        yield from _workloads(stack, route.at(), route.fields)
        yield from _hosts(stack, route)
    yield from _policies(stack)


def _name(stack: StackConfig, name: str, route: RouteConfig) -> Iterator[Problem]:
    if name in (stack.web.route_name, stack.api.route_name):
        yield problem("name-taken", route.at(), name="a route of the chat")
    if name in stack.apps and stack.apps[name].hostname is not None:
        yield problem("name-of-app-route", route.at(), key=config_path(stack.apps[name].at("hostname")))


def _keys(route: RouteConfig) -> Iterator[Problem]:
    keys = [form.key for form, _ in route.forms] + (["rules"] if "rules" in route.fields else [])
    for key in keys[1:]:
        yield problem("keys-exclusive", route.at(key), other=keys[0])
    for form, value in route.forms:
        if route.kind not in form.kinds:
            yield problem("key-needs-kind", route.at(form.key), value, kinds=listed(form.kinds))
    for key in ("listeners", "gateway") if "parentRefs" in route.fields else ():
        if route.has(key):
            yield problem("keys-exclusive", route.at(key), other="parentRefs")


def _hosts(stack: StackConfig, route: RouteConfig) -> Iterator[Problem]:
    """Host names for which a `hostname` creates a route that takes the same requests: all of them.

    Only for a route on the same listeners. Rules with matches are compared later, as objects.
    """
    is_elsewhere = stack.gateway_of(route) != stack.gateway.name or route.names_listeners
    if route.kind != "HTTPRoute" or is_elsewhere or not _takes_everything(route):
        return
    whole = {name: host for name, host in stack.exposed_hosts.items() if name in CHAT or stack.apps[name].path == "/"}
    created = {host: stack.workloads[name].at("hostname") for name, host in whole.items()}
    for index, host in enumerate(values(route.fields, "hostnames")):
        if isinstance(host, str) and host in created:
            key = config_path(created[host])
            yield problem("host-has-own-route", route.at("hostnames", index), host, key=key)


def _takes_everything(route: RouteConfig) -> bool:
    """Whether the route has a rule for every request of its host names. An HTTPRouteFilter may narrow a rule."""
    rules = values(route.fields, "rules")
    return bool(route.forms) or any(
        not values(rule, "matches") and not any(read(item, "extensionRef") for item in values(rule, "filters"))
        for rule in rules
    )


def _policies(stack: StackConfig) -> Iterator[Problem]:
    exposed = [name for name, app in stack.apps.items() if app.hostname is not None]
    routes = [*stack.routes, *exposed, stack.web.route_name, stack.api.route_name]
    for policy in stack.policies.values():
        if policy.has("targets"):
            for field in sorted(TARGET_FIELDS & policy.fields.keys()):
                yield problem("keys-exclusive", policy.at("targets"), other=field)
            if policy.kind == "EnvoyPatchPolicy" and len(policy.targets) > 1:
                yield problem("patch-one-target", policy.at("targets"))
        yield from _workloads(stack, policy.at(), policy.fields)
        for target in policy.own_targets:
            if target.route is not None and target.route not in routes:
                suggestion = suggest(target.route, routes)
                yield problem("route-unknown", target.at("route"), target.route, suggestion=suggestion)
            if target.route is not None and target.gateway is not None:
                yield problem("keys-exclusive", target.at("gateway"), target.gateway, other="route")
            yield from _gateway(stack, target.at("gateway"), target.gateway)


def _gateway(stack: StackConfig, path: Path, name: str | None) -> Iterator[Problem]:
    if name is not None and name not in stack.all_gateways:
        yield problem("gateway-unknown", path, name, suggestion=suggest(name, stack.all_gateways))


def _workloads(stack: StackConfig, path: Path, value: Any) -> Iterator[Problem]:
    """Unknown names in `workload: NAME`, wherever it occurs in raw fields."""
    for step, child in children(value):
        if step == "workload" and child not in stack.backends:
            yield unknown_workload(stack, (*path, step), child)
        yield from _workloads(stack, (*path, step), child)
