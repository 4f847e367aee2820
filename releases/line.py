"""Line: one minor release of Envoy Gateway, and the fields and versions that are new in it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

Release = tuple[int, int]
"""Major and minor version, such as `(1, 9)`."""


@dataclass(frozen=True, kw_only=True)
class Line:
    """Facts about one minor release. Everything that no line lists as new exists since the first supported line."""

    release: Release
    newest: str
    """The newest patch release that this program was tested with."""
    end_of_life: date
    """Day of the last fixes: https://gateway.envoyproxy.io/news/releases/matrix/."""
    gateway_api: str
    """Release of Gateway API whose CRDs the line brings."""
    manifests: Mapping[str, str]
    """SHA-256 of `install.yaml` by patch release. One that is not listed needs it in the stack's config."""
    envoy_images: Mapping[str, str] = field(default_factory=dict[str, str])
    """Envoy image by patch release, with the digest that the release pins as `DefaultEnvoyProxyImage`. A patch release
    that is not listed runs the image that it names itself."""
    new_versions: Mapping[tuple[str, str], str] = field(default_factory=dict[tuple[str, str], str])
    """Kinds of Gateway API by the version that is new, with the version that earlier lines serve, if any."""
    new_fields: frozenset[tuple[str, str]] = frozenset()
    """Kinds with the fields of `spec` that are new, read off the CRDs in the charts."""
    new_config_fields: frozenset[str] = frozenset()
    """Fields of the controller's configuration that are new: names of fields joined by dots, without list indices."""
    disabled_extensions: frozenset[str] = frozenset()
    """Fields of `extensionApis` that the line needs for a feature which was on by default before."""

    @property
    def name(self) -> str:
        return ".".join(map(str, self.release))
