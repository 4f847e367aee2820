"""The template of a workload's pods, and the objects that these need: account, settings, files, volume."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pulumi

from components.apps.secrets import Secrets
from components.apps.workload import files, persistence
from components.apps.workload.container import container, environment
from components.apps.workload.owner import Owner
from components.apps.workload.pod import pod
from components.gateway.manifests import Wire
from config import AppConfig
from kube import readiness
from kube.labels import labels
from kube.namespace import Namespace


@dataclass(frozen=True, kw_only=True)
class PodsArgs:
    """What all that runs in pods is made from."""

    settings: AppConfig
    namespace: Namespace
    secrets: Secrets
    """Those that the settings may name."""
    environment: Mapping[str, str] = field(default_factory=dict[str, str])
    """What the process is told beside the settings' own variables, which win. A change replaces the pods."""
    timeout_s: int


@dataclass(frozen=True, kw_only=True)
class Template:
    wire: Wire
    needed: list[pulumi.Resource]
    """What has to be there before a pod."""

    @classmethod
    def made(cls, owner: Owner, args: PodsArgs, *, of_container: Wire, of_pod: Mapping[str, Any]) -> "Template":
        """`of_container` and `of_pod` are fields that not every kind of workload has."""
        name, settings = owner.name, args.settings
        variables, texts = {**args.environment, **environment(settings)}, files.texts(settings)
        needed: list[pulumi.Resource] = [
            owner.object("v1", "ServiceAccount", "serviceaccount", {"automountServiceAccountToken": False})
        ]
        for role, data in {"configmap": variables, "files": texts}.items():
            if data:
                needed.append(owner.object("v1", "ConfigMap", role, {"data": data}, name=f"{name}-{role}"))
        if claim := persistence.claim(settings):
            needed.append(
                # Not waited for: some classes provide a volume only when a pod asks for it.
                owner.object(
                    *("v1", "PersistentVolumeClaim", "data"), {"spec": claim}, name=f"{name}-data", notes=readiness.SKIP
                )
            )

        spec = pod(
            settings,
            container(settings, configmap=f"{name}-configmap" if variables else None) | of_container,
            service_account=name,
            volumes=[*files.volumes(settings, f"{name}-files"), *persistence.volumes(settings, f"{name}-data")],
            further=of_pod,
        )
        used = args.secrets.used_by(spec)
        pulling = args.secrets.resources.keys() & settings.pull_secrets
        needed += [args.secrets.resources[each] for each in sorted({*used, *pulling})]
        notes: dict[str, pulumi.Input[str]] = {
            **({"synergychat/settings-sha256": _checksum(variables)} if variables else {}),
            **({"synergychat/files-sha256": _checksum(texts)} if texts else {}),
            **({"synergychat/secrets-hmac": args.secrets.digest(used)} if used else {}),
        }
        annotations = {"annotations": notes} if notes else {}
        return cls(wire={"metadata": {"labels": labels(name), **annotations}, "spec": spec}, needed=needed)


def _checksum(data: Mapping[str, str]) -> str:
    return hashlib.sha256(json.dumps(dict(data), sort_keys=True).encode()).hexdigest()
