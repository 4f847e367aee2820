"""A release's manifest: found, verified, split into objects, and put in order. Knows nothing of Pulumi."""

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, cast

import yaml

from components.platform import sources
from components.platform.sources import ManifestError, Source
from kube.labels import OWNERSHIP
from kube.merge import overlaid
from kube.readiness import SKIP, progress_deadline, rolled_out, until
from releases import CONFIG_KEY, CONFIG_MAP

Object = Mapping[str, Any]
CONTROLLER_NAME = "envoy-gateway"
"""Of its Deployment."""
# Of an image that is mirrored under another tag, or named by digest alone, nothing can be said.
_RELEASE_TAG = re.compile(r":v?([0-9]+\.[0-9]+\.[0-9]+)(?:@|$)")
_GATEWAY_CLASSES = "gatewayclasses.gateway.networking.k8s.io"


@dataclass(frozen=True, kw_only=True)
class Manifest:
    """The objects of a release in the order in which they have to be there."""

    version: str
    sha256: str
    namespace: Object
    crds: tuple[Object, ...]
    settings: tuple[Object, ...]
    """RBAC, configuration, Services, webhooks: all that the pods find when they start."""
    jobs: tuple[Object, ...]
    controller: Object

    def api_version(self, kind: str) -> str:
        """The most settled apiVersion in which the release serves `kind`. Raises ManifestError when it has none."""
        specs = [crd["spec"] for crd in self.crds if crd["spec"]["names"]["kind"] == kind]
        served = [(spec["group"], each["name"]) for spec in specs for each in spec["versions"] if each["served"]]
        if not served:
            raise ManifestError(f"Envoy Gateway {self.version} has no {kind}")
        return "/".join(min(served, key=lambda version: _unsettled(version[1])))


def _unsettled(version: str) -> tuple[bool, bool, int]:
    """Sorts `v1` before `v1beta1` before `v1alpha3` before `v1alpha2`."""
    return "alpha" in version, "beta" in version, -int(re.split("[a-z]+", version)[-1])


def load(source: Source, cache: Path, *, installs: bool = True) -> Manifest:
    """Get, verify and split the manifest of `source`; downloads are kept in `cache`. Raises ManifestError."""
    raw = sources.read(source, cache)
    return split(raw.data, source, raw.sha256, raw.origin, installs=installs)


def split(data: bytes, source: Source, sha256: str, origin: str, *, installs: bool = True) -> Manifest:
    """The objects of a manifest, in order. Raises ManifestError when it is no Envoy Gateway release.

    What is not installed from it may be in another namespace than it says.
    """
    by_kind: dict[str, list[Object]] = {}
    for wire in objects(data, origin):
        stage = wire["kind"] if wire["kind"] in ("CustomResourceDefinition", "Job", "Deployment") else "settings"
        by_kind.setdefault(stage, []).append(wire)
    crds, deployments = by_kind.get("CustomResourceDefinition", []), by_kind.get("Deployment", [])
    if not any(crd["metadata"]["name"] == _GATEWAY_CLASSES for crd in crds):
        raise ManifestError(
            f"{origin} is no Envoy Gateway release: it has no CustomResourceDefinition {_GATEWAY_CLASSES}"
        )
    if [deployment["metadata"]["name"] for deployment in deployments] != [CONTROLLER_NAME]:
        raise ManifestError(f"{origin} is no Envoy Gateway release: its one Deployment must be {CONTROLLER_NAME}")
    (controller,) = deployments
    refuse_other_version(controller, source, origin)
    if installs:
        refuse_other_namespace(controller, source, origin)
    namespace = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": source.namespace}}
    return Manifest(
        version=source.version,
        sha256=sha256,
        namespace=namespace,
        crds=tuple(crds),
        settings=tuple(wire for wire in by_kind.get("settings", []) if identity(wire) != identity(namespace)),
        jobs=tuple(by_kind.get("Job", [])),
        controller=controller,
    )


def configured(manifest: Manifest, fields: Object) -> Manifest:
    """The release with `fields` laid over its controller's configuration. Raises ManifestError when it has none.

    With other fields the controller's pod is another one: it reads its configuration when it starts.
    Follows https://gateway.envoyproxy.io/docs/api/extension_types/#envoygateway.
    """
    if not fields:
        return manifest
    if not any(is_configuration(wire) and CONFIG_KEY in wire.get("data", {}) for wire in manifest.settings):
        raise ManifestError(
            f"Envoy Gateway {manifest.version} keeps no {CONFIG_KEY} in a ConfigMap {CONFIG_MAP}: "
            "take synergychat:envoyGateway.config out"
        )
    checksum = hashlib.sha256(json.dumps(fields, sort_keys=True).encode()).hexdigest()
    annotated = {"spec": {"template": {"metadata": {"annotations": {"synergychat/settings-sha256": checksum}}}}}
    return replace(
        manifest,
        settings=tuple(_configured(wire, fields) if is_configuration(wire) else wire for wire in manifest.settings),
        controller=overlaid(manifest.controller, annotated),
    )


