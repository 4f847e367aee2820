"""Which keys of a workload's config stand for which parts of its pods' template."""

from collections.abc import Iterator, Mapping
from typing import Any, cast

from components.apps.workload.pod import BY_NAME, IN_CONTAINER
from components.gateway.manifests import Wire
from config import AppConfig
from diagnostics.problem import Path
from kube.merge import position

_PROBES = ("startupProbe", "readinessProbe", "livenessProbe")


def places(settings: AppConfig, template: Wire, root: Path) -> dict[Path, str]:
    """By their place in the object in which the template stands at `root`."""
    spec, of_pod = template["spec"], (*root, "spec")
    container, of_container = spec["containers"][0], (*root, "spec", "containers", 0)
    result: dict[Path, str] = {}
    if settings.pod:
        result |= {of_pod: "pod", **dict(_items(spec, settings.pod, BY_NAME, of_pod, "pod"))}
    if settings.container:
        result |= {of_container: "container"}
        result |= dict(_items(container, settings.container, IN_CONTAINER, of_container, "container"))
    if settings.resources:
        result[*of_container, "resources"] = "resources"
    for probe in _PROBES if settings.probes else ():
        result[*of_container, probe] = "probes"
    for index, variable in enumerate(container.get("env", [])):
        name = cast(Mapping[str, Any], variable).get("name")
        if name in settings.env:
            result[*of_container, "env", index, "valueFrom"] = f"env.{name}.valueFrom"
    return result


def _items(
    whole: Wire, given: Mapping[str, Any], keys: Mapping[str, str], root: Path, place: str
) -> Iterator[tuple[Path, str]]:
    """The items of lists that were laid over others: they have other numbers there."""
    for name in keys.keys() & given.keys():
        for index, item in enumerate(cast(list[Any], given[name]) if isinstance(given[name], list) else ()):
            yield (*root, name, position(whole[name], item, keys[name])), f"{place}.{name}[{index}]"
