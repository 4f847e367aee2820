"""Reliance: what a stack takes for granted of an external platform, and what of it a cluster lacks."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from components.gateway.manifests import CONTROLLER
from components.platform.release import CONTROLLER_NAME, Manifest, Object, release_of
from gatewayapi.kinds import GATEWAY_API
from health import Unanswered
from health.kubectl import Kubectl, ask

_BUNDLE = "gateway.networking.k8s.io/bundle-version"
_CLASSES = f"gatewayclasses.{GATEWAY_API}"


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """What a stack takes for granted."""

    release: Manifest
    namespace: str
    class_name: str
    kinds: frozenset[tuple[str, str]]
    """apiVersion and kind of its objects. Those that the release does not have are nobody's business here."""


@dataclass(frozen=True, kw_only=True)
class Found:
    """What the cluster has of it. None: it did not say."""

    crds: Mapping[str, Object] | None
    """By name."""
    classes: Mapping[str, Object] | None
    """By name; all that there are."""
    controller: Object | None
    """Empty: there is none."""
    unanswered: list[str] = field(default_factory=list[str])
    """Why it did not say."""


def look(kubectl: Kubectl, wanted: Wanted) -> Found:
    """Asks for as little as will do: not everybody may read everything."""
    reasons: list[str] = []

    def get(*arguments: str) -> list[Object] | None:
        try:
            text = ask(kubectl, "get", *arguments, "--ignore-not-found", "--output", "json")
        except Unanswered as error:
            reasons.append(str(error))
            return None
        document: dict[str, Any] = json.loads(text) if text.strip() else {"items": []}
        return document.get("items", [document])

    names = sorted(_crd_names(wanted).values())
    crds = get("customresourcedefinitions", *names)
    has_classes = crds is None or any(crd["metadata"]["name"] == _CLASSES for crd in crds)
    classes = get(_CLASSES) if has_classes else []
    controllers = get("deployments.apps", CONTROLLER_NAME, "--namespace", wanted.namespace)
    none: Object = {}
    return Found(
        crds=_by_name(crds),
        classes=_by_name(classes),
        controller=None if controllers is None else next(iter(controllers), none),
        unanswered=reasons,
    )


def lacks(wanted: Wanted, found: Found) -> Iterator[str]:
    """What is missing, or older than what the stack's objects were checked against."""
    if found.crds is not None:
        yield from _lacking_crds(wanted, found.crds)
    if found.classes is not None:
        yield from _lacking_class(wanted.class_name, found.classes)
    if found.controller is not None:
        yield from _lacking_controller(wanted, found.controller)


def _lacking_crds(wanted: Wanted, crds: Mapping[str, Object]) -> Iterator[str]:
    older: set[tuple[str, str]] = set()
    own = {crd["metadata"]["name"]: crd for crd in wanted.release.crds}
    for (api_version, kind), name in sorted(_crd_names(wanted).items()):
        if name not in crds:
            yield f"CustomResourceDefinition {name} is not there, for {kind} {api_version}"
            continue
        served = [each["name"] for each in crds[name]["spec"]["versions"] if each["served"]]
        if api_version.rpartition("/")[2] not in served:
            yield f"CustomResourceDefinition {name} serves {', '.join(served)}, not {kind} {api_version}"
        has, needs = _bundle(crds[name]), _bundle(own[name])
        if _is_older(has, needs):
            older.add((has, needs))
    for has, needs in sorted(older):
        yield (
            f"Gateway API's CRDs are of {has}; this stack's objects were checked against {needs}, "
            f"which Envoy Gateway {wanted.release.version} brings"
        )


def _lacking_class(name: str, classes: Mapping[str, Object]) -> Iterator[str]:
    if name not in classes:
        known = ", ".join(sorted(classes)) or "none"
        yield f"GatewayClass {name} is not there (synergychat:gateway.className); there: {known}"
        return
    served_by = classes[name]["spec"]["controllerName"]
    if served_by != CONTROLLER:
        yield f"GatewayClass {name} is for the controller {served_by}, not for Envoy Gateway ({CONTROLLER})"
        return
    conditions: list[Object] = classes[name].get("status", {}).get("conditions", [])
    accepted = next((each for each in conditions if each["type"] == "Accepted"), None)
    if accepted is None or accepted["status"] != "True":
        said = f"{accepted['reason']}: {accepted['message']}" if accepted else "no controller has looked at it"
        yield f"GatewayClass {name} is not accepted: {said}"


def _lacking_controller(wanted: Wanted, controller: Object) -> Iterator[str]:
    named = f"Deployment {CONTROLLER_NAME} in namespace {wanted.namespace} (synergychat:envoyGateway.namespace)"
    if not controller:
        yield f"{named} is not there"
        return
    if not controller.get("status", {}).get("availableReplicas"):
        yield f"{named} has no pod that is available"
    containers: list[Object] = controller["spec"]["template"]["spec"]["containers"]
    version = release_of(containers[0]["image"])
    if version is not None and _is_older(version, wanted.release.version):
        yield (
            f"{named} runs Envoy Gateway {version}; this stack's objects were checked against "
            f"{wanted.release.version} (synergychat:envoyGateway.version)"
        )


def _crd_names(wanted: Wanted) -> dict[tuple[str, str], str]:
    """By apiVersion and kind; of those that the release has."""
    names = {
        (crd["spec"]["group"], crd["spec"]["names"]["kind"]): crd["metadata"]["name"] for crd in wanted.release.crds
    }
    kinds = {*wanted.kinds, (f"{GATEWAY_API}/v1", "GatewayClass")}
    return {each: names[key] for each in kinds if (key := (each[0].rpartition("/")[0], each[1])) in names}


def _by_name(objects: list[Object] | None) -> Mapping[str, Object] | None:
    return None if objects is None else {each["metadata"]["name"]: each for each in objects}


def _bundle(crd: Object) -> str:
    annotations: Mapping[str, str] = crd["metadata"].get("annotations") or {}
    return annotations.get(_BUNDLE, "")


def _is_older(has: str, needs: str) -> bool:
    """Where either is not known, it is not."""
    had, needed = (tuple(map(int, re.findall(r"[0-9]+", each)[:3])) for each in (has, needs))
    return bool(had and needed) and had < needed
