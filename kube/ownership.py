"""Ownership: which cluster a stack is on, and which objects of that cluster it may change."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from fnmatch import fnmatchcase

from diagnostics.problem import problem
from diagnostics.render import Located
from kube.live_objects import LiveObject
from kube.manifest import ObjectName


def advice(stack: str) -> tuple[str, ...]:
    """What to type to take the objects over."""
    return (
        "If others manage these objects, leave them: choose another synergychat:namespace, and for an Envoy Gateway of "
        "others synergychat:platform: external.",
        "If they are to belong to this stack, add them to the list synergychat:adopt in "
        f"Pulumi.{stack}.yaml; for all of them add '*'.",
        "What adopt names stays on the cluster when it is removed from the config, or the stack is destroyed. After "
        "the first update you can remove it from adopt: then it is an object of the stack like all others.",
    )


def is_adopted(name: ObjectName, adopt: Sequence[str]) -> bool:
    """Whether one of the patterns in `adopt` fits the object."""
    return any(fnmatchcase(name.path, pattern) for pattern in adopt)


def another_cluster(context: str, *, recorded: str, live: str, forget: str) -> Located:
    """The problem of a context that leads to another cluster. `forget` says how to empty the state."""
    words = {"recorded": recorded, "live": live, "forget": forget}
    found = problem("cluster-changed", ("context",), context, **words)
    return Located(place="synergychat:context", problem=found, value=context)


def none_on_cluster(
    context: str, state: Mapping[str, ObjectName], live: Collection[LiveObject], forget: str
) -> Iterator[Located]:
    """The problem of a cluster that has no object of the state, which has them by UID."""
    if state and not state.keys() & {item.uid for item in live}:
        words = {"count": len(state), "example": min(state.values()), "forget": forget}
        found = problem("cluster-without-state", ("context",), context, **words)
        yield Located(place="synergychat:context", problem=found, value=context)


def not_owned(
    names: Collection[ObjectName],
    live: Collection[LiveObject],
    *,
    stack: str,
    state: Collection[ObjectName],
    adopt: Sequence[str],
) -> Iterator[Located]:
    """The problems of the objects among `names` that exist, and belong to another stack or to none.

    An object in `state` that has no mark is the stack's own, from a version of the program that set no marks.
    """
    for item in live:
        if item.name not in names or item.stack == stack or is_adopted(item.name, adopt):
            continue
        if item.stack:
            yield Located(place=item.name.path, problem=problem("object-of-other-stack", (), stack=item.stack))
        elif item.name not in state:
            yield Located(place=item.name.path, problem=problem("object-without-stack", ()))
