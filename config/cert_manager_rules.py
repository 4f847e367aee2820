"""The rules of issuers, and of what is issued."""

from collections.abc import Iterator
from itertools import chain

from config.raw import Broken, Given, Place, group, items
from config.words import one_of


def rules(given: Given) -> Broken:
    return chain(_ways_to_sign(given), _unknown(given), _unprovable(given))


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
    for place, name, _ in _asking(given):
        if name not in known:
            yield place, one_of(known, name) if known else "needs an issuer of this name in issuers"


def _unprovable(given: Given) -> Broken:
    """An authority that speaks ACME asks each host for a file over HTTP, and a wildcard is no host.

    https://cert-manager.io/docs/configuration/acme/http01/
    """
    for place, name, host in _asking(given):
        acme = group(group(group(given.get("issuers")).get(str(name))).get("acme"))
        if acme and not acme.get("solvers") and str(host).startswith("*."):
            yield place, f"cannot prove {host} over HTTP: give issuers.{name}.acme.solvers one of dns01"


def _asking(given: Given) -> Iterator[tuple[Place, object, object]]:
    """Every issuer that is asked for a certificate: the place that names it, its name, and the host that it says."""
    gateways: dict[Place, object] = {("gateway",): given.get("gateway")}
    gateways |= {("gateways", name): gateway for name, gateway in group(given.get("gateways")).items()}
    for place, gateway in gateways.items():
        https = group(group(gateway).get("https"))
        asking: list[tuple[Place, object, object]] = [((*place, "https"), https, None)]
        asking += [((*place, "https", "hosts", host), each, host) for host, each in group(https.get("hosts")).items()]
        for index, each in enumerate(items(group(gateway).get("listeners"))):
            asking.append(((*place, "listeners", str(index)), each, group(each).get("hostname")))
        for at, each, host in asking:
            if (name := group(each).get("issuer")) is not None:
                yield (*at, "issuer"), name, host
