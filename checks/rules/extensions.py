"""Kinds and fields that Envoy Gateway ignores unless its own configuration enables them."""

from collections.abc import Iterator

from diagnostics import Path, Problem, problem
from gatewayapi.fleets import controller_config
from gatewayapi.topology import Topology
from kube.manifest import Manifest, kind_of
from kube.read import read, skip_unknown
from releases import LINES, Release


@skip_unknown
def not_enabled(topology: Topology, manifest: Manifest, release: Release) -> Iterator[Problem]:
    """The object or field that the stack's Envoy Gateway is not configured for."""
    match kind_of(manifest):
        case "Backend":
            yield from _disabled(topology, "enableBackend", "Backend", ("kind",), manifest)
        case "EnvoyPatchPolicy":
            yield from _disabled(topology, "enableEnvoyPatchPolicy", "EnvoyPatchPolicy", ("kind",), manifest)
        case "EnvoyExtensionPolicy" if read(manifest, "spec", "lua") and _is_off_by_default("enableLua", release):
            yield from _disabled(topology, "enableLua", "Lua", ("spec", "lua"), manifest)
        case "BackendTrafficPolicy":
            yield from _without_rate_limit_backend(topology, manifest)
        case _:
            return


def _is_off_by_default(switch: str, release: Release) -> bool:
    return any(switch in line.disabled_extensions for line in LINES if line.release <= release)


def _disabled(topology: Topology, switch: str, feature: str, path: Path, manifest: Manifest) -> Iterator[Problem]:
    apis = read(controller_config(topology.objects), "extensionApis", default={})
    # The deprecated switch still counts.
    default = switch == "enableLua" and read(apis, "disableLua") is False
    if not read(apis, switch, default=default):
        value = kind_of(manifest) if path == ("kind",) else None
        yield problem("extension-not-enabled", path, value, feature=feature, switch=switch)


def _without_rate_limit_backend(topology: Topology, policy: Manifest) -> Iterator[Problem]:
    limit = read(policy, "spec", "rateLimit", default={})
    is_global = read(limit, "type", default="Global") == "Global" and read(limit, "global")
    if is_global and not read(controller_config(topology.objects), "rateLimit"):
        yield problem("rate-limit-backend-missing", ("spec", "rateLimit", "global"))
