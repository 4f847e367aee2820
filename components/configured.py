"""What a stack's config says beyond the chat: further apps, routes, policies and any other objects."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

import pulumi

from components.apps.app import App, app
from components.apps.secrets import Secrets
from components.apps.workload import Backend
from components.gateway import manifests
from components.gateway.gateway import Gateway, GatewayArgs
from components.gateway.manifests import Wire
from components.gateway.policies import Policy, PolicyArgs, Target
from components.gateway.routes import Route, RouteArgs, canary, reference, to
from config import FurtherAppConfig, FurtherGatewayConfig, PolicyConfig, RouteConfig, StackConfig
from diagnostics.problem import Path
from gatewayapi.kinds import POLICIES
from kube import readiness
from kube.labels import OURS, OWNERSHIP
from kube.resource import KubernetesObject
from preview.recorder import SPEC, Parts, Shortcut, declared_by


@dataclass(frozen=True, kw_only=True)
class ConfiguredArgs:
    settings: StackConfig
    gateway: Gateway
    """The chat's own: further ones are of its class, unless they say otherwise."""
    secrets: Secrets
    backends: Mapping[str, Backend]
    """By the name of the workload, as the config has it."""
    routes: Mapping[str, Route]
    """Those of the chat by their object's name: policies may be for them too."""


