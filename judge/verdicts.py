"""Verdicts: the refusals in the statuses that Envoy Gateway would write."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from diagnostics import Problem, problem
from gatewayapi.kinds import ENVOY_GATEWAY, GATEWAY_API
from judge.doubts import Doubts
from kube.manifest import Manifest, ObjectName
from releases import CONFIG_KEY, CONFIG_MAP

_MUST_BE = {"Accepted": "True", "ResolvedRefs": "True", "Conflicted": "False", "PartiallyInvalid": "False"}
"""The status that each condition must have if it is set: https://gateway-api.sigs.k8s.io/reference/spec/."""
_PATCH_POLICY = "EnvoyPatchPolicy"


def verdicts(answer: Mapping[str, Any], manifests: Sequence[Manifest]) -> Iterator[tuple[Manifest, Problem]]:
    """The refusals of declared objects, each once, with the object that is refused.

    A refusal that may follow from what only `up` or the cluster knows is left out.
    """
    release = answer["release"]
    declared = {name: manifest for manifest in manifests if (name := ObjectName.if_known(manifest)) is not None}
    refused: dict[tuple[ObjectName, str], str] = {}
    doubts: Doubts | None = None  # most stacks have no refusal, and need none
    for found in answer["objects"]:
        group = found["apiVersion"].rpartition("/")[0]
        name = ObjectName.referred(group, found["kind"], found.get("namespace", ""), found["name"])
        if name not in declared:
            continue
        for condition in _refusals(found["status"], found["kind"]):
            doubts = doubts or Doubts(manifests)
            if doubts.about(name, condition):
                continue
            refused.setdefault((name, condition["message"]), f"{condition['type']}={condition['status']}")
    # What an EnvoyProxy is refused for, its class and its Gateways are refused for as well.
    proxies = [key for key in refused if (key[0].group, key[0].kind) == (ENVOY_GATEWAY, "EnvoyProxy")]
    for name, message in proxies or refused:
        words = {"release": release, "condition": refused[name, message], "message": _sentence(message)}
        yield declared[name], problem("envoy-gateway-refuses", ("spec",), **words)
    if not refused:
        yield from _without_status(answer, declared)


def _without_status(
    answer: Mapping[str, Any], declared: Mapping[ObjectName, Manifest]
) -> Iterator[tuple[Manifest, Problem]]:
    """The problems that Envoy Gateway only logs: in its own configuration, and with all objects of a Gateway."""
    if message := answer.get("configProblem"):
        for name, manifest in declared.items():
            if (name.kind, name.name) == ("ConfigMap", CONFIG_MAP):
                words = {"release": answer["release"], "message": _sentence(message)}
                yield manifest, problem("envoy-gateway-fails", ("data", CONFIG_KEY), **words)
    for key, message in (answer.get("problems") or {}).items():
        namespace, _, of = key.rpartition("/")
        kind = "Gateway" if namespace else "GatewayClass"
        manifest = declared.get(ObjectName(GATEWAY_API, kind, namespace, of))
        if manifest is not None:
            words = {"release": answer["release"], "message": _sentence(message)}
            yield manifest, problem("envoy-gateway-fails", ("spec",), **words)


def _refusals(status: Mapping[str, Any], kind: str) -> Iterator[Mapping[str, Any]]:
    """The conditions that say that something of the object is not used."""
    parts = [status, *(each for name in ("parents", "ancestors", "listeners") for each in status.get(name) or ())]
    if kind == _PATCH_POLICY:
        # It has one target, and is refused by each class that it does not belong to.
        parts = [part for part in parts if _has(part, "Accepted", "True")] or parts
    for part in parts:
        for condition in part.get("conditions") or ():
            must_be = _MUST_BE.get(condition["type"])
            if kind == _PATCH_POLICY and condition["type"] == "Programmed":
                must_be = "True"
            if must_be is not None and condition["status"] not in (must_be, "Unknown"):
                yield condition


def _has(part: Mapping[str, Any], kind: str, status: str) -> bool:
    return any((each["type"], each["status"]) == (kind, status) for each in part.get("conditions") or ())


def _sentence(message: str) -> str:
    """A message of Envoy Gateway on one line, without the dot at its end."""
    return " ".join(message.split()).removesuffix(".")
