"""Route: the way from a Gateway's listeners to workloads."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from typing import Any, cast

import pulumi

from components.backend import Backend
from components.gateway import manifests
from components.gateway.gateway import Gateway, Gateways
from components.legacy import formerly_in_configured
from components.moved import formerly_in_objects, formerly_of_app
from config import Fields, RouteSettings
from config.route_forms import RouteContext
from diagnostics import Path
from diagnostics.source import Source, SourcedDict, SourcedList, derived, entry_sources, source_of
from gatewayapi.kinds import RouteKind
from kube.manifest import Manifest
from kube.read import values
from kube.readiness import timeouts
from kube.resource import KubernetesObject
from preview.recorder import config_source


@dataclass(frozen=True, kw_only=True)
class RouteArgs:
    name: str
    """Name of the object."""
    gateway: Gateway
    """The Gateway that serves it; the route lives in its namespace."""
    kind: RouteKind = "HTTPRoute"
    parents: Sequence[Manifest] | None = None
    """`parentRefs`; None for the default listeners of the Gateway."""
    fields: Fields
    """Fields of the route's spec: `hostnames`, `rules` and whatever else its kind has."""
    backends: Sequence[Backend] = ()
    """Backends that the rules name: they come before the route, and those of another namespace permit the reference."""
    after: Sequence[pulumi.Resource] = ()
    """Other resources that the rules refer to."""
    path: Path
    """Place of the route in the config."""
    name_path: Path | None = None
    """Place in the config of the object's name, if it has a key of its own."""
    timeout_s: int


