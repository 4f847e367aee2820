"""Requirements of a stack on an external platform, and those that a cluster does not meet."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pulumi

from components.platform.release import CONTROLLER_NAME, Release, version_of
from diagnostics.exit import stop
from gatewayapi.bundle_version import bundle_version
from gatewayapi.kinds import CONTROLLER, GATEWAY_API
from kube.kubeconfig import is_reachable
from kube.kubectl import Kubectl, Unanswered, ask, kubectl
from kube.manifest import Manifest, by_name
from releases import is_older

_CLASSES = f"gatewayclasses.{GATEWAY_API}"


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """The requirements of a stack."""

    release: Release
    namespace: str
    class_name: str
    kinds: frozenset[tuple[str, str]]
    """apiVersion and kind of its objects. Kinds that the release does not have are ignored."""


@dataclass(frozen=True, kw_only=True)
class Found:
    """The required objects that a cluster has. A field is None when the cluster did not answer."""

    crds: Mapping[str, Manifest] | None
    """CRDs by name."""
    classes: Mapping[str, Manifest] | None
    """All GatewayClasses by name."""
    controller: Manifest | None
    """The controller's Deployment; empty when there is none."""
    unanswered: list[str] = field(default_factory=list[str])
    """Reasons why the cluster did not answer."""


def check_external_platform(
    release: Release, namespace: str, class_name: str, context: str, declared: Sequence[Manifest]
) -> None:
    """End the program when the platform lacks something that the declared objects need, and list all of it.

    A preview asks only a cluster that answers. Objects that the user may not read are skipped with a warning.
    """
    if pulumi.runtime.is_dry_run() and not is_reachable(context):
        return
    run = kubectl(context)
    if run is None:
        pulumi.log.warn("There is no `kubectl` on the PATH to check the external platform (synergychat:platform)")
        return
    kinds = frozenset((str(manifest.get("apiVersion")), str(manifest.get("kind"))) for manifest in declared)
    wanted = Wanted(release=release, namespace=namespace, class_name=class_name, kinds=kinds)
    found = look(run, wanted)
    for reason in found.unanswered:
        pulumi.log.warn(f"The external platform (synergychat:platform) could not be checked completely: {reason}")
    if lines := list(lacks(wanted, found)):
        listed = "\n".join(f"  {line}" for line in lines)
        stop(
            f"Stack {pulumi.get_stack()} needs an external platform (synergychat:platform) "
            f"that context {context} does not have:\n{listed}\n"
            "Nothing was changed. Bring up the stack that manages the platform first, "
            "or let this stack manage it, with synergychat:platform: managed"
        )


def look(kubectl: Kubectl, wanted: Wanted) -> Found:
    """Read the required objects of a cluster, and no others: a user may lack permission for the rest."""
    reasons: list[str] = []

    def get(*arguments: str) -> list[Manifest] | None:
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
    nothing: Manifest = {}
    return Found(
        crds=None if crds is None else by_name(crds),
        classes=None if classes is None else by_name(classes),
        controller=None if controllers is None else next(iter(controllers), nothing),
        unanswered=reasons,
    )


def lacks(wanted: Wanted, found: Found) -> Iterator[str]:
    """Requirements that are missing, or older than the release that the stack's objects were validated against."""
    if found.crds is not None:
        yield from _lacking_crds(wanted, found.crds)
    if found.classes is not None:
        yield from _lacking_class(wanted.class_name, found.classes)
    if found.controller is not None:
        yield from _lacking_controller(wanted, found.controller)


def _lacking_crds(wanted: Wanted, crds: Mapping[str, Manifest]) -> Iterator[str]:
    older: set[tuple[str, str]] = set()
    own = by_name(wanted.release.crds)
    for (api_version, kind), name in sorted(_crd_names(wanted).items()):
        if name not in crds:
            yield f"CustomResourceDefinition {name} is missing, for {kind} {api_version}"
            continue
        served = [version["name"] for version in crds[name]["spec"]["versions"] if version["served"]]
        if api_version.rpartition("/")[2] not in served:
            yield f"CustomResourceDefinition {name} serves {', '.join(served)}, not {kind} {api_version}"
        has, needs = bundle_version(crds[name]), bundle_version(own[name])
        if is_older(has, needs):
            older.add((has, needs))
    for has, needs in sorted(older):
        yield (
            f"Gateway API's CRDs are of release {has}; the stack's objects were validated against {needs}, "
            f"which Envoy Gateway {wanted.release.version} brings"
        )


def _lacking_class(name: str, classes: Mapping[str, Manifest]) -> Iterator[str]:
    if name not in classes:
        known = ", ".join(sorted(classes)) or "none"
        yield f"GatewayClass {name} is missing (synergychat:gateway.className); existing: {known}"
        return
    controller = classes[name]["spec"]["controllerName"]
    if controller != CONTROLLER:
        yield f"GatewayClass {name} is for the controller {controller}, not for Envoy Gateway ({CONTROLLER})"
        return
    conditions: list[Manifest] = classes[name].get("status", {}).get("conditions", [])
    accepted = next((condition for condition in conditions if condition["type"] == "Accepted"), None)
    if accepted is None or accepted["status"] != "True":
        reason = f"{accepted['reason']}: {accepted['message']}" if accepted else "no controller has processed it"
        yield f"GatewayClass {name} is not accepted: {reason}"


def _lacking_controller(wanted: Wanted, controller: Manifest) -> Iterator[str]:
    named = f"Deployment {CONTROLLER_NAME} in namespace {wanted.namespace} (synergychat:envoyGateway.namespace)"
    if not controller:
        yield f"{named} is missing"
        return
    if not controller.get("status", {}).get("availableReplicas"):
        yield f"{named} has no available pod"
    containers: list[Manifest] = controller["spec"]["template"]["spec"]["containers"]
    version = version_of(containers[0]["image"])
    if version is not None and is_older(version, wanted.release.version):
        yield (
            f"{named} runs Envoy Gateway {version}; the stack's objects were validated against "
            f"{wanted.release.version} (synergychat:envoyGateway.version)"
        )


def _crd_names(wanted: Wanted) -> dict[tuple[str, str], str]:
    """Names of the needed CRDs that the release has, by apiVersion and kind."""
    names = {
        (crd["spec"]["group"], crd["spec"]["names"]["kind"]): crd["metadata"]["name"] for crd in wanted.release.crds
    }
    kinds = {*wanted.kinds, (f"{GATEWAY_API}/v1", "GatewayClass")}
    return {kind: names[key] for kind in kinds if (key := (kind[0].rpartition("/")[0], kind[1])) in names}
