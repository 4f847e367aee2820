"""Policy: how Envoy treats the traffic of a gateway, a listener, a route or a rule."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pulumi

from components.gateway import manifests
from components.gateway.gateway import Gateway
from components.gateway.manifests import Wire
from components.gateway.routes import Route
from gatewayapi.kinds import PolicyKind
from kube import readiness
from kube.resource import KubernetesObject
from preview.recorder import SPEC, Parts, declared_in_parts


@dataclass(frozen=True, kw_only=True)
class Target:
    """What a policy is for: a Gateway or a route, as a whole or one listener or named rule of it."""

    of: Gateway | Route
    section: str | None = None


@dataclass(frozen=True, kw_only=True)
class PolicyArgs:
    name: str
    """The object's own."""
    kind: PolicyKind
    gateway: Gateway
    """The policy lives in its namespace, as its targets do."""
    targets: Sequence[Target]
    fields: Mapping[str, Any]
    """Of the policy's spec, as Envoy Gateway has them."""
    after: Sequence[pulumi.Resource] = ()
    """What the fields name: Secrets, Services."""
    timeout_s: int
    parts: Parts = field(default_factory=lambda: SPEC)
    """Where the config has what of the policy."""


class Policy(pulumi.ComponentResource):
    """A policy of any kind, ready when Envoy Gateway has accepted it; it fails after `timeout_s`.

    Follows https://gateway.envoyproxy.io/docs/concepts/gateway_api_extensions/.
    """

    def __init__(self, name: str, args: PolicyArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("synergychat:index:Policy", name, None, opts)

        wire = manifests.policy(
            api_version=args.gateway.api_version(args.kind),
            kind=args.kind,
            name=args.name,
            namespace=args.gateway.namespace.name,
            targets=[_reference(target) for target in args.targets],
            fields=dict(args.fields),
        )

        needed = [args.gateway.resource, *(target.of.resource for target in args.targets), *args.after]
        ready = pulumi.ResourceOptions(parent=self, depends_on=needed, custom_timeouts=readiness.limit(args.timeout_s))
        with declared_in_parts(args.parts):
            KubernetesObject(f"{name}-policy", manifests.awaited(wire), ready)

        self.register_outputs({"name": args.name})


def _reference(target: Target) -> Wire:
    return target.of.target | ({"sectionName": target.section} if target.section else {})
