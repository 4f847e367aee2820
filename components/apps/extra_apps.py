"""Apps: the extra apps of a stack, each a workload, with a route from the gateway if it has a host name."""

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi

from components.apps.expose import Expose, ExposeArgs
from components.apps.secrets import Secrets
from components.apps.workload import Job, JobArgs, Workload, WorkloadArgs
from components.backend import Backend
from components.gateway.gateway import Gateway
from components.gateway.routes import Route
from components.legacy import formerly_configured
from config import ExtraAppConfig


@dataclass(frozen=True, kw_only=True)
class AppsArgs:
    settings: Mapping[str, ExtraAppConfig]
    """The apps by name."""
    gateway: Gateway
    """The Gateway that exposes the apps with a host name. All apps run in its namespace."""
    secrets: Secrets
    timeout_s: int


class Apps(pulumi.ComponentResource):
    """The extra apps of a stack. Each object may take `timeout_s`."""

    backends: Mapping[str, Backend]
    """Apps that requests can be sent to, by name."""
    routes: Mapping[str, Route]
    """Routes of the exposed apps, by name."""

    def __init__(self, name: str, args: AppsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(
            "synergychat:index:Apps", name, None, pulumi.ResourceOptions.merge(opts, formerly_configured())
        )

        self._args = args
        self._here = pulumi.ResourceOptions(parent=self)

        backends = {app: self._run(app, settings) for app, settings in args.settings.items()}
        self.backends = {app: backend for app, backend in backends.items() if backend is not None}
        self.routes = {
            app: self._expose(app, settings, self.backends[app])
            for app, settings in args.settings.items()
            if settings.hostname is not None and app in self.backends
        }

        self.register_outputs({})

    def _run(self, app: str, settings: ExtraAppConfig) -> Backend | None:
        args, namespace = self._args, self._args.gateway.namespace
        if settings.kind != "Deployment":
            job = JobArgs(
                settings=settings,
                namespace=namespace,
                secrets=args.secrets,
                schedule=settings.schedule,
                fields=settings.job,
                timeout_s=args.timeout_s,
            )
            Job(app, job, self._here)
            return None
        workload = WorkloadArgs(settings=settings, namespace=namespace, secrets=args.secrets, timeout_s=args.timeout_s)
        created = Workload(app, workload, self._here)
        return created.backend if settings.port is not None else None

    def _expose(self, app: str, settings: ExtraAppConfig, backend: Backend) -> Route:
        exposed = ExposeArgs(
            host=settings.hostname or "",
            path_prefix=settings.path,
            backend=backend,
            gateway=self._args.gateway,
            path=settings.at(),
            host_path=settings.at("hostname"),
            timeout_s=self._args.timeout_s,
        )
        return Expose(app, exposed, self._here).route
