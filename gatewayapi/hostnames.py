"""Host names of listeners, routes and certificates, and where they overlap. An empty one matches every host.

A wildcard of Gateway API stands for one or more labels, one of a certificate for exactly one:
https://gateway-api.sigs.k8s.io/reference/spec/#hostname, RFC 6125 section 6.4.3.
"""

from collections.abc import Collection, Iterable, Iterator, Sequence

ANY = "*"


def matches(pattern: str, host: str) -> bool:
    """Whether `pattern` (a name, `*.` and a name, or `*`) matches the host of a request."""
    return pattern in (ANY, host) or (pattern.startswith("*.") and _is_within(host, pattern))


def specificity(pattern: str) -> tuple[bool, int]:
    """Sort key, greater if more specific: a plain name beats any wildcard, the longer wildcard the shorter."""
    return not pattern.startswith("*"), len(pattern)


def patterns_of(host: str) -> Iterator[str]:
    """Every pattern that matches the host of a request, the most specific first."""
    yield host
    _, *suffixes = host.split(".")
    yield from (f"*.{'.'.join(suffixes[index:])}" for index in range(len(suffixes)))
    yield ANY


def most_specific(patterns: Iterable[str], host: str) -> str | None:
    """The pattern that Envoy selects for the host of a request or of a TLS handshake; None when none matches."""
    return max((pattern for pattern in patterns if matches(pattern, host)), key=specificity, default=None)


def intersection(listener: str, route: Sequence[str]) -> list[str]:
    """Host names under which a listener serves a route; a listener or route without host names matches any."""
    if not route:
        return [listener or ANY]
    return sorted({both for hostname in route if (both := _narrower(listener or ANY, hostname))})


def served(listener: str, route: Sequence[str], other_listeners: Collection[str]) -> list[str]:
    """The intersection without the host names of other listeners on the same port: requests for those go there.

    Follows `computeHosts` of Envoy Gateway: a host name within another listener's wildcard stays.
    """
    both = intersection(listener, route)
    return [hostname for hostname in both if not route or hostname == listener or hostname not in other_listeners]


def certified(hostname: str, names: Iterable[str]) -> bool:
    """Whether a certificate for `names` is valid for a host name."""
    parent = hostname.partition(".")[2]
    return any(name.lower() in (hostname, f"*.{parent}") for name in names)


def is_wildcard(hostname: str) -> bool:
    return hostname.startswith("*.")


def _narrower(one: str, other: str) -> str | None:
    """The narrower of two host names where it lies within the other one."""
    if one in (ANY, other):
        return other
    if one.startswith("*.") and _is_within(other, one):
        return other
    if other.startswith("*.") and _is_within(one, other):
        return one
    return None


def _is_within(name: str, wildcard: str) -> bool:
    suffix = wildcard.removeprefix("*")
    rest = name.removeprefix("*").removesuffix(suffix) if name.endswith(suffix) else ""
    return rest.startswith(".") if name.startswith("*") else bool(rest)
