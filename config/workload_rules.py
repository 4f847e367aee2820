"""The rules between the keys of workloads."""

from collections.abc import Iterator, Mapping
from typing import Any

from config.raw import Broken, Given, group, items
from config.values import CHAT
from config.words import one_of

_SERVING = (
    *("replicas", "scale", "port", "ports", "appProtocol", "serviceName", "servicePort"),
    *("health", "probes", "drainSeconds", "hostname"),
)


def workloads(given: Given) -> Iterator[tuple[tuple[str, ...], dict[str, Any]]]:
    """Each workload's place and keys, as they were given."""
    for owner in CHAT:
        yield (owner,), group(given.get(owner))
    for name, app in group(given.get("apps")).items():
        yield ("apps", name), group(app)


def backends(given: Given) -> list[str]:
    """Names of those that requests can be sent to."""
    apps = group(given.get("apps")).items()
    return [*CHAT, *(name for name, app in apps if is_served(group(app)))]


def is_served(app: Mapping[str, Any]) -> bool:
    return app.get("kind", "Deployment") == "Deployment" and app.get("port", "default") is not None


def rules(given: Given) -> Broken:
    for place, app in workloads(given):
        yield from _scaling(place, app)
        yield from _probing(place, app)
        for index, name in enumerate(items(app.get("calls"))):
            if name not in backends(given):
                yield (*place, "calls", str(index)), one_of(backends(given), name)
        yield from _contents((*place, "env"), app, given, ("value", "secret", "valueFrom"))
        yield from _contents((*place, "files"), app, given, ("value", "secret"))
        yield from _file_names((*place, "files"), app)
        for key in {"name", "image"} & group(app.get("container")).keys():
            cure = "is what the program names it" if key == "name" else f"is what {'.'.join(place)}.image says"
            yield (*place, "container", key), cure
        if "containers" in group(app.get("pod")):
            yield from _further_containers((*place, "pod", "containers"), app)
    for owner in CHAT:
        if group(given.get(owner)).get("port", "default") is None:
            yield (owner, "port"), "must be a whole number from 1 to 65535"
    yield from _apps(given)


def _scaling(place: tuple[str, ...], app: Mapping[str, Any]) -> Broken:
    scale, replicas = app.get("scale"), app.get("replicas")
    if scale is not None and replicas is not None:
        yield (*place, "replicas"), "does not go together with scale, which sets the number of pods"
    low, high = group(scale).get("min"), group(scale).get("max")
    if isinstance(low, int) and isinstance(high, int) and low > high:
        yield (*place, "scale", "max"), "must not be less than min"
    if app.get("persistence") is None:
        return
    if scale is not None:
        yield (*place, "scale"), "does not go together with persistence: one pod writes to a volume"
    if isinstance(replicas, int) and replicas > 1:
        yield (*place, "replicas"), "must be 1 with persistence: one pod writes to a volume"


def _probing(place: tuple[str, ...], app: Mapping[str, Any]) -> Broken:
    if app.get("health") is not None and app.get("probes"):
        yield (*place, "probes"), "does not go together with health"


def _contents(place: tuple[str, ...], app: Mapping[str, Any], given: Given, ways: tuple[str, ...]) -> Broken:
    secrets = group(given.get("secrets"))
    for name, entry in group(app.get(place[-1])).items():
        fields = group(entry)
        # What has an unknown key was meant otherwise.
        known = fields is entry and fields.keys() <= {*ways, "key"}
        if known and sum(fields.get(way) is not None for way in ways) != 1:
            yield (*place, name), f"must have one of {', '.join(ways)}"
        secret, key = fields.get("secret"), fields.get("key")
        if (secret is None) != (key is None):
            yield (*place, name), "must have both of secret and key"
        elif secret is not None and secret not in secrets:
            yield (
                (*place, name, "secret"),
                one_of(secrets, secret) if secrets else "must be one of secrets: it has none",
            )
        elif secret is not None and key not in group(secrets[secret]):
            yield (*place, name, "key"), one_of(group(secrets[secret]), key)


def _file_names(place: tuple[str, ...], app: Mapping[str, Any]) -> Broken:
    seen: dict[str, str] = {}
    for path in group(app.get("files")):
        first = seen.setdefault(path.replace("/", "_"), path)
        if first != path:
            yield (*place, path), f"must differ from {first} in more than '/' and '_'"


def _further_containers(place: tuple[str, ...], app: Mapping[str, Any]) -> Broken:
    for index, container in enumerate(items(group(app.get("pod")).get("containers"))):
        if group(container).get("name") == "app":
            yield (*place, str(index)), "is what container says: name further containers otherwise"


def _apps(given: Given) -> Broken:
    for name, app in group(given.get("apps")).items():
        place, kind = ("apps", name), group(app).get("kind", "Deployment")
        if name in CHAT:
            yield place, "must have another name than the chat's own workloads"
        if kind == "CronJob" and group(app).get("schedule") is None:
            yield (*place, "schedule"), "is required with kind CronJob, such as '0 3 * * *'"
        if kind != "CronJob" and group(app).get("schedule") is not None:
            yield (*place, "schedule"), "goes only with kind CronJob"
        if kind == "Deployment" and group(app).get("job"):
            yield (*place, "job"), "goes only with kind Job or CronJob"
        if "template" in group(group(app).get("job")):
            yield (*place, "job", "template"), "is what pod and container say"
        for key in _SERVING if kind != "Deployment" else ():
            if group(app).get(key) is not None:
                yield (*place, key), f"does not go with kind {kind}"
        for key in ("hostname", "ports"):
            if group(app).get(key) and kind == "Deployment" and not is_served(group(app)):
                yield (*place, key), "needs a port"
