"""CRDs: whether those of Gateway API are as new as the controller. Another installation may have replaced them.

Envoy Gateway ignores a kind whose version is not served, and the API server refuses a field that the CRD lacks.
https://gateway-api.sigs.k8s.io/concepts/versioning/
"""

import re
from collections.abc import Iterator, Sequence

from gatewayapi.bundle_version import bundle_version
from gatewayapi.kinds import GATEWAY_API, ROUTES
from health.failure import Failure
from health.kinds import Kind, Object
from releases import Line, is_older, line_of

CRD = Kind("apiextensions.k8s.io", "CustomResourceDefinition")
_IMAGE_TAG = re.compile(r":v?(\d+\.\d+)\.\d+")
_NEEDED = ("GatewayClass", "Gateway", *ROUTES, "BackendTLSPolicy")


def failures(item: Object, known: Sequence[Object]) -> Iterator[Failure]:
    """Each CRD among `known` that is too old for a controller's Deployment; nothing for any other object."""
    line = _line(item)
    crds = {crd["spec"]["names"]["kind"]: crd for crd in known if Kind.of(crd) == CRD}
    if line is None or not crds:
        return
    for kind in _NEEDED:
        found = f"is from Gateway API {bundle_version(crds[kind])}" if kind in crds else "is missing"
        if kind in crds and not bundle_version(crds[kind]):
            found = "has no release"
        elif kind in crds and not is_older(bundle_version(crds[kind]), line.gateway_api):
            continue
        text = f"its CRD {found}, but Envoy Gateway {line.name} needs the one of {line.gateway_api}"
        yield Failure("OlderCRD", text, f"{kind}.{GATEWAY_API}")


def _line(item: Object) -> Line | None:
    """The release line of a controller by its image's tag; None for any other object."""
    if item["kind"] != "Deployment" or item["metadata"].get("labels", {}).get("control-plane") != "envoy-gateway":
        return None
    tag = _IMAGE_TAG.search(item["spec"]["template"]["spec"]["containers"][0]["image"])
    return line_of(tag[1]) if tag else None
