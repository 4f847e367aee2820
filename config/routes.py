"""The keys of routes and of the policies that are for them."""

from pydantic import Field

from config.base import OpenSection, Section
from config.values import AppName, Label, Percent, Subdomain, Text
from gatewayapi.kinds import PolicyKind, RouteKind


class CanaryConfig(Section):
    stable: AppName = Field(description="The workload that gets all other requests.")
    next: AppName = Field(description="The workload that gets `percent` of a hundred requests.")
    percent: Percent = Field(description="How many.")


class RouteConfig(OpenSection):
    """A route, as https://gateway-api.sigs.k8s.io/concepts/api-overview/#route-resources has it."""

    kind: RouteKind = Field(default="HTTPRoute", description="Kind of the route.")
    gateway: Label | None = Field(
        default=None, description="Name of the Gateway that serves it, of `gateways`. Not set: that of `gateway`."
    )
    listeners: tuple[Subdomain, ...] = Field(
        default=(),
        description="Names of the listeners that serve it. None: all that can, but those that only redirect, and those "
        "that choose namespaces by label.",
    )
    backend: AppName | None = Field(
        default=None, description="The workload that all requests go to, instead of `rules`."
    )
    canary: CanaryConfig | None = Field(
        default=None, description="Two workloads that share the requests, instead of `rules`."
    )
    maintenance: Text | None = Field(
        default=None, description="The answer to every request, with the status 503, instead of `rules`."
    )


class TargetConfig(Section):
    route: Subdomain | None = Field(default=None, description="Name of a route. Not set: a Gateway.")
    gateway: Label | None = Field(
        default=None, description="Name of the Gateway, of `gateways`. Not set: that of `gateway`."
    )
    section: Subdomain | None = Field(
        default=None, description="Name of one listener of the Gateway, or one rule of the route."
    )


WIRE_TARGETS = {"targetRef", "targetRefs", "targetSelectors"}


class PolicyConfig(OpenSection):
    """A policy, as https://gateway.envoyproxy.io/docs/concepts/gateway_api_extensions/ has it."""

    kind: PolicyKind = Field(description="Kind of the policy.")
    targets: tuple[TargetConfig, ...] = Field(
        default=(TargetConfig(),), description="What it is for: routes, or the Gateway, as a whole or by `section`."
    )

    @property
    def own_targets(self) -> tuple[TargetConfig, ...]:
        """None where the fields say themselves what the policy is for."""
        return () if WIRE_TARGETS & self.fields.keys() else self.targets
