"""The app `shop`, declared by itself with any settings."""

import json
from collections.abc import Mapping
from typing import Any

from components import Job, JobArgs, Workload, WorkloadArgs
from components.apps.secrets import create_secrets
from config import ExtraAppConfig
from kube.namespace import create_restricted_namespace
from plans.recording import Recording
from tests.unit import small_stack
from tests.unit.recording import record

IMAGE = "registry.example/shop:1"
SECRETS = {"keys": {"token": "hunter2", "other": "x"}, "unused": {"a": "b"}}


def build(
    *,
    health_path: str | None = None,
    environment: Mapping[str, str] | None = None,
    secrets: Mapping[str, Mapping[str, str]] = SECRETS,
    **keys: Any,
) -> Recording:
    """The app with these keys, in a namespace with `secrets`. The program itself adds `environment`."""
    settings = ExtraAppConfig.model_validate_json(json.dumps({"image": IMAGE, **keys}))

    def program() -> None:
        cluster = small_stack.on_cluster()
        namespace = create_restricted_namespace("chat", "chat", cluster)
        created = create_secrets(secrets, namespace, cluster)
        if settings.kind == "Deployment":
            workload = WorkloadArgs(
                settings=settings,
                namespace=namespace,
                secrets=created,
                environment=environment or {},
                health_path=health_path,
                timeout_s=small_stack.TIMEOUT_S,
            )
            Workload("shop", workload, cluster)
        else:
            job = JobArgs(
                settings=settings,
                namespace=namespace,
                secrets=created,
                schedule=settings.schedule,
                fields=settings.job,
                timeout_s=small_stack.TIMEOUT_S,
            )
            Job("shop", job, cluster)

    return record(program)


def deployment(recording: Recording) -> dict[str, Any]:
    """The Deployment's spec."""
    return recording["shop-deployment"].inputs["spec"]


def pod(recording: Recording) -> dict[str, Any]:
    """The spec of the Deployment's pods."""
    return deployment(recording)["template"]["spec"]


def container(recording: Recording) -> dict[str, Any]:
    """The app's own container."""
    return pod(recording)["containers"][0]


def annotations(recording: Recording) -> dict[str, Any]:
    """Annotations of the Deployment's pods."""
    return deployment(recording)["template"]["metadata"].get("annotations", {})
