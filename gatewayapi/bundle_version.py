"""CRDs of Gateway API: the release that a CRD comes from."""

from collections.abc import Mapping
from typing import Any

from kube.read import read

BUNDLE_VERSION = "gateway.networking.k8s.io/bundle-version"
"""Annotation that Gateway API's own CRDs carry: https://gateway-api.sigs.k8s.io/concepts/versioning/."""


def bundle_version(crd: Mapping[str, Any] | None) -> str:
    """Release of Gateway API without a leading `v`; empty for a CRD without the annotation."""
    return str(read(crd, "metadata", "annotations", BUNDLE_VERSION, default="")).removeprefix("v")
