"""What is known of the releases of Envoy Gateway and of cert-manager."""

import re
from datetime import date

RELEASE_LINES = {
    "1.5": date(2026, 2, 13),
    "1.6": date(2026, 5, 13),
    "1.7": date(2026, 8, 5),
    "1.8": date(2026, 11, 8),
    "1.9": date(2027, 2, 14),
}
"""Envoy Gateway's release lines that this program installs, and the day on which each stops getting fixes.

From https://gateway.envoyproxy.io/news/releases/matrix/.
"""

ENVOY = "docker.io/envoyproxy/envoy"
ENVOY_IMAGES = {"1.9.1": "docker.io/envoyproxy/envoy:distroless-v1.39.1"}
"""The Envoy of a release by tag alone. The release itself names it by digest too, so that no image built elsewhere from
the same version would do; a release that is not here runs what it names."""

GATEWAY_API_RELEASES = {"1.5": "1.3.0", "1.6": "1.4.0", "1.7": "1.4.1", "1.8": "1.5.1", "1.9": "1.6.1"}
"""The release of Gateway API that a line is made for, and whose CRDs it brings."""

CONFIG_MAP, CONFIG_KEY = "envoy-gateway-config", "envoy-gateway.yaml"
"""Where a release keeps the controller's own configuration."""
ENVOY_GATEWAY_MANIFEST = "https://github.com/envoyproxy/gateway/releases/download/v{version}/install.yaml"
CERT_MANAGER_MANIFEST = "https://github.com/cert-manager/cert-manager/releases/download/v{version}/cert-manager.yaml"


def mirrored(image: str, registry: str | None) -> str:
    """The same image from another registry; None leaves it where it is."""
    return image if registry is None else f"{registry}/{re.sub(r'^(localhost|[^/]*[.:][^/]*)/', '', image)}"
