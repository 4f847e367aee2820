"""The template of a workload's pods, and the objects that they need: account, settings, files, volume."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pulumi

from components.apps.secrets import Secrets
from components.apps.workload import files, persistence
from components.apps.workload.container import container, environment
from components.apps.workload.pod import pod
from components.apps.workload.scope import WorkloadScope
from config import AppConfig
from kube.labels import labels
from kube.manifest import Manifest
from kube.namespace import Namespace
from kube.readiness import SKIP_AWAIT


@dataclass(frozen=True, kw_only=True)
class PodsArgs:
    """Arguments of everything that runs in pods."""

    settings: AppConfig
    namespace: Namespace
    secrets: Secrets
    """Secrets that the settings may refer to."""
    environment: Mapping[str, str] = field(default_factory=dict[str, str])
    """Environment variables; those of the settings win. A change replaces the pods."""
    timeout_s: int


@dataclass(frozen=True, kw_only=True)
class Template:
    manifest: Manifest
    needed: list[pulumi.Resource]
    """Objects that must exist before a pod."""


def create_template(
    scope: WorkloadScope, args: PodsArgs, *, container_fields: Manifest, pod_fields: Mapping[str, Any]
) -> Template:
    """Create the objects that the pods need, and build their template.

    `container_fields` and `pod_fields` are fields that not every kind of workload has.
    """
    name, settings = scope.name, args.settings
    variables, texts = {**args.environment, **environment(settings)}, files.texts(settings)
    account = {"automountServiceAccountToken": False}
    needed: list[pulumi.Resource] = [scope.create("v1", "ServiceAccount", "serviceaccount", account)]
    for role, data in {"configmap": variables, "files": texts}.items():
        if data:
            needed.append(scope.create("v1", "ConfigMap", role, {"data": data}, name=f"{name}-{role}"))
    if claim := persistence.claim(settings):
        # Not waited for: some storage classes create a volume only when a pod needs it.
        content, kind, retain = {"spec": claim}, "PersistentVolumeClaim", persistence.is_retained(settings)
        needed.append(
            scope.create("v1", kind, "data", content, name=f"{name}-data", annotations=SKIP_AWAIT, retain=retain)
        )

    spec = pod(
        settings,
        container(settings, configmap=f"{name}-configmap" if variables else None) | container_fields,
        service_account=name,
        volumes=[*files.volumes(settings, f"{name}-files"), *persistence.volumes(settings, f"{name}-data")],
        extra=pod_fields,
    )
    used = args.secrets.used_by(spec)
    pulling = args.secrets.resources.keys() & settings.pull_secrets
    needed += [args.secrets.resources[secret] for secret in sorted({*used, *pulling})]
    annotations: dict[str, pulumi.Input[str]] = {
        **({"synergychat/settings-sha256": _checksum(variables)} if variables else {}),
        **({"synergychat/files-sha256": _checksum(texts)} if texts else {}),
        **({"synergychat/secrets-hmac": args.secrets.digest(used)} if used else {}),
    }
    described = {"labels": labels(name), **({"annotations": annotations} if annotations else {})}
    return Template(manifest={"metadata": described, "spec": spec}, needed=needed)


def _checksum(data: Mapping[str, str]) -> str:
    return hashlib.sha256(json.dumps(dict(data), sort_keys=True).encode()).hexdigest()
