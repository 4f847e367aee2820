"""Rules between the keys of workloads."""

from collections.abc import Iterator, Mapping

from config.stack import CHAT, StackConfig
from config.workloads import AppConfig, ExtraAppConfig, FileConfig, VariableConfig
from diagnostics import Path, Problem, listed, problem, suggest
from diagnostics.render import config_path
from kube.read import read, values

_KEYS_OF_DEPLOYMENTS = {
    "replicas": "replicas",
    "scale": "scale",
    "port": "port",
    "ports": "ports",
    "app_protocol": "appProtocol",
    "service_name": "serviceName",
    "service_port": "servicePort",
    "health": "health",
    "probes": "probes",
    "drain_seconds": "drainSeconds",
    "hostname": "hostname",
}
"""Keys that need a workload which runs all the time, by their fields."""


def rules(stack: StackConfig) -> Iterator[Problem]:
    """Problems of all workloads of a stack."""
    for workload in stack.workloads.values():
        yield from _scaling(workload)
        yield from _probes(workload)
        yield from _container(workload)
        yield from _calls(stack, workload)
        yield from _sources(stack, workload.env, ("value", "secret", "valueFrom"))
        yield from _sources(stack, workload.files, ("value", "secret"))
        yield from _file_names(workload)
    for name, workload in stack.chat.items():
        if workload.port is None:
            yield problem("port-required", workload.at("port"), name=name)
    for name, app in stack.apps.items():
        if name in CHAT:
            yield problem("name-taken", app.at(), name="a workload of the chat")
        yield from _kind(app)


def _scaling(workload: AppConfig) -> Iterator[Problem]:
    scale, has_replicas = workload.scale, workload.has("replicas")
    if scale is not None and has_replicas:
        yield problem("keys-exclusive", workload.at("replicas"), workload.replicas, other="scale")
    if scale is not None and scale.min > scale.max:
        yield problem("scale-max-below-min", scale.at("max"), scale.max, min=scale.min)
    if workload.persistence is None:
        return
    if scale is not None:
        yield problem("persistence-one-pod", workload.at("scale"))
    if workload.replicas > 1:
        yield problem("persistence-one-pod", workload.at("replicas"), workload.replicas)


def _probes(workload: AppConfig) -> Iterator[Problem]:
    if workload.health is not None and workload.probes:
        yield problem("keys-exclusive", workload.at("probes"), other="health")


def _container(workload: AppConfig) -> Iterator[Problem]:
    container = workload.container
    if "image" in container:
        key = config_path(workload.at("image"))
        yield problem("field-has-own-key", workload.at("container", "image"), container["image"], key=key)
    if "name" in container:
        yield problem("container-name-fixed", workload.at("container", "name"), container["name"])
    for index, other in enumerate(values(workload.pod, "containers")):
        if read(other, "name") == "app":
            yield problem("container-name-taken", workload.at("pod", "containers", index))


def _calls(stack: StackConfig, workload: AppConfig) -> Iterator[Problem]:
    for index, name in enumerate(workload.calls):
        if name not in stack.backends:
            yield unknown_workload(stack, workload.at("calls", index), name)


def unknown_workload(stack: StackConfig, path: Path, name: object) -> Problem:
    """The problem that no workload of this name can get requests."""
    return problem("workload-unknown", path, name, suggestion=suggest(name, stack.backends))


def _sources(
    stack: StackConfig, entries: Mapping[str, VariableConfig] | Mapping[str, FileConfig], ways: tuple[str, ...]
) -> Iterator[Problem]:
    for entry in entries.values():
        value_from = entry.value_from if isinstance(entry, VariableConfig) else None
        if sum(way is not None for way in (entry.value, entry.secret, value_from)) != 1:
            yield problem("one-source-required", entry.at(), ways=listed(ways))
        if (entry.secret is None) != (entry.key is None):
            yield problem("secret-and-key-required", entry.at())
        elif entry.secret is not None and entry.secret not in stack.secrets:
            suggestion = suggest(entry.secret, stack.secrets) or "add it to `secrets`"
            yield problem("secret-unknown", entry.at("secret"), entry.secret, suggestion=suggestion)
        elif entry.secret is not None and entry.key not in stack.secrets[entry.secret]:
            keys = stack.secrets[entry.secret]
            yield problem(
                "secret-has-no-key",
                entry.at("key"),
                entry.key,
                secret=entry.secret,
                suggestion=suggest(entry.key, keys),
            )


def _file_names(workload: AppConfig) -> Iterator[Problem]:
    seen: dict[str, str] = {}
    for path in workload.files:
        first = seen.setdefault(path.replace("/", "_"), path)
        if first != path:
            yield problem("file-paths-alike", workload.at("files", path), other=first)


def _kind(app: ExtraAppConfig) -> Iterator[Problem]:
    if app.kind == "CronJob" and app.schedule is None:
        yield problem("schedule-required", app.at("schedule"))
    if app.kind != "CronJob" and app.schedule is not None:
        yield problem("key-needs-kind", app.at("schedule"), app.schedule, kinds="CronJob")
    if app.kind == "Deployment" and app.job:
        yield problem("key-needs-kind", app.at("job"), kinds="Job or CronJob")
    if "template" in app.job:
        yield problem("field-has-own-key", app.at("job", "template"), key="pod and container")
    for field, key in _KEYS_OF_DEPLOYMENTS.items() if app.kind != "Deployment" else ():
        if app.has(field) and getattr(app, field) is not None:
            yield problem("key-needs-kind", app.at(key), kinds="Deployment")
    for field in ("hostname", "ports") if app.kind == "Deployment" and not app.is_served else ():
        if getattr(app, field):
            yield problem("port-needed", app.at(field), port=config_path(app.at("port")))
