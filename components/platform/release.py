"""Release: a manifest of Envoy Gateway, split into objects in the order in which they have to exist."""

import hashlib
import json
import re
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, cast

import yaml

from components.platform import sources
from components.platform.sources import ManifestError, Source
from diagnostics.source import Source as ConfigKey
from diagnostics.source import with_sources
from kube.labels import FIELD_MANAGER
from kube.manifest import Manifest, identity
from kube.merge import merge
from kube.read import read
from kube.readiness import REPLACE_UNREADY, SKIP_AWAIT, progress_deadline, rolled_out, wait_for
from releases import CONFIG_KEY, CONFIG_MAP, full_name

CONTROLLER_NAME = "envoy-gateway"
"""Name of the controller's Deployment."""
# An image in a mirror with another tag, or with a digest alone, does not tell its release.
_RELEASE_TAG = re.compile(r":v?([0-9]+\.[0-9]+\.[0-9]+)(?:@|$)")
# A line of the controller's configuration. Its other lines have to stay as they are.
_SHORT_IMAGE = re.compile(r"^(\s*image: )([^\s./:]+/\S+)$", re.MULTILINE)
_GATEWAY_CLASSES = "gatewayclasses.gateway.networking.k8s.io"


@dataclass(frozen=True, kw_only=True)
class Release:
    """The objects of a release in the order in which they have to exist."""

    version: str
    sha256: str
    namespace: Manifest
    crds: tuple[Manifest, ...]
    settings: tuple[Manifest, ...]
    """RBAC, configuration, Services and webhooks: everything that the pods need when they start."""
    jobs: tuple[Manifest, ...]
    controller: Manifest

    def api_version(self, kind: str) -> str:
        """The most stable apiVersion that serves `kind`. Raises ManifestError when the release does not have it."""
        specs = [crd["spec"] for crd in self.crds if crd["spec"]["names"]["kind"] == kind]
        served = [
            (spec["group"], version["name"]) for spec in specs for version in spec["versions"] if version["served"]
        ]
        if not served:
            raise ManifestError(f"Envoy Gateway {self.version} has no {kind}")
        return "/".join(min(served, key=lambda version: _stability(version[1])))


def _stability(version: str) -> tuple[bool, bool, int]:
    """Sorts `v1` before `v1beta1` before `v1alpha3` before `v1alpha2`."""
    return "alpha" in version, "beta" in version, -int(re.split("[a-z]+", version)[-1])


def load(source: Source, cache: Path, *, installs: bool = True) -> Release:
    """Read, verify and split the manifest of `source`; downloads are kept in `cache`. Raises ManifestError."""
    raw = sources.read(source, cache)
    return split(raw.data, source, raw.sha256, raw.origin, installs=installs)


def split(data: bytes, source: Source, sha256: str, origin: str, *, installs: bool = True) -> Release:
    """The objects of a manifest in order. Raises ManifestError when it is not a release of Envoy Gateway.

    On an external platform, its objects may be in another namespace than in the manifest.
    """
    by_stage: dict[str, list[Manifest]] = {}
    for manifest in map(_with_full_images, objects(data, origin)):
        kind = manifest["kind"]
        stage = kind if kind in ("CustomResourceDefinition", "Job", "Deployment") else "settings"
        by_stage.setdefault(stage, []).append(manifest)
    crds, deployments = by_stage.get("CustomResourceDefinition", []), by_stage.get("Deployment", [])
    if not any(crd["metadata"]["name"] == _GATEWAY_CLASSES for crd in crds):
        raise ManifestError(
            f"{origin} is not a release of Envoy Gateway: it has no CustomResourceDefinition {_GATEWAY_CLASSES}"
        )
    if [deployment["metadata"]["name"] for deployment in deployments] != [CONTROLLER_NAME]:
        raise ManifestError(
            f"{origin} is not a release of Envoy Gateway: it must have a single Deployment, {CONTROLLER_NAME}"
        )
    (controller,) = deployments
    refuse_other_version(controller, source, origin)
    if installs:
        refuse_other_namespace(controller, source, origin)
    namespace = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": source.namespace}}
    settings = [manifest for manifest in by_stage.get("settings", []) if identity(manifest) != identity(namespace)]
    return Release(
        version=source.version,
        sha256=sha256,
        namespace=namespace,
        crds=tuple(crds),
        settings=tuple(settings),
        jobs=tuple(by_stage.get("Job", [])),
        controller=controller,
    )


def _with_full_images(manifest: Manifest) -> Manifest:
    """The object with `docker.io/` before images without a registry.

    A release names its own image without one, its chart with one: both have to give the same objects, because another
    name replaces the Job that creates certificates, and the pods.
    """
    if is_config(manifest):
        texts = {key: _SHORT_IMAGE.sub(r"\1docker.io/\2", text) for key, text in manifest.get("data", {}).items()}
        return manifest | {"data": texts}
    if manifest["kind"] not in ("Deployment", "Job"):
        return manifest
    containers = [
        {**container, "image": full_name(container["image"])} if "image" in container else container
        for container in read(manifest, "spec", "template", "spec", "containers", default=[])
    ]
    return merge(manifest, {"spec": {"template": {"spec": {"containers": containers}}}}) if containers else manifest


