"""The rules of issuers, and of what is issued."""

from collections.abc import Iterator
from itertools import chain

from config.given import Broken, Given, Place, group, items
from config.words import one_of


def rules(given: Given) -> Broken:
    return chain(_ways_to_sign(given), _unknown(given))


def _ways_to_sign(given: Given) -> Broken:
    for name, issuer in group(given.get("issuers")).items():
        ways = [key for key, value in group(issuer).items() if value not in (None, False)]
        if not ways:
            yield ("issuers", name), "needs one way to sign: selfSignedCa, acme, or another one of an Issuer's spec"
        for other in ways[1:]:
            yield ("issuers", name, other), f"does not go together with {ways[0]}"


def _unknown(given: Given) -> Broken:
    """A cert-manager that the stack installs has no issuers but those that the stack gives it."""
    if group(given.get("certManager")).get("install") is not True:
        return
    objects = map(group, items(given.get("objects")))
    further = [str(group(each.get("metadata")).get("name")) for each in objects if each.get("kind") == "ClusterIssuer"]
    known = [*group(given.get("issuers")), *further]
    for place, name in _named(given):
        if name not in known:
            yield place, one_of(known, name) if known else "needs an issuer of this name in issuers"


def _named(given: Given) -> Iterator[tuple[Place, object]]:
    """Every issuer that is asked for a certificate, by the place that names it."""
    gateways: dict[Place, object] = {("gateway",): given.get("gateway")}
    gateways |= {("gateways", name): gateway for name, gateway in group(given.get("gateways")).items()}
    for place, gateway in gateways.items():
        https = group(group(gateway).get("https"))
        asking: dict[Place, object] = {(*place, "https"): https}
        asking |= {(*place, "https", "hosts", host): each for host, each in group(https.get("hosts")).items()}
        listeners = items(group(gateway).get("listeners"))
        asking |= {(*place, "listeners", str(index)): each for index, each in enumerate(listeners)}
        for at, each in asking.items():
            if (name := group(each).get("issuer")) is not None:
                yield (*at, "issuer"), name
