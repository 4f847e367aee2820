"""Fleets: the Gateways that run on the same Envoys."""

from collections.abc import Hashable
from dataclasses import dataclass
from typing import Any

import yaml

from gatewayapi.kinds import CORE, ENVOY_GATEWAY, GATEWAY_API
from gatewayapi.objects import Objects
from gatewayapi.references import reference
from kube.manifest import Manifest, ObjectName, name_of
from kube.read import NotKnown, read
from releases import CONFIG_KEY, CONFIG_MAP


@dataclass(frozen=True, eq=False)
class Fleet:
    """Gateways on the same Envoys: several when their GatewayClass merges them, otherwise one."""

    gateways: tuple[Manifest, ...]
    merged: bool


def fleets(objects: Objects) -> list[Fleet]:
    """All Gateways by the Envoys that serve them."""
    merged: dict[Hashable, list[Manifest]] = {}
    for gateway in objects.of_kind(GATEWAY_API, "Gateway"):
        merged.setdefault(merging_class_if_known(objects, gateway) or id(gateway), []).append(gateway)
    return [Fleet(tuple(gateways), merged=isinstance(key, str)) for key, gateways in merged.items()]


def merging_class(objects: Objects, gateway: Manifest) -> str:
    """Name of a merging GatewayClass, else empty. Raises NotKnown for a class that the stack does not declare."""
    name = read(gateway, "spec", "gatewayClassName", default="")
    found = objects.find(ObjectName(GATEWAY_API, "GatewayClass", "", name))
    return name if found is not None and _merges(objects, found) else ""


def merging_class_if_known(objects: Objects, gateway: Manifest) -> str:
    """The same; empty, too, for a class that the stack does not declare."""
    try:
        return merging_class(objects, gateway)
    except NotKnown:
        return ""


def envoy_proxies(objects: Objects, gateway: Manifest) -> list[Manifest]:
    """The EnvoyProxies of a Gateway and its GatewayClass. Raises NotKnown for one that the stack does not declare."""
    if _envoy_proxy_defaults(objects):
        raise NotKnown
    name = read(gateway, "spec", "gatewayClassName", default="")
    gateway_class = objects.find(ObjectName(GATEWAY_API, "GatewayClass", "", name))
    named = [(gateway, ("spec", "infrastructure", "parametersRef"))]
    named += [(gateway_class, ("spec", "parametersRef"))] if gateway_class is not None else []
    found = [_envoy_proxy(objects, owner, *path) for owner, path in named if read(owner, *path)]
    return [proxy for proxy in found if proxy is not None]


def controller_config(objects: Objects) -> Any:
    """The configuration of the stack's Envoy Gateway. Raises NotKnown when the stack does not declare exactly one."""
    configs = [config for config in objects.of_kind(CORE, "ConfigMap") if name_of(config) == CONFIG_MAP]
    if len(configs) != 1:
        raise NotKnown
    try:
        return yaml.safe_load(read(configs[0], "data", CONFIG_KEY, default=""))
    except yaml.YAMLError as error:
        raise NotKnown from error


def _merges(objects: Objects, gateway_class: Manifest) -> bool:
    proxy = _envoy_proxy(objects, gateway_class, "spec", "parametersRef")
    own = read(proxy, "spec", "mergeGateways")
    return read(_envoy_proxy_defaults(objects), "mergeGateways", default=False) if own is None else own


def _envoy_proxy_defaults(objects: Objects) -> Any:
    """The fields that Envoy Gateway's own configuration sets in every EnvoyProxy."""
    try:
        return read(controller_config(objects), "envoyProxy", default={})
    except NotKnown:
        return {}


def _envoy_proxy(objects: Objects, owner: Manifest, *path: str) -> Manifest | None:
    return objects.find(reference(owner, path, read(owner, *path), ENVOY_GATEWAY, "EnvoyProxy").target)
