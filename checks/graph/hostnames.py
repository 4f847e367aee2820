"""Host names of listeners, routes and certificates, and where they meet. An empty one stands for every host.

A wildcard of Gateway API stands for one or more labels, one of a certificate for exactly one:
https://gateway-api.sigs.k8s.io/reference/spec/#hostname, RFC 6125 section 6.4.3.
"""

from collections.abc import Iterable, Sequence

ANY = "*"


def met(listener: str, route: Sequence[str]) -> frozenset[str]:
    """The hosts for which a listener serves a route."""
    return frozenset(both for each in route or [ANY] if (both := _narrower(listener or ANY, each)))


def certified(hostname: str, names: Iterable[str]) -> bool:
    """Whether a certificate for these names is one for a listener's host name."""
    parent = hostname.partition(".")[2]
    return any(name.lower() in (hostname, f"*.{parent}") for name in names)


def _narrower(one: str, other: str) -> str | None:
    if one == other or _holds(one, other):
        return other
    return one if _holds(other, one) else None


def _holds(wildcard: str, hostname: str) -> bool:
    """Whether the wildcard is for every host of another host name."""
    return wildcard.startswith("*") and hostname.endswith(wildcard[1:])
