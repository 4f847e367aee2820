"""Losses: what does not exist while `up` is under way, or not any more after it, and what to do instead."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Literal

from compare.object_changes import ObjectChange, named
from kube.read import NotKnown, read, values

_DELETED: dict[str, str] = {
    "Namespace": "Everything in it is deleted as well: move what has to stay first.",
    "PersistentVolumeClaim": "Its data is deleted unless its volume is retained: copy the data first.",
    "CustomResourceDefinition": "All objects of its kind are deleted as well: keep it with envoyGateway.protect.",
    "Gateway": "Its address goes, and every route on it is down: keep it until DNS no longer names it.",
    "GatewayClass": "Its Gateways are no longer served: move them to another class first.",
    "ListenerSet": "Its hosts are no longer served: move their routes first.",
    "Service": "Routes and clients that name it fail: move them first, in an earlier `up`.",
    "Secret": "Whatever names it fails when it starts again: remove the references first.",
    "ConfigMap": "Whatever names it fails when it starts again: remove the references first.",
    "SecurityPolicy": "What it guards is open from then on: see the list of what becomes more reachable.",
    "ClientTrafficPolicy": "Listeners fall back to Envoy's defaults, without client certificates.",
}
_ONE_TARGET = "Two policies cannot have one target, so in between there is none: keep the name."
_ONE_PORT = "Its port is not served in between: keep the name."
_REPLACED: dict[str, str] = {
    "Gateway": (
        "The new one gets another address, and no host is served until it has one: "
        "declare both, move DNS, then remove the old one."
    ),
    "ListenerSet": "Its hosts are not served in between: declare both, then remove the old one.",
    "GatewayClass": "Gateways have no class in between: declare both, then remove the old one.",
    "PersistentVolumeClaim": "The new claim is empty: copy the data, or keep the fields that cannot change.",
    "Deployment": "With the same name its pods stop before new ones start: give it another name, or keep the selector.",
    "StatefulSet": "Its pods stop before new ones start: give it another name, or keep the fields that cannot change.",
    "DaemonSet": "Its pods stop before new ones start: keep the selector.",
    "Service": "With the same name its address changes and connections break: give it another name, or keep the field.",
    "Namespace": "Everything in it is created again, and volume claims are empty: move apps one by one.",
    "SecurityPolicy": _ONE_TARGET,
    "ClientTrafficPolicy": _ONE_TARGET,
    "BackendTrafficPolicy": _ONE_TARGET,
    "EnvoyExtensionPolicy": _ONE_TARGET,
    "TLSRoute": "Its hosts are not served in between: declare both, then remove the old one.",
    "TCPRoute": _ONE_PORT,
    "UDPRoute": _ONE_PORT,
}
_RENAMED: dict[str, str] = {
    "HTTPRoute": "The new one is created first; requests may fail for a moment: keep the name, or do it in two steps.",
    "GRPCRoute": "The new one is created first; calls may fail for a moment: keep the name, or do it in two steps.",
    "Service": "Pods behind the old name stay until routes use the new one: keep the name, or do it in two steps.",
    "Deployment": "The new one is created first, which takes the resources of both for a while.",
}
_FIRST = (
    "Namespace",
    "PersistentVolumeClaim",
    "CustomResourceDefinition",
    "Gateway",
    "ListenerSet",
    "GatewayClass",
    "Service",
    "HTTPRoute",
    "GRPCRoute",
    "TLSRoute",
    "TCPRoute",
    "UDPRoute",
    "SecurityPolicy",
)


@dataclass(frozen=True, kw_only=True)
class Loss:
    """Something that is lost on the way, with the cure in one sentence."""

    action: Literal["delete", "replace", "interrupt"]
    kind: str
    name: str
    why: str
    cure: str

    def __str__(self) -> str:
        return f"{self.action} {self.name}{f' ({self.why})' if self.why else ''}"


def losses(changes: Iterable[ObjectChange]) -> list[Loss]:
    """Deletions first, then replacements, then what else is interrupted; by kind, the worst first."""
    found = [loss for change in changes for loss in _of(change)]
    order = ("delete", "replace", "interrupt")
    return sorted(found, key=lambda loss: (order.index(loss.action), _rank(loss.kind), loss.kind, loss.name))


def _rank(kind: str) -> int:
    return _FIRST.index(kind) if kind in _FIRST else len(_FIRST)


def _of(change: ObjectChange) -> Iterator[Loss]:
    kind, name, before, after = change.kind, change.name, change.before, change.after
    if change.action == "delete" and before:
        why = "stays in the cluster" if before.retain_on_delete else "is protected" if before.protect else ""
        yield Loss(action="delete", kind=kind, name=name, why=why, cure=_DELETED.get(kind, ""))
    elif change.action == "replace" and before and after:
        renamed = named(after) != name
        cure = (_RENAMED.get(kind) if renamed else None) or _REPLACED.get(kind, "")
        why = f"becomes {named(after)}" if renamed else ", ".join(change.because)
        yield Loss(action="replace", kind=kind, name=name, why=why, cure=cure)
    if before and after and change.action == "update":
        try:
            yield from _interrupted(kind, name, before.manifest, after.manifest)
        except NotKnown:
            return


def _interrupted(kind: str, name: str, old: Any, new: Any) -> Iterator[Loss]:
    def loss(why: str, cure: str) -> Loss:
        return Loss(action="interrupt", kind=kind, name=name, why=why, cure=cure)

    if kind in ("Gateway", "ListenerSet"):
        for before, after in _renamed_listeners(old, new):
            yield loss(
                f"listener {before} becomes {after}",
                f"What names section {before} loses it: add {after}, move routes and policies, then remove {before}.",
            )
    if kind == "Gateway":
        if read(old, "spec", "gatewayClassName") != read(new, "spec", "gatewayClassName"):
            yield loss("another GatewayClass", "Other Envoys get another address: declare a second Gateway, move DNS.")
        if values(old, "spec", "addresses") and values(old, "spec", "addresses") != values(new, "spec", "addresses"):
            yield loss("another address", "Clients need the new address: move DNS, and keep a Gateway at the old one.")
    if kind == "EnvoyProxy":
        service = ("spec", "provider", "kubernetes", "envoyService")
        for field in ("type", "loadBalancerIP", "loadBalancerClass"):
            if read(old, *service, field) != read(new, *service, field):
                yield loss(
                    f"envoyService.{field} changes", "The address may change: declare a second Gateway, move DNS."
                )
    if kind == "Service" and read(old, "spec", "type") != read(new, "spec", "type"):
        yield loss("spec.type changes", "The address from outside may change: declare a second Service, move DNS.")


def _renamed_listeners(old: Any, new: Any) -> Iterator[tuple[str, str]]:
    """Listeners that are the same apart from their names."""
    before = {read(one, "name"): one for one in values(old, "spec", "listeners")}
    after = {read(one, "name"): one for one in values(new, "spec", "listeners")}
    for name in before.keys() - after.keys():
        for other in after.keys() - before.keys():
            same = ("port", "protocol", "hostname")
            if all(read(before[name], field) == read(after[other], field) for field in same):
                yield name, other
