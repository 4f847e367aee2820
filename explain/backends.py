"""Where a rule sends what it has taken, and with what share.

Follows https://gateway-api.sigs.k8s.io/reference/spec/#httpbackendref.
"""

from dataclasses import dataclass

from explain.filters import in_words
from explain.objects import GROUPS, Objects, Reference, Wire, parts


@dataclass(frozen=True)
class Backend:
    """`share` is its part of the requests, 0 to 1; one with a `problem` answers its share with 500."""

    target: Reference
    port: int | None
    weight: int
    share: float
    filters: tuple[str, ...] = ()
    problem: str = ""

    def __str__(self) -> str:
        return f"{self.target}{'' if self.port is None else f':{self.port}'}"


def backends(rule: Wire, route: Reference, objects: Objects) -> tuple[Backend, ...]:
    """In the order of the rule. A weight that is not given is 1."""
    references = parts(rule, "backendRefs")
    weights = [int(each.get("weight", 1)) for each in references]
    return tuple(
        Backend(
            target=_target(each, route),
            port=each.get("port"),
            weight=weight,
            share=weight / sum(weights) if weight else 0.0,
            filters=in_words(parts(each, "filters"), route.namespace),
            problem=_problem(each, route, objects),
        )
        for each, weight in zip(references, weights, strict=True)
    )


def _target(reference: Wire, route: Reference) -> Reference:
    return Reference(
        reference.get("kind") or "Service", reference.get("namespace") or route.namespace, reference["name"]
    )


def _problem(reference: Wire, route: Reference, objects: Objects) -> str:
    target = _target(reference, route)
    if target.namespace != route.namespace and not is_granted(route, target, objects):
        return f"no ReferenceGrant in {target.namespace} lets a {route.kind} of {route.namespace} refer to it"
    wire = objects.find(target)
    if wire is None:
        return f"there is no {target}"
    if target.kind == "Service":
        ports = [int(each["port"]) for each in parts(wire, "spec", "ports")]
        if reference.get("port") not in ports:
            return f"it has no port {reference.get('port')}, only {', '.join(map(str, ports)) or 'none'}"
    return ""


def is_granted(source: Reference, target: Reference, objects: Objects) -> bool:
    """Whether a ReferenceGrant beside `target` lets `source` refer to it."""
    return source.namespace == target.namespace or any(
        Reference.of(grant).namespace == target.namespace
        and any(
            (each.get("group"), each["kind"], each["namespace"])
            == (GROUPS.get(source.kind), source.kind, source.namespace)
            for each in parts(grant, "spec", "from")
        )
        and any(
            (each.get("group") or "", each["kind"]) == (GROUPS.get(target.kind), target.kind)
            and (each.get("name") or target.name) == target.name
            for each in parts(grant, "spec", "to")
        )
        for grant in objects.of_kind("ReferenceGrant")
    )