def with_config(release: Release, fields: Manifest) -> Release:
    """The release with `fields` merged over its controller's configuration. Raises ManifestError when it has none.

    A change of the fields replaces the controller's pods, because the controller reads its configuration at start.
    Follows https://gateway.envoyproxy.io/docs/api/extension_types/#envoygateway.
    """
    if not fields:
        return release
    if not any(is_config(manifest) and CONFIG_KEY in manifest.get("data", {}) for manifest in release.settings):
        raise ManifestError(
            f"Envoy Gateway {release.version} has no {CONFIG_KEY} in a ConfigMap {CONFIG_MAP}: "
            "remove synergychat:envoyGateway.config"
        )
    checksum = hashlib.sha256(json.dumps(fields, sort_keys=True).encode()).hexdigest()
    annotated = {"spec": {"template": {"metadata": {"annotations": {"synergychat/settings-sha256": checksum}}}}}
    return replace(
        release,
        settings=tuple(
            _merged_config(manifest, fields) if is_config(manifest) else manifest for manifest in release.settings
        ),
        controller=merge(release.controller, annotated),
    )


def controller_config(release: Release) -> dict[str, Any]:
    """The configuration of the release's controller."""
    (text,) = [manifest["data"][CONFIG_KEY] for manifest in release.settings if is_config(manifest)]
    return yaml.safe_load(text)


def _merged_config(config_map: Manifest, fields: Manifest) -> Manifest:
    settings = json.loads(json.dumps(merge(yaml.safe_load(config_map["data"][CONFIG_KEY]), fields)))
    return merge(config_map, {"data": {CONFIG_KEY: yaml.safe_dump(settings)}})


def refuse_other_version(controller: Manifest, source: Source, origin: str) -> None:
    """Raise ManifestError for another version: the cache is keyed by checksum only, so a stale checksum would silently
    install the old one."""
    try:
        image = str(controller["spec"]["template"]["spec"]["containers"][0]["image"])
    except (KeyError, IndexError, TypeError) as error:
        name = controller["metadata"]["name"]
        raise ManifestError(
            f"{origin} is not a release of {source.product.name}: its Deployment {name} has no image"
        ) from error
    found = version_of(image)
    if found is not None and found != source.version:
        key = f"synergychat:{source.product.key}"
        remedy = (
            f"remove {key}.sha256, which {source.version} does not need"
            if source.known and source.sha256 and not source.manifest
            else f"its sha256 to the checksum of {source.version}'s manifest"
        )
        raise ManifestError(
            f"{origin} has {source.product.name} {found} ({image}), not {source.version}: "
            f"set {key}.version to {found}, or {remedy}"
        )


def refuse_other_namespace(controller: Manifest, source: Source, origin: str) -> None:
    """Raise ManifestError for another namespace: only the chart can change where a release is installed."""
    if (found := controller["metadata"].get("namespace")) != source.namespace:
        raise ManifestError(
            f"{origin} installs into namespace {found}, not {source.namespace}: "
            f"set synergychat:{source.product.key}.namespace to {found}, or render the chart for {source.namespace}"
        )


def is_config(manifest: Manifest) -> bool:
    """Whether an object holds the controller's own configuration."""
    return (manifest["kind"], manifest["metadata"]["name"]) == ("ConfigMap", CONFIG_MAP)


def version_of(image: str) -> str | None:
    """The release of a controller's image, if its tag says so."""
    tag = _RELEASE_TAG.search(image)
    return None if tag is None else tag[1]


def prepare(manifest: Manifest, timeout_s: int) -> Manifest:
    """The object of a release as it is registered, with the annotations that Pulumi needs."""
    own: dict[str, str] = manifest["metadata"].get("annotations") or {}
    annotations: dict[str, str] = {**FIELD_MANAGER, **own}
    result = dict(manifest)
    if manifest["kind"] == "CustomResourceDefinition":
        # Two thirds of a release's text, which state and every preview would carry three times.
        result["spec"] = _without_descriptions(manifest["spec"])
    if manifest["kind"] == "Service":
        annotations |= SKIP_AWAIT
    if manifest["kind"] == "Job":
        # A Job that deletes itself would be missing at the next refresh, and be created again.
        result["spec"] = {key: value for key, value in manifest["spec"].items() if key != "ttlSecondsAfterFinished"}
        annotations |= REPLACE_UNREADY
    if manifest["kind"] == "Deployment":
        result["spec"] = manifest["spec"] | {"progressDeadlineSeconds": progress_deadline(timeout_s)}
        annotations |= wait_for(*rolled_out())
    if is_config(manifest):
        # Wrong fields in the controller's configuration are wrong in the stack's config.
        result["data"] = with_sources(manifest.get("data", {}), **{CONFIG_KEY: ConfigKey(("envoyGateway", "config"))})
    result["metadata"] = manifest["metadata"] | {"annotations": annotations}
    return result


def objects(data: bytes, origin: str) -> list[Manifest]:
    """The objects of a manifest in its order.

    Raises ManifestError for anything else, or an object that occurs twice.
    """
    try:
        documents: list[object] = list(yaml.load_all(data, Loader=yaml.CSafeLoader))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ManifestError(f"{origin} is not valid YAML: {' '.join(str(error).split())}") from error
    found = [_object(document, origin) for document in documents if document is not None]
    seen: set[str] = set()
    for name in map(identity, found):
        if name in seen:
            raise ManifestError(f"{origin} has {name} twice")
        seen.add(name)
    return found


def _object(document: object, origin: str) -> Manifest:
    if isinstance(document, dict):
        manifest = cast(Manifest, document)
        metadata = manifest.get("metadata")
        if manifest.get("apiVersion") and manifest.get("kind") and isinstance(metadata, dict) and "name" in metadata:
            return manifest
    raise ManifestError(
        f"{origin} is not a Kubernetes manifest: a document in it has no apiVersion, kind or metadata.name"
    )


def _without_descriptions(node: Any) -> Any:
    # A field named description is a schema, so a dict; the texts to remove are strings.
    if isinstance(node, dict):
        return {
            key: _without_descriptions(value)
            for key, value in cast(dict[str, Any], node).items()
            if not (key == "description" and isinstance(value, str))
        }
    if isinstance(node, list):
        return [_without_descriptions(item) for item in cast(list[Any], node)]
    return node