class Configured(pulumi.ComponentResource):
    """The `apps`, `objects`, `gateways`, `routes` and `policies` of a stack's config, in this order.

    What is Envoy Gateway's is ready when it has accepted it. Each fails after the stack's `timeoutSeconds`.
    """

    def __init__(self, name: str, args: ConfiguredArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("synergychat:index:Configured", name, None, opts)

        self._args = args
        self._limit = args.settings.timeout_seconds
        settings = args.settings
        secrets = list(args.secrets.resources.values())
        apps = {key: self._app(key, each) for key, each in settings.apps.items()}
        self._backends = {**args.backends, **{key: each.backend for key, each in apps.items() if each.backend}}
        exposed = {key: each.route for key, each in apps.items() if each.route}
        objects = [self._object(index, each.wire, secrets) for index, each in enumerate(settings.objects)]
        given = [*secrets, *objects]
        further = {key: self._gateway(key, gateway) for key, gateway in settings.gateways.items()}
        self._gateways = {args.gateway.gateway_name: args.gateway, **further}
        routes = {key: self._route(key, route, given) for key, route in settings.routes.items()}
        for key, policy in settings.policies.items():
            self._policy(key, policy, {**args.routes, **exposed, **routes}, given)

        self.register_outputs({})

    def _app(self, key: str, settings: FurtherAppConfig) -> App:
        return app(
            key,
            settings,
            gateway=self._args.gateway,
            secrets=self._args.secrets,
            timeout_s=self._limit,
            opts=pulumi.ResourceOptions(parent=self),
        )

    def _object(self, index: int, wire: Wire, after: Sequence[pulumi.Resource]) -> pulumi.Resource:
        described: Wire = wire["metadata"]
        at_once = readiness.SKIP if wire["kind"] == "Service" else {}
        marks = {
            "annotations": {**OWNERSHIP, **at_once, **described.get("annotations", {})},
            "labels": {**OURS, **described.get("labels", {})},
        }
        owned = wire | {"metadata": described | marks}
        # A policy is accepted for what it targets, which may be a route that comes after the objects.
        if wire["kind"] not in POLICIES:
            owned = manifests.awaited(owned)
        name = "/".join(["object", wire["kind"].lower(), described.get("namespace", ""), described["name"]])
        with declared_by(f"objects[{index}]", {(): ""}):
            gateway = self._args.gateway
            needed = (gateway.class_resource, gateway.namespace.resource, *after)
            return KubernetesObject(name, owned, self._after(*needed))

    def _gateway(self, key: str, settings: FurtherGatewayConfig) -> Gateway:
        stack, first = self._args.settings, self._args.gateway
        args = GatewayArgs(
            name=key,
            class_name=settings.class_name or stack.gateway.class_name,
            class_from=first,
            settings=settings,
            listeners=stack.listeners_of(key),
            hostnames=stack.hostnames_of(key),
            envoy_image=stack.envoy_image_of(settings),
            namespace=first.namespace,
            platform=first.platform,
            issuers=first.issuers,
            timeout_s=self._limit,
        )
        with declared_by(f"gateways.{key}"):
            return Gateway(f"gateway-{key}", args, pulumi.ResourceOptions(parent=self))

    def _route(self, key: str, route: RouteConfig, after: Sequence[pulumi.Resource]) -> Route:
        gateway = self._named(route.gateway)
        fields, named = self._resolved(route.fields)
        backends = [self._backends[each] for each in named]
        if route.backend is not None:
            backends = [self._backends[route.backend]]
            fields["rules"] = [to(*backends)]
        if route.canary is not None:
            backends = [self._backends[each] for each in (route.canary.stable, route.canary.next)]
            fields["rules"] = [canary(*backends, percent=route.canary.percent)]
        if route.maintenance is not None:
            answer = manifests.direct_response(
                name=key, namespace=gateway.namespace.name, status=503, text=route.maintenance
            )
            page = KubernetesObject(f"maintenance-{key}", answer, self._after(gateway.resource))
            fields["rules"] = [manifests.answered_by(key)]
            after = [*after, page]
        args = RouteArgs(
            name=key,
            gateway=gateway,
            kind=route.kind,
            listeners=route.listeners,
            fields=fields,
            backends=backends,
            after=after,
            timeout_s=self._limit,
            parts=_parts_of_route(route),
        )
        with declared_by(f"routes.{key}"):
            return Route(key, args, pulumi.ResourceOptions(parent=self))

    def _named(self, gateway: str | None) -> Gateway:
        return self._args.gateway if gateway is None else self._gateways[gateway]

    def _resolved(self, fields: Wire) -> tuple[Wire, list[str]]:
        """The fields with workloads turned into references to their Services, and the names of these workloads."""
        named: list[str] = []

        def visit(value: Any) -> Any:
            if isinstance(value, list):
                return [visit(item) for item in cast(list[Any], value)]
            if not isinstance(value, dict):
                return value
            visited = {key: visit(item) for key, item in cast(Wire, value).items()}
            workload = visited.pop("workload", None)
            if not isinstance(workload, str) or workload not in self._backends:
                return visited if workload is None else {**visited, "workload": workload}
            named.append(workload)
            return reference(self._backends[workload]) | visited

        return visit(fields), named

    def _policy(
        self, key: str, policy: PolicyConfig, routes: Mapping[str, Route], after: Sequence[pulumi.Resource]
    ) -> None:
        fields, named = self._resolved(policy.fields)
        args = PolicyArgs(
            name=key,
            kind=policy.kind,
            gateway=self._args.gateway,
            targets=[
                Target(
                    of=self._named(target.gateway) if target.route is None else routes[target.route],
                    section=target.section,
                )
                for target in policy.own_targets
            ],
            fields=fields,
            after=[*after, *(self._backends[each].resource for each in named)],
            timeout_s=self._limit,
            parts=_parts_of_policy(policy),
        )
        with declared_by(f"policies.{key}"):
            Policy(key, args, pulumi.ResourceOptions(parent=self))

    def _after(self, *resources: pulumi.Resource) -> pulumi.ResourceOptions:
        return pulumi.ResourceOptions(parent=self, depends_on=resources, custom_timeouts=readiness.limit(self._limit))


def _parts_of_route(route: RouteConfig) -> Parts:
    """Where the config has what of a route, by what it says in the place of `parentRefs` and `rules`."""
    parts: dict[Path, str] = {**SPEC}
    shortcuts = {"backend": route.backend, "canary": route.canary, "maintenance": route.maintenance}
    for key in (key for key, value in shortcuts.items() if value is not None):
        parts["spec", "rules"] = Shortcut(key)
    if "parentRefs" not in route.fields:
        parts["spec", "parentRefs"] = Shortcut("")
    for index in range(len(route.listeners)):
        parts["spec", "parentRefs", index] = Shortcut(f"listeners[{index}]")
        parts["spec", "parentRefs", index, "sectionName"] = f"listeners[{index}]"
    return parts


def _parts_of_policy(policy: PolicyConfig) -> Parts:
    """Where the config has what of a policy, by what it says in the place of `targetRefs`."""
    parts: dict[Path, str] = {**SPEC}
    for index, target in enumerate(policy.own_targets):
        key = f"targets[{index}]" if "targets" in policy.model_fields_set else ""
        ref: Path = ("spec", "targetRef") if policy.kind == "EnvoyPatchPolicy" else ("spec", "targetRefs", index)
        parts[ref] = Shortcut(key)
        parts[*ref, "sectionName"] = f"{key}.section"
        if target.route is not None:
            parts[*ref, "name"] = f"{key}.route"
    return parts
