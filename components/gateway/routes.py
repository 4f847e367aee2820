"""Route: the way from a Gateway's listeners to workloads."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, cast

import pulumi

from components.apps.workload import Backend
from components.gateway import manifests
from components.gateway.gateway import Gateway
from components.gateway.manifests import Wire
from config import ApiConfig, WebConfig
from gatewayapi.kinds import RouteKind
from kube import readiness
from kube.resource import KubernetesObject
from preview.recorder import SPEC, Parts, Shortcut, declared_in_parts

_OF_HOST: Parts = {("spec",): Shortcut(""), ("spec", "hostnames"): Shortcut("hostname")}


@dataclass(frozen=True, kw_only=True)
class RouteArgs:
    name: str
    """The object's own."""
    gateway: Gateway
    """What serves it; the route lives in its namespace."""
    kind: RouteKind = "HTTPRoute"
    listeners: Sequence[str] = ()
    """Names of the Gateway's listeners; none: its default ones."""
    fields: Mapping[str, Any] = field(default_factory=dict[str, Any])
    """Of the route's spec, as Gateway API has them: `hostnames`, `rules` and whatever else its kind knows."""
    backends: Sequence[Backend] = ()
    """Whose Services the rules name: they come before it, and those of another namespace let it in."""
    after: Sequence[pulumi.Resource] = ()
    """What else the rules name."""
    timeout_s: int
    parts: Parts = field(default_factory=lambda: SPEC)
    """Where the config has what of the route."""

    @classmethod
    def of_host(
        cls, settings: WebConfig | ApiConfig, gateway: Gateway, backend: Backend, timeout_s: int
    ) -> "RouteArgs":
        """Every path of a host name to one backend."""
        return replace(
            cls.of_prefix("/", settings.hostname, settings.route_name, gateway, backend, timeout_s),
            parts={**_OF_HOST, ("metadata", "name"): "routeName"},
        )

    @classmethod
    def of_prefix(
        cls, path: str, hostname: str, name: str, gateway: Gateway, backend: Backend, timeout_s: int
    ) -> "RouteArgs":
        """What of a host name's paths starts with `path` to one backend."""
        rule = {"matches": [{"path": {"type": "PathPrefix", "value": path}}], **to(backend)}
        fields = {"hostnames": [hostname], "rules": [rule]}
        return cls(name=name, gateway=gateway, fields=fields, backends=[backend], timeout_s=timeout_s, parts=_OF_HOST)


class Route(pulumi.ComponentResource):
    """A route of any kind of Gateway API, and a ReferenceGrant for each backend of another namespace.

    It is ready when every listener has accepted it and its backends are resolved; it fails after `timeout_s`, naming
    the condition that is missing. Follows https://gateway-api.sigs.k8s.io/concepts/api-overview/#route-resources.
    """

    target: Wire
    """A policy's `targetRef` to it."""
    resource: pulumi.Resource

    def __init__(self, name: str, args: RouteArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        # Every kind was an HttpRoute once: a stack of that time keeps its objects.
        formerly = pulumi.ResourceOptions(aliases=[pulumi.Alias(type_="synergychat:index:HttpRoute")])
        super().__init__("synergychat:index:Route", name, None, pulumi.ResourceOptions.merge(opts, formerly))

        gateway = args.gateway
        api_version = gateway.api_version(args.kind)
        wire = manifests.route(
            api_version=api_version,
            kind=args.kind,
            name=args.name,
            namespace=gateway.namespace.name,
            gateway_name=gateway.gateway_name,
            listeners=_listeners(args),
            fields=dict(args.fields),
        )

        grants = [
            KubernetesObject(
                f"{name}-grant-{backend.namespace}-{backend.service}",
                manifests.reference_grant(
                    api_version=gateway.api_version("ReferenceGrant"),
                    name=f"{args.name}-{backend.service}",
                    namespace=backend.namespace,
                    route_kind=args.kind,
                    route_namespace=gateway.namespace.name,
                    service=backend.service,
                ),
                pulumi.ResourceOptions(parent=self, depends_on=[backend.resource, gateway.resource]),
            )
            for backend in args.backends
            if backend.namespace != gateway.namespace.name
        ]
        needed = [gateway.resource, *(backend.resource for backend in args.backends), *grants, *args.after]
        ready = pulumi.ResourceOptions(parent=self, depends_on=needed, custom_timeouts=readiness.limit(args.timeout_s))
        with declared_in_parts(args.parts):
            self.resource = KubernetesObject(f"{name}-route", manifests.awaited(wire), ready)

        self.target = manifests.target(api_version, args.kind, args.name)
        self.register_outputs({"name": args.name})


def _listeners(args: RouteArgs) -> Sequence[str]:
    if args.listeners or "parentRefs" in args.fields:
        return args.listeners
    hostnames: object = args.fields.get("hostnames")
    names = map(str, cast(list[Any], hostnames)) if isinstance(hostnames, list) else ()
    return args.gateway.listeners.serving(args.kind, list(names))


def to(*backends: Backend | tuple[Backend, int]) -> Wire:
    """A rule's field `backendRefs`: where it sends its requests, each with a weight where one is given."""
    return {
        "backendRefs": [
            reference(each[0]) | {"weight": each[1]} if isinstance(each, tuple) else reference(each)
            for each in backends
        ]
    }


def canary(stable: Backend, next: Backend, percent: int) -> Wire:
    """A rule's field `backendRefs`: so many of a hundred requests to `next`, all others to `stable`."""
    return to((stable, 100 - percent), (next, percent))


def reference(backend: Backend) -> Wire:
    """A `backendRef` to it."""
    return {"name": backend.service, "namespace": backend.namespace, "port": backend.port}
