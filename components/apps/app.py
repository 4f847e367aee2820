"""The further apps of a stack's config: each a workload, and the way to it from the gateway."""

from dataclasses import dataclass

import pulumi

from components.apps.expose import Expose, ExposeArgs
from components.apps.secrets import Secrets
from components.apps.workload import Backend, Job, JobArgs, Workload, WorkloadArgs
from components.gateway.gateway import Gateway
from components.gateway.routes import Route
from config import FurtherAppConfig
from preview.recorder import declared_by


@dataclass(frozen=True, kw_only=True)
class App:
    """What others may name of one."""

    backend: Backend | None
    route: Route | None


def app(
    name: str,
    settings: FurtherAppConfig,
    *,
    gateway: Gateway,
    secrets: Secrets,
    timeout_s: int,
    opts: pulumi.ResourceOptions,
) -> App:
    """Runs it in the gateway's namespace, as its `kind` says, and exposes it if it has a host name."""
    with declared_by(f"apps.{name}", parts={}):
        if settings.kind != "Deployment":
            args = JobArgs(
                settings=settings,
                namespace=gateway.namespace,
                secrets=secrets,
                schedule=settings.schedule,
                fields=settings.job,
                timeout_s=timeout_s,
            )
            Job(name, args, opts)
            return App(backend=None, route=None)
        workload = Workload(
            name,
            WorkloadArgs(settings=settings, namespace=gateway.namespace, secrets=secrets, timeout_s=timeout_s),
            opts,
        )
        if settings.port is None:
            return App(backend=None, route=None)
        if settings.hostname is None:
            return App(backend=workload.backend, route=None)
        exposed = ExposeArgs(
            host=settings.hostname,
            path=settings.path,
            backend=workload.backend,
            gateway=gateway,
            timeout_s=timeout_s,
        )
        return App(backend=workload.backend, route=Expose(name, exposed, opts).route)