class Route(pulumi.ComponentResource):
    """A route of any kind of Gateway API, and a ReferenceGrant for each backend in another namespace.

    It is ready when every listener has accepted it and its backends are resolved; it fails after `timeout_s` and names
    the missing condition. Follows https://gateway-api.sigs.k8s.io/concepts/api-overview/#route-resources.
    """

    target: Manifest
    """A policy's `targetRef` to the route."""
    resource: pulumi.Resource

    def __init__(self, name: str, args: RouteArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        # Earlier versions registered every kind as HttpRoute: the alias keeps the objects of their stacks.
        formerly = pulumi.ResourceOptions(aliases=[pulumi.Alias(type_="synergychat:index:HttpRoute")])
        super().__init__("synergychat:index:Route", name, None, pulumi.ResourceOptions.merge(opts, formerly))

        gateway = args.gateway
        api_version = gateway.platform.api_version(args.kind)
        manifest = manifests.route(
            api_version=api_version,
            kind=args.kind,
            name=args.name,
            namespace=gateway.namespace.name,
            parents=_default_parents(args) if args.parents is None else args.parents,
            fields=args.fields,
        )
        if args.name_path:
            manifest["metadata"] = SourcedDict(manifest["metadata"], None, {"name": Source(args.name_path)})

        with config_source(args.path):
            grants = [self._grant(name, args, backend) for backend in args.backends]
            needed = [
                gateway.resource,
                *(backend.resource for backend in args.backends),
                *(grant for grant in grants if grant is not None),
                *args.after,
            ]
            limits = timeouts(args.timeout_s)
            ready = pulumi.ResourceOptions(parent=self, depends_on=needed, custom_timeouts=limits)
            aliased = _merged(ready, formerly_in_objects(manifest))
            self.resource = KubernetesObject(f"{name}-route", manifests.with_readiness(manifest), aliased)

        self.target = manifests.target(api_version, args.kind, args.name)
        self.register_outputs({"name": args.name})

    def _grant(self, name: str, args: RouteArgs, backend: Backend) -> KubernetesObject | None:
        gateway = args.gateway
        if backend.namespace == gateway.namespace.name:
            return None
        grant = manifests.reference_grant(
            api_version=gateway.platform.api_version("ReferenceGrant"),
            name=f"{args.name}-{backend.service}",
            namespace=backend.namespace,
            route_kind=args.kind,
            route_namespace=gateway.namespace.name,
            service=backend.service,
        )
        opts = pulumi.ResourceOptions(parent=self, depends_on=[backend.resource, gateway.resource])
        return KubernetesObject(f"{name}-grant-{backend.namespace}-{backend.service}", grant, opts)


def _default_parents(args: RouteArgs) -> Sequence[Manifest]:
    """References to the listeners of the Gateway that can serve the route."""
    hosts = list(map(str, values(args.fields, "hostnames")))
    listeners = args.gateway.listeners.default_for(args.kind, hosts)
    return derived(args.path, manifests.parent_refs(args.gateway.gateway_name, listeners))


def create_routes(
    settings: Sequence[RouteSettings],
    gateways: Gateways,
    backends: Mapping[str, Backend],
    after: Sequence[pulumi.Resource],
    opts: pulumi.ResourceOptions,
) -> dict[str, Route]:
    """All routes of a stack by the names of their objects. `after` are objects that their fields may refer to."""
    return {route.name: _create_route(route, gateways, backends, after, opts) for route in settings}


def _create_route(
    settings: RouteSettings,
    gateways: Gateways,
    backends: Mapping[str, Backend],
    after: Sequence[pulumi.Resource],
    opts: pulumi.ResourceOptions,
) -> Route:
    gateway, key = gateways.by_name[settings.gateway], settings.key
    used: list[Backend] = []

    def backend_ref(workload: str) -> Fields:
        used.append(backends[workload])
        return to(backends[workload])

    fields = resolve_workloads(settings.fields, backends.keys(), backend_ref)
    is_chat = settings.path == (key,)
    # The chat's routes have always had this name, and no parent.
    aliased = opts if is_chat else _merged(opts, formerly_in_configured(key), formerly_of_app(key))
    needed = [] if is_chat else list(after)
    for form, value in settings.forms:
        context = RouteContext(name=settings.name, namespace=gateway.namespace.name, backend_ref=backend_ref)
        expansion = form.expand(value, context)
        path = (*settings.path, form.key)
        fields["rules"] = derived(path, expansion.rules)
        for manifest in expansion.objects:
            needed.append(_object(f"{form.key}-{key}", manifest, gateway, settings, opts))
    args = RouteArgs(
        name=settings.name,
        gateway=gateway,
        kind=settings.kind,
        parents=_listed_parents(settings, gateway) if settings.listeners else _none_if_named(settings),
        fields=fields,
        backends=used,
        after=needed,
        path=settings.path,
        name_path=settings.name_path if is_chat else None,
        timeout_s=settings.timeout_s,
    )
    return Route(key if is_chat else f"route-{key}", args, aliased)


def _merged(*options: pulumi.ResourceOptions) -> pulumi.ResourceOptions:
    return reduce(pulumi.ResourceOptions.merge, options)


def _object(
    name: str, manifest: Manifest, gateway: Gateway, settings: RouteSettings, opts: pulumi.ResourceOptions
) -> KubernetesObject:
    own = pulumi.ResourceOptions(depends_on=[gateway.resource], custom_timeouts=timeouts(settings.timeout_s))
    with config_source(settings.path):
        return KubernetesObject(name, manifest, _merged(opts, own, formerly_in_configured()))


def _listed_parents(settings: RouteSettings, gateway: Gateway) -> Sequence[Manifest]:
    """References to the listeners that the config names."""
    refs: list[Any] = manifests.parent_refs(gateway.gateway_name, settings.listeners)
    marked = [
        SourcedDict(
            ref,
            Source((*settings.path, "listeners", index), derived=True),
            {"sectionName": Source((*settings.path, "listeners", index))},
        )
        for index, ref in enumerate(refs)
    ]
    return SourcedList(marked, Source(settings.path, derived=True))


def _none_if_named(settings: RouteSettings) -> Sequence[Manifest] | None:
    """Empty parents when the fields have their own; None for the default ones."""
    return () if "parentRefs" in settings.fields else None


def resolve_workloads(value: Any, known: Any, backend_ref: Callable[[str], Fields]) -> Any:
    """The value with every `workload: NAME` replaced by a reference to the workload's Service."""
    if isinstance(value, list):
        items = [resolve_workloads(item, known, backend_ref) for item in cast(list[Any], value)]
        return SourcedList(items, source_of(value), entry_sources(value))
    if not isinstance(value, dict):
        return value
    entries = cast(dict[str, Any], value)
    resolved = {key: resolve_workloads(item, known, backend_ref) for key, item in entries.items()}
    workload = resolved.get("workload")
    if isinstance(workload, str) and workload in known:
        resolved = backend_ref(workload) | {key: item for key, item in resolved.items() if key != "workload"}
    return SourcedDict(resolved, source_of(value), entry_sources(value))


def to(backend: Backend) -> Fields:
    """A `backendRef` to a workload's Service."""
    return {"name": backend.service, "namespace": backend.namespace, "port": backend.port}
