"""Kinds and fields that Envoy Gateway heeds only where its own configuration says so."""

from collections.abc import Iterator
from typing import Any

import yaml

from checks.rules.releases import Release
from diagnostics.problem import Mistake
from gatewayapi.objects import CORE, Stack, Wire, kind_of, name_of
from kube.read import NotKnown, judged, read
from releases import CONFIG_KEY, CONFIG_MAP

_LUA_OFF_SINCE = (1, 9)


@judged
def mistakes(stack: Stack, wire: Wire, release: Release) -> Iterator[Mistake]:
    """Of an object of such a kind or with such a field, when the stack has the configuration."""
    match kind_of(wire):
        case "Backend":
            yield from _off(stack, wire, "enableBackend", ("kind",))
        case "EnvoyPatchPolicy":
            yield from _off(stack, wire, "enableEnvoyPatchPolicy", ("kind",))
        case "EnvoyExtensionPolicy" if read(wire, "spec", "lua") and release >= _LUA_OFF_SINCE:
            yield from _off(stack, wire, "enableLua", ("spec", "lua"))
        case "BackendTrafficPolicy":
            yield from _uncounted(stack, wire)
        case _:
            return


def _off(stack: Stack, wire: Wire, switch: str, path: tuple[str, ...]) -> Iterator[Mistake]:
    apis = read(configuration(stack), "extensionApis", default={})
    deprecated = switch == "enableLua" and read(apis, "disableLua") is False
    if not read(apis, switch, default=deprecated):
        what = "Lua" if switch == "enableLua" else kind_of(wire)
        yield Mistake(
            path=path,
            value=kind_of(wire) if path == ("kind",) else None,
            rule=f"Envoy Gateway's configuration does not enable {what}",
            cure=f"set extensionApis.{switch}: true in envoyGateway.config of the stack",
        )


def _uncounted(stack: Stack, policy: Wire) -> Iterator[Mistake]:
    """A limit for all Envoys together, with nothing for them to count in."""
    limit = read(policy, "spec", "rateLimit", default={})
    heeded = read(limit, "type", default="Global") == "Global"
    if heeded and read(limit, "global") and not read(configuration(stack), "rateLimit"):
        yield Mistake(
            path=("spec", "rateLimit", "global"),
            rule="Envoy Gateway's configuration has no rateLimit.backend to count in",
            cure="set rateLimit.backend to a Redis in envoyGateway.config of the stack, or say local, not global",
        )


def configuration(stack: Stack) -> Any:
    """Envoy Gateway's one configuration of the stack. Raises NotKnown without one."""
    configs = [each for each in stack.of(CORE, "ConfigMap") if name_of(each) == CONFIG_MAP]
    if len(configs) != 1:
        raise NotKnown
    try:
        return yaml.safe_load(read(configs[0], "data", CONFIG_KEY, default=""))
    except yaml.YAMLError as error:
        raise NotKnown from error
