"""Operations in the state of a stack that a killed run did not finish.

Pulumi keeps a pending creation until somebody removes it, because the object may exist. It forgets other pending
operations at the next update.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from tools import state_lock

_PROJECT = "synergychat"
Resource = dict[str, Any]


def may_be(stack: str, backend_url: str) -> bool:
    """Tell whether the state may have such an operation. False saves a start of Pulumi, which takes a second."""
    backend = state_lock.directory(backend_url)
    if backend is None:
        return True
    file = backend / ".pulumi" / "stacks" / _PROJECT / f"{stack}.json"
    return not file.exists() or b'"pending_operations"' in file.read_bytes()


def operations(state: Mapping[str, Any], kind: str) -> Iterator[Resource]:
    """Yield the Kubernetes object of every unfinished operation of this kind, as the state has it."""
    for operation in state.get("deployment", {}).get("pending_operations") or ():
        resource = operation["resource"]
        if operation["type"] == kind and resource["type"].startswith("kubernetes:"):
            yield resource


def created(state: Mapping[str, Any]) -> Iterator[Resource]:
    """Yield the resources that unfinished creations may have made, and that the state does not have.

    A resource takes the place of its URN in the state if that is free. Otherwise it is one that Pulumi only deletes.
    """
    resources: list[Resource] = state.get("deployment", {}).get("resources") or []
    # Pulumi forgets a resource that was deleted for its replacement, and deletes nothing.
    known = {(each["type"], each.get("id")) for each in resources if not each.get("pendingReplacement")}
    urns = {each["urn"] for each in resources}
    for resource in operations(state, "creating"):
        metadata = _metadata(resource)
        if "name" not in metadata:
            continue  # it is encrypted
        identifier = "/".join(metadata[key] for key in ("namespace", "name") if metadata.get(key))
        if (resource["type"], identifier) in known:
            continue
        known.add((resource["type"], identifier))
        inputs = resource["inputs"]
        successor = {"delete": True} if resource["urn"] in urns else {}
        urns.add(resource["urn"])
        yield {**resource, **successor, "id": identifier, "outputs": {**inputs, "__inputs": inputs}}


def deleted(state: Mapping[str, Any]) -> Iterator[tuple[str, ...]]:
    """Yield the arguments by which `kubectl` finds the object of every unfinished deletion."""
    for resource in operations(state, "deleting"):
        metadata = _metadata(resource)
        if "name" in metadata:
            group_version, _, kind = resource["type"].removeprefix("kubernetes:").partition(":")
            group, _, version = group_version.rpartition("/")
            place = (f"--namespace={metadata['namespace']}",) if metadata.get("namespace") else ()
            yield f"{kind}.{version}.{'' if group == 'core' else group}", metadata["name"], *place


def _metadata(resource: Resource) -> Mapping[str, Any]:
    return resource.get("inputs", {}).get("metadata", {})
