"""Operations in the state of a stack that no run has finished: those of a killed run.

Pulumi keeps a pending creation until somebody removes it, because the object may exist. It forgets other pending
operations at the next update.
"""

from collections.abc import Collection, Iterator, Mapping
from copy import deepcopy
from typing import Any

from kube.labels import STACK
from kube.manifest import ObjectName
from kube.read import read
from tools import state_lock
from tools.environment import PROJECT

_Resource = dict[str, Any]
_STACK_TYPE = "pulumi:pulumi:Stack"
_PROVIDER_TYPE = "pulumi:providers:kubernetes"


def may_be(stack: str, backend_url: str) -> bool:
    """Tell whether the state may have such an operation. False saves a start of Pulumi, which takes a second."""
    backend = state_lock.directory(backend_url)
    if backend is None:
        return True
    file = backend / ".pulumi" / "stacks" / PROJECT / f"{stack}.json"
    return not file.exists() or b'"pending_operations"' in file.read_bytes()


def are_in(state: Mapping[str, Any]) -> bool:
    return bool(read(state, "deployment", "pending_operations"))


def marks(state: Mapping[str, Any]) -> dict[ObjectName, str]:
    """Return the objects that unfinished creations may have made, with the mark of the stack that each would have.

    Objects that the state has are left out.
    """
    return {name: resource["inputs"]["metadata"]["annotations"][STACK] for name, resource in _created(state).items()}


def deleted(state: Mapping[str, Any]) -> list[ObjectName]:
    """Return the objects of unfinished deletions."""
    names = (_name(resource) for resource in _operations(state, "deleting"))
    return [name for name in names if name is not None]


def complete(state: Mapping[str, Any], existing: Collection[ObjectName]) -> None:
    """Turn unfinished creations of objects that exist into resources of the state, and forget all other operations.

    An update or a removal then has these objects in its plan.
    """
    deployment = state["deployment"]
    resources: list[_Resource] = deployment.get("resources") or []
    deployment["resources"] = resources
    for name, resource in _created(state).items():
        if name in existing:
            _add(resource, name, resources)
    del deployment["pending_operations"]


def _operations(state: Mapping[str, Any], kind: str) -> Iterator[_Resource]:
    """Yield the Kubernetes object of every unfinished operation of this kind, as the state has it."""
    for operation in read(state, "deployment", "pending_operations", default=()):
        resource = operation["resource"]
        if operation["type"] == kind and resource["type"].startswith("kubernetes:"):
            yield resource


def _created(state: Mapping[str, Any]) -> dict[ObjectName, _Resource]:
    """Return the objects of unfinished creations that have a mark, and that the state does not have."""
    resources = read(state, "deployment", "resources", default=())
    # The object of a resource that waits for its replacement is gone.
    known = {_name(each) for each in resources if not each.get("pendingReplacement")}
    found = ((_name(resource), resource) for resource in _operations(state, "creating"))
    return {
        name: resource
        for name, resource in found
        if name is not None
        and name not in known
        and isinstance(read(resource, "inputs", "metadata", "annotations", STACK), str)
    }


def _name(resource: _Resource) -> ObjectName | None:
    """Return the name of a resource's object; None if it has none, or a part of it is encrypted."""
    inputs = resource.get("inputs")
    paths = (("apiVersion",), ("kind",), ("metadata", "namespace"), ("metadata", "name"))
    match [read(inputs, *path, default="") for path in paths]:
        case [str(version), str(kind), str(namespace), str(name)] if name:
            return ObjectName(version.rpartition("/")[0], kind, namespace, name)
        case _:
            return None


def _add(resource: _Resource, name: ObjectName, resources: list[_Resource]) -> None:
    """Add the resource of an object that exists. It is left out if the state has no provider, as after a removal.

    It succeeds the resource that has its URN: that one is then to be deleted, or its object is gone.
    """
    urn = resource["urn"]
    live = (index for index, each in enumerate(resources) if each["urn"] == urn and not each.get("delete"))
    place = next(live, len(resources))
    links = _links(resource, resources[:place])
    if links is None:
        return
    inputs = deepcopy(resource["inputs"])
    # A declared object then has a change, so that the update waits until it is ready. A refresh does not wait.
    inputs["metadata"]["annotations"].pop("pulumi.com/waitFor", None)
    identifier = f"{name.namespace}/{name.name}" if name.namespace else name.name
    outputs = {**inputs, "__inputs": inputs}
    added = {**resource, **links, "id": identifier, "inputs": inputs, "outputs": outputs}
    if place < len(resources) and not resources[place].get("pendingReplacement"):
        resources[place]["delete"] = True
        resources.insert(place, added)
    else:
        resources[place : place + 1] = [added]


def _links(resource: _Resource, earlier: Collection[_Resource]) -> _Resource | None:
    """Return the references of a resource, limited to resources before it: Pulumi refuses a state with others."""
    urns = {each["urn"] for each in earlier}
    providers = {each["urn"]: f"{each['urn']}::{each['id']}" for each in earlier if each["type"] == _PROVIDER_TYPE}
    if not providers:
        return None
    recorded = resource.get("provider", "").rpartition("::")[0]
    root = next((each["urn"] for each in earlier if each["type"] == _STACK_TYPE), "")
    by_property = resource.get("propertyDependencies") or {}
    return {
        "provider": providers.get(recorded) or next(iter(providers.values())),
        "parent": resource["parent"] if resource.get("parent") in urns else root,
        "dependencies": [urn for urn in resource.get("dependencies") or () if urn in urns],
        "propertyDependencies": {
            key: [urn for urn in dependencies or () if urn in urns] for key, dependencies in by_property.items()
        },
    }