def controller_config(manifest: Manifest) -> dict[str, Any]:
    """The configuration of the release's controller."""
    (text,) = [wire["data"][CONFIG_KEY] for wire in manifest.settings if is_configuration(wire)]
    return yaml.safe_load(text)


def _configured(config_map: Object, fields: Object) -> Object:
    settings = overlaid(yaml.safe_load(config_map["data"][CONFIG_KEY]), fields)
    return overlaid(config_map, {"data": {CONFIG_KEY: yaml.safe_dump(settings)}})


def refuse_other_version(controller: Object, source: Source, origin: str) -> None:
    """A manifest is found by its sum: with another version's sum left in place it would be the other version's."""
    try:
        image = str(controller["spec"]["template"]["spec"]["containers"][0]["image"])
    except (KeyError, IndexError, TypeError) as error:
        name = controller["metadata"]["name"]
        raise ManifestError(f"{origin} is no {source.product} release: its Deployment {name} has no image") from error
    found = release_of(image)
    if found is not None and found != source.version:
        raise ManifestError(
            f"{origin} runs {source.product} {found} ({image}), not {source.version}: "
            f"set synergychat:{source.key}.version to {found}, or its sha256 to the sum of {source.version}'s manifest"
        )


def refuse_other_namespace(controller: Object, source: Source, origin: str) -> None:
    """Of what it installs only the chart can say where it goes."""
    if (found := controller["metadata"].get("namespace")) != source.namespace:
        raise ManifestError(
            f"{origin} installs into the namespace {found}, not {source.namespace}: "
            f"set synergychat:{source.key}.namespace to {found}, or render the chart for {source.namespace}"
        )


def is_configuration(wire: Object) -> bool:
    """Whether it holds the controller's own configuration."""
    return (wire["kind"], wire["metadata"]["name"]) == ("ConfigMap", CONFIG_MAP)


def release_of(image: str) -> str | None:
    """Which release the controller's image is of, where its tag says so."""
    tag = _RELEASE_TAG.search(image)
    return None if tag is None else tag[1]


def identity(wire: Object) -> str:
    """What tells an object from every other of its manifest, such as `service-envoy-gateway`."""
    return f"{wire['kind'].lower()}-{wire['metadata']['name']}"


def prepared(wire: Object, timeout_s: int) -> dict[str, Any]:
    """The object as it is registered: like the release's, but for what Pulumi needs otherwise."""
    # By force: who applied the release by hand before owns lists that count as a whole, defaults and all.
    own: dict[str, str] = wire["metadata"].get("annotations") or {}
    annotations: dict[str, str] = {**OWNERSHIP, "pulumi.com/patchForce": "true", **own}
    result = dict(wire)
    if wire["kind"] == "CustomResourceDefinition":
        # Two thirds of the text of a release: left in, state and every preview would carry them three times over.
        result["spec"] = _without_descriptions(wire["spec"])
    if wire["kind"] == "Service":
        annotations |= SKIP
    if wire["kind"] == "Job":
        # Removed by its own clock, it would be missed by the next refresh and made again.
        result["spec"] = {key: value for key, value in wire["spec"].items() if key != "ttlSecondsAfterFinished"}
        annotations |= {"pulumi.com/replaceUnready": "true"}
    if wire["kind"] == "Deployment":
        result["spec"] = wire["spec"] | {"progressDeadlineSeconds": progress_deadline(timeout_s)}
        annotations |= until(*rolled_out())
    result["metadata"] = wire["metadata"] | {"annotations": annotations}
    return result


def objects(data: bytes, origin: str) -> list[Object]:
    """The objects of a manifest as they stand in it. Raises ManifestError when it is none, or has an object twice."""
    try:
        documents: list[object] = list(yaml.load_all(data, Loader=yaml.CSafeLoader))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ManifestError(f"{origin} is not YAML: {' '.join(str(error).split())}") from error
    found = [_object(document, origin) for document in documents if document is not None]
    seen: set[str] = set()
    for name in map(identity, found):
        if name in seen:
            raise ManifestError(f"{origin} has {name} twice")
        seen.add(name)
    return found


def _object(document: object, origin: str) -> Object:
    if isinstance(document, dict):
        wire = cast(dict[str, Any], document)
        metadata = wire.get("metadata")
        if wire.get("apiVersion") and wire.get("kind") and isinstance(metadata, dict) and "name" in metadata:
            return wire
    raise ManifestError(
        f"{origin} is no Kubernetes manifest: a document in it has no apiVersion, kind or metadata.name"
    )


def _without_descriptions(node: Any) -> Any:
    # A field that is called description is a schema, so a dictionary; the texts that go are strings.
    if isinstance(node, dict):
        return {
            key: _without_descriptions(value)
            for key, value in cast(dict[str, Any], node).items()
            if not (key == "description" and isinstance(value, str))
        }
    if isinstance(node, list):
        return [_without_descriptions(item) for item in cast(list[Any], node)]
    return node
