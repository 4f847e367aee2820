"""Keys of routes and policies."""

from pydantic import Field

from config.base import OpenSection, Section
from config.route_forms import ROUTE_FORMS, CanaryConfig, RouteForm
from config.values import AppName, Label, Subdomain, Text
from gatewayapi.kinds import PolicyKind, RouteKind


class RouteConfig(OpenSection):
    """A route, as in https://gateway-api.sigs.k8s.io/concepts/api-overview/#route-resources."""

    kind: RouteKind = Field(default="HTTPRoute", description="Kind of the route.")
    gateway: Label | None = Field(
        default=None, description="Name of the Gateway that serves it, from `gateways`. Default: that of `gateway`."
    )
    listeners: tuple[Subdomain, ...] = Field(
        default=(),
        description="Names of the listeners that serve it. Default: every listener of the Gateway with a protocol and "
        "host name that fit, but no HTTP listener with `redirectToHttps`, and none that selects namespaces by label.",
    )
    backend: AppName | None = Field(default=None, description="Workload for all requests, instead of `rules`.")
    canary: CanaryConfig | None = Field(
        default=None, description="Two workloads that share the requests, instead of `rules`."
    )
    maintenance: Text | None = Field(
        default=None, description="Answer to every request, with status 503, instead of `rules`."
    )

    @property
    def names_listeners(self) -> bool:
        """Whether the config says which listeners serve it, instead of all that can."""
        return bool(self.listeners) or "parentRefs" in self.fields

    @property
    def forms(self) -> list[tuple[RouteForm, object]]:
        """The route forms that the config sets, with their values."""
        values = [(form, getattr(self, form.key)) for form in ROUTE_FORMS]
        return [(form, value) for form, value in values if value is not None]


class TargetConfig(Section):
    route: Subdomain | None = Field(default=None, description="Name of a route. Default: the target is a Gateway.")
    gateway: Label | None = Field(
        default=None, description="Name of the Gateway, from `gateways`. Default: that of `gateway`."
    )
    section: Subdomain | None = Field(
        default=None, description="Name of one listener of the Gateway, or of one rule of the route."
    )


TARGET_FIELDS = frozenset({"targetRef", "targetRefs", "targetSelectors"})
"""Fields of a policy by which Envoy Gateway itself names targets."""


class PolicyConfig(OpenSection):
    """A policy, as in https://gateway.envoyproxy.io/docs/concepts/gateway_api_extensions/."""

    kind: PolicyKind = Field(description="Kind of the policy.")
    targets: tuple[TargetConfig, ...] = Field(
        default_factory=lambda: (TargetConfig(),),
        description="Its targets: routes, or the Gateway, as a whole or by `section`.",
    )

    @property
    def own_targets(self) -> tuple[TargetConfig, ...]:
        """The targets; empty when the fields themselves name targets."""
        return () if TARGET_FIELDS & self.fields.keys() else self.targets
