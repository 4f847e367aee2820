"""Policy: how Envoy treats the traffic of a Gateway, a listener, a route or a rule."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi

from components.backend import Backend
from components.gateway import manifests
from components.gateway.gateway import Gateway, Gateways
from components.gateway.routes import Route, resolve_workloads, to
from components.legacy import formerly_in_configured
from components.moved import formerly_in_objects
from config import Fields, PolicySettings, TargetConfig
from diagnostics import Path
from diagnostics.source import Source, SourcedDict, SourcedList
from gatewayapi.kinds import PolicyKind
from kube.manifest import Manifest
from kube.readiness import timeouts
from kube.resource import KubernetesObject
from preview.recorder import config_source


@dataclass(frozen=True, kw_only=True)
class Target:
    """A Gateway or a route, as a whole or one listener or named rule of it."""

    of: Gateway | Route
    section: str | None = None


@dataclass(frozen=True, kw_only=True)
class PolicyArgs:
    name: str
    """Name of the object."""
    kind: PolicyKind
    gateway: Gateway
    """A Gateway in the namespace of the policy and its targets."""
    targets: Sequence[Target]
    refs: Sequence[Manifest] | None = None
    """The `targetRefs`, marked with their place in the config; None makes them from `targets`."""
    fields: Fields
    """Fields of the policy's spec."""
    after: Sequence[pulumi.Resource] = ()
    """Secrets, Services and other objects that the fields refer to."""
    path: Path = ()
    """Place of the policy in the config."""
    timeout_s: int


class Policy(pulumi.ComponentResource):
    """A policy of any kind, ready when Envoy Gateway has accepted it; it fails after `timeout_s`.

    Follows https://gateway.envoyproxy.io/docs/concepts/gateway_api_extensions/.
    """

    def __init__(self, name: str, args: PolicyArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("synergychat:index:Policy", name, None, opts)

        manifest = manifests.policy(
            api_version=args.gateway.platform.api_version(args.kind),
            kind=args.kind,
            name=args.name,
            namespace=args.gateway.namespace.name,
            targets=[target_ref(target) for target in args.targets] if args.refs is None else args.refs,
            fields=args.fields,
        )

        needed = [args.gateway.resource, *(target.of.resource for target in args.targets), *args.after]
        limits = timeouts(args.timeout_s)
        with config_source(args.path):
            ready = pulumi.ResourceOptions(parent=self, depends_on=needed, custom_timeouts=limits)
            aliased = pulumi.ResourceOptions.merge(ready, formerly_in_objects(manifest))
            KubernetesObject(f"{name}-policy", manifests.with_readiness(manifest), aliased)

        self.register_outputs({"name": args.name})


def target_ref(target: Target) -> Manifest:
    """The `targetRef` to a target."""
    return target.of.target | ({"sectionName": target.section} if target.section else {})


def create_policies(
    settings: Sequence[PolicySettings],
    gateways: Gateways,
    routes: Mapping[str, Route],
    backends: Mapping[str, Backend],
    after: Sequence[pulumi.Resource],
    opts: pulumi.ResourceOptions,
) -> None:
    """All policies of a stack. `after` are objects that their fields may refer to."""
    for policy in settings:
        used: list[Backend] = []

        def backend_ref(workload: str, used: list[Backend] = used) -> Fields:
            used.append(backends[workload])
            return to(backends[workload])

        targets = [_target(target, gateways, routes) for target in policy.targets]
        fields = resolve_workloads(policy.fields, backends.keys(), backend_ref)
        args = PolicyArgs(
            name=policy.name,
            kind=policy.kind,
            gateway=gateways.main,
            targets=targets,
            refs=_marked_refs(policy, targets),
            fields=fields,
            after=[*after, *(backend.resource for backend in used)],
            path=policy.path,
            timeout_s=policy.timeout_s,
        )
        aliased = pulumi.ResourceOptions.merge(opts, formerly_in_configured(policy.name))
        Policy(f"policy-{policy.name}", args, aliased)


def _target(target: TargetConfig, gateways: Gateways, routes: Mapping[str, Route]) -> Target:
    if target.route is not None:
        return Target(of=routes[target.route], section=target.section)
    gateway = gateways.main if target.gateway is None else gateways.by_name[target.gateway]
    return Target(of=gateway, section=target.section)


def _marked_refs(settings: PolicySettings, targets: Sequence[Target]) -> Sequence[Manifest]:
    """The `targetRefs`, each marked with its place in the config."""
    marked: list[Manifest] = []
    is_listed = settings.targets_path != settings.path
    for index, (keys, target) in enumerate(zip(settings.targets, targets, strict=True)):
        place = (*settings.targets_path, index) if is_listed else settings.path
        entries: dict[str | int, Source] = {"sectionName": Source((*place, "section"))} if keys.section else {}
        if keys.route is not None:
            entries["name"] = Source((*place, "route"))
        marked.append(SourcedDict(target_ref(target), Source(place, derived=True), entries))
    return SourcedList(marked, Source(settings.targets_path, derived=True))
