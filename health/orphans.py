"""Orphans: Envoys whose Gateway is gone, and which serve on.

Envoy Gateway does not delete them if the Gateway is deleted while no controller is the leader, as in its own update.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence

from diagnostics.terminal import printable
from gatewayapi.kinds import GATEWAY_API, OWNING_GATEWAY
from health.envoys import Owner, owner_of
from health.kinds import Kind, Object
from health.rows import Row

_CLASS = Kind(GATEWAY_API, "GatewayClass")
_MADE = "deployment,service,serviceaccount,configmap,horizontalpodautoscaler,poddisruptionbudget"


def of_no_gateway(known: Sequence[Object], gateways: Collection[Owner]) -> dict[Owner, Object]:
    """One object of each Envoy among `known` whose Gateway is not among `gateways`, by that Gateway.

    Those of other GatewayClasses are left to the stacks of these classes.
    """
    classes = {item["metadata"]["uid"] for item in known if Kind.of(item) == _CLASS}
    found: dict[Owner, Object] = {}
    for item in sorted(known, key=lambda item: item["kind"]):  # the Deployment before the Service
        owner = owner_of(item)
        if owner is None or owner in gateways or not owner.namespace or "deletionTimestamp" in item["metadata"]:
            continue
        made_for = {reference["uid"] for reference in item["metadata"].get("ownerReferences", [])}
        if not made_for or made_for & classes:
            found.setdefault(owner, item)
    return found


def rows(orphans: Mapping[Owner, Object], kubectl: str) -> Iterator[Row]:
    """A row per orphan, with the command that deletes all that belongs to it."""
    for owner, item in orphans.items():
        name, namespace = item["metadata"]["name"], item["metadata"]["namespace"]
        labels = f"{OWNING_GATEWAY}-name={owner.name},{OWNING_GATEWAY}-namespace={owner.namespace}"
        text = (
            f"its Gateway {owner.namespace}/{owner.name} is gone, and Envoy Gateway did not delete it\n"
            f"-> {kubectl} delete {_MADE} -n {namespace} -l {labels}"
        )
        yield Row(item["kind"], name, "orphaned", printable(text), namespace)
