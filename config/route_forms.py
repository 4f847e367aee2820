"""Route forms: keys of a route that expand to its rules. Each form is a class, listed in ROUTE_FORMS.

To add a form, write its class here and its key in `RouteConfig`.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from pydantic import Field

from config.base import Fields, Section
from config.values import AppName, Percent
from diagnostics import Path
from gatewayapi.kinds import ENVOY_GATEWAY, ROUTES, RouteKind
from kube.labels import metadata
from kube.manifest import Manifest


@dataclass(frozen=True, kw_only=True)
class RouteContext:
    """The parts of a route that a form needs to write its rules."""

    name: str
    namespace: str
    backend_ref: Callable[[str], Fields]
    """The `backendRef` to a workload."""


@dataclass(frozen=True, kw_only=True)
class Expansion:
    """The rules of a form, and the objects that they refer to."""

    rules: list[Fields]
    objects: tuple[Manifest, ...] = ()


class RouteForm(Protocol):
    """A key of a route that replaces `rules`. `value` is the value of the key in the config."""

    key: str
    kinds: tuple[RouteKind, ...]
    """Kinds of routes that may have the key."""

    def workloads(self, value: Any) -> Mapping[Path, str]:
        """Names of workloads in the value, by their path below the key."""
        ...

    def expand(self, value: Any, route: RouteContext) -> Expansion: ...


class Backend:
    """`backend: NAME` sends all requests to one workload."""

    key = "backend"
    kinds = ROUTES

    def workloads(self, value: str) -> Mapping[Path, str]:
        return {(): value}

    def expand(self, value: str, route: RouteContext) -> Expansion:
        return Expansion(rules=[{"backendRefs": [route.backend_ref(value)]}])


class CanaryConfig(Section):
    stable: AppName = Field(description="The workload that gets all other requests.")
    next: AppName = Field(description="The workload that gets `percent` of a hundred requests.")
    percent: Percent = Field(description="Requests out of a hundred for `next`.")


class Canary:
    """`canary` shares the requests between two workloads."""

    key = "canary"
    kinds = ROUTES

    def workloads(self, value: CanaryConfig) -> Mapping[Path, str]:
        return {("stable",): value.stable, ("next",): value.next}

    def expand(self, value: CanaryConfig, route: RouteContext) -> Expansion:
        shares = (value.stable, 100 - value.percent), (value.next, value.percent)
        refs = [{**route.backend_ref(workload), "weight": weight} for workload, weight in shares]
        return Expansion(rules=[{"backendRefs": refs}])


class Maintenance:
    """`maintenance: TEXT` answers every request with 503 and a text.

    Follows https://gateway.envoyproxy.io/docs/tasks/traffic/direct-response/.
    """

    key = "maintenance"
    kinds: tuple[RouteKind, ...] = ("HTTPRoute",)

    def workloads(self, value: str) -> Mapping[Path, str]:
        return {}

    def expand(self, value: str, route: RouteContext) -> Expansion:
        body = {"type": "Inline", "inline": value}
        response = {"contentType": "text/plain; charset=utf-8", "body": body, "statusCode": 503}
        page: Manifest = {
            "apiVersion": f"{ENVOY_GATEWAY}/v1alpha1",
            "kind": "HTTPRouteFilter",
            "metadata": metadata("gateway", route.name, namespace=route.namespace),
            "spec": {"directResponse": response},
        }
        named = {"group": ENVOY_GATEWAY, "kind": "HTTPRouteFilter", "name": route.name}
        return Expansion(rules=[{"filters": [{"type": "ExtensionRef", "extensionRef": named}]}], objects=(page,))


ROUTE_FORMS: tuple[RouteForm, ...] = (Backend(), Canary(), Maintenance())
"""All route forms. A route has one of them, or `rules`."""
