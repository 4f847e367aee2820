"""Since which release of Envoy Gateway its CRDs have what. All that is not in the tables is as old as 1.5.

Read off the CRDs in the charts of 1.5.0, 1.6.0, 1.7.0, 1.8.0 and 1.9.1.
"""

from collections.abc import Iterator

from diagnostics.problem import Mistake, Path
from gatewayapi.objects import GATEWAY_API, Wire, group_of, kind_of
from kube.read import judged, read

Release = tuple[int, int]

_VERSIONS: dict[tuple[str, str], tuple[Release, str]] = {
    ("BackendTLSPolicy", "v1"): ((1, 6), "v1alpha3"),
    ("TLSRoute", "v1alpha3"): ((1, 6), "v1alpha2"),
    ("ListenerSet", "v1"): ((1, 8), ""),
    ("ReferenceGrant", "v1"): ((1, 8), "v1beta1"),
    ("TLSRoute", "v1"): ((1, 8), "v1alpha2"),
    ("TCPRoute", "v1"): ((1, 9), "v1alpha2"),
    ("UDPRoute", "v1"): ((1, 9), "v1alpha2"),
}
"""Kinds of Gateway API in versions that came later; with the version to take before, if there was one."""

_FIELDS: dict[tuple[str, str], Release] = {
    ("BackendTrafficPolicy", "admissionControl"): (1, 8),
    ("BackendTrafficPolicy", "bandwidthLimit"): (1, 8),
    ("BackendTrafficPolicy", "compressor"): (1, 6),
    ("BackendTrafficPolicy", "routingType"): (1, 7),
    ("ClientTrafficPolicy", "grpc"): (1, 8),
    ("ClientTrafficPolicy", "scheme"): (1, 7),
    ("EnvoyExtensionPolicy", "dynamicModule"): (1, 8),
    ("EnvoyExtensionPolicy", "mergeType"): (1, 9),
    ("EnvoyProxy", "dynamicModules"): (1, 8),
    ("EnvoyProxy", "geoIP"): (1, 8),
    ("EnvoyProxy", "mergeBackends"): (1, 9),
    ("EnvoyProxy", "mergeType"): (1, 8),
    ("Gateway", "defaultScope"): (1, 6),
    ("Gateway", "tls"): (1, 6),
    ("GRPCRoute", "useDefaultGateways"): (1, 6),
    ("HTTPRoute", "useDefaultGateways"): (1, 6),
    ("HTTPRouteFilter", "matches"): (1, 7),
    ("SecurityPolicy", "csrf"): (1, 9),
    ("SecurityPolicy", "mergeType"): (1, 8),
}
"""Fields of `spec`."""


def release_of(version: str) -> Release:
    """The release of a version such as `1.9.1`."""
    major, minor, *_ = version.removeprefix("v").split(".")
    return int(major), int(minor)


@judged
def mistakes(wire: Wire, release: Release) -> Iterator[Mistake]:
    """What is newer than the release."""
    kind, api_version = kind_of(wire), read(wire, "apiVersion", default="")
    since, before = _VERSIONS.get((kind, api_version.rpartition("/")[2]), (release, ""))
    if group_of(wire) == GATEWAY_API and since > release:
        yield Mistake(
            path=("apiVersion",),
            value=api_version,
            rule=f"Envoy Gateway has {kind} {api_version.rpartition('/')[2]} since {_shown(since)}",
            cure=f"write {GATEWAY_API}/{before}" if before else f"install Envoy Gateway {_shown(since)} or later",
        )
        return
    for field in read(wire, "spec", default={}):
        if (added := _FIELDS.get((kind, field), release)) > release:
            yield later(("spec", field), added)


def later(path: Path, added: Release) -> Mistake:
    """That the field at `path` came with a later release."""
    rule = f"Envoy Gateway has this field since {_shown(added)}"
    return Mistake(path=path, rule=rule, cure=f"install Envoy Gateway {_shown(added)} or later")


def _shown(release: Release) -> str:
    return ".".join(map(str, release))
