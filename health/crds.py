"""Whether Gateway API's CRDs are as new as the controller: whoever else installs them may have put older ones in place.

A kind of which its version is not served Envoy Gateway ignores, and a field that its CRD lacks the API server refuses.
https://gateway-api.sigs.k8s.io/concepts/versioning/
"""

import re
from collections.abc import Iterator, Sequence

from gatewayapi.kinds import GATEWAY_API, ROUTES
from health.failure import Failure
from health.kinds import Kind, Object
from releases import GATEWAY_API_RELEASES

CRD = Kind("apiextensions.k8s.io", "CustomResourceDefinition")
_BUNDLE = "gateway.networking.k8s.io/bundle-version"
_IMAGE_TAG = re.compile(r":v?(\d+\.\d+)\.\d+")
_NEEDED = ("GatewayClass", "Gateway", *ROUTES, "BackendTLSPolicy")


def failures(item: Object, known: Sequence[Object]) -> Iterator[Failure]:
    """Of a controller's Deployment, each CRD among `known` that is too old; of anything else, nothing."""
    needed = GATEWAY_API_RELEASES.get(_line(item), "")
    crds = {each["spec"]["names"]["kind"]: each for each in known if Kind.of(each) == CRD}
    if not needed or not crds:
        return
    for kind in _NEEDED:
        release = _release(crds.get(kind))
        if _order(release) < _order(needed):
            age = {"": "not there", "0": "of no release"}.get(release, f"of Gateway API {release}")
            text = f"its CRD is {age}, and Envoy Gateway {_line(item)} needs that of {needed}"
            yield Failure("OlderCRD", text, f"{kind}.{GATEWAY_API}")


def _line(item: Object) -> str:
    """The release line of a controller; empty for anything else, and where its image does not say."""
    if item["kind"] != "Deployment" or item["metadata"].get("labels", {}).get("control-plane") != "envoy-gateway":
        return ""
    tag = _IMAGE_TAG.search(item["spec"]["template"]["spec"]["containers"][0]["image"])
    return tag[1] if tag else ""


def _release(crd: Object | None) -> str:
    """Empty without a CRD; one that does not say it is older than any that does."""
    return crd["metadata"].get("annotations", {}).get(_BUNDLE, "v0").removeprefix("v") if crd else ""


def _order(release: str) -> list[int]:
    return [int(number) for number in re.findall(r"\d+", release)]
