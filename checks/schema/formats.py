"""Formats of strings, each with the code of its rule."""

import ipaddress
import re
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction

_BASE64 = re.compile(r"([A-Za-z0-9+/]{4})*([A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=|[A-Za-z0-9+/]{4})")
_LABEL = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?")
_QUANTITY = re.compile(r"([+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)(?:([kMGTPE])|([KMGTPE])i)?")
_PREFIXES = "KMGTPE"
_QUALIFIED = re.compile(r"([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]")


@dataclass(frozen=True)
class Format:
    """A format: `code` names its rule in the catalogue."""

    code: str
    holds: Callable[[str], bool]


def is_label(value: str) -> bool:
    return len(value) <= 63 and _LABEL.fullmatch(value) is not None


def is_subdomain(value: str) -> bool:
    return len(value) <= 253 and all(map(_LABEL.fullmatch, value.split(".")))


def is_label_value(value: str) -> bool:
    return value == "" or (len(value) <= 63 and _QUALIFIED.fullmatch(value) is not None)


def is_qualified_name(value: str) -> bool:
    """Key of a label or annotation, or a finalizer: a name, optionally after a DNS subdomain and a slash."""
    prefix, slash, name = value.rpartition("/")
    return bool(name) and is_label_value(name) and (is_subdomain(prefix) if slash else True)


def ip(value: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """The IP address, or None for anything else and for an address with a zone."""
    try:
        return None if "%" in value else ipaddress.ip_address(value)
    except ValueError:
        return None


def quantity(value: str | int) -> Fraction | None:
    """The number that a Kubernetes quantity denotes; None if it is invalid or its unit is smaller than 1.

    https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/quantity/
    """
    parsed = _QUANTITY.fullmatch(str(value))
    if parsed is None:
        return None
    number, decimal, binary = parsed.groups()
    prefix = decimal or binary
    power = _PREFIXES.index(prefix.upper()) + 1 if prefix else 0
    return Fraction(number) * (1024 if binary else 1000) ** power


LABEL = Format("dns-label-invalid", is_label)
SUBDOMAIN = Format("dns-name-invalid", is_subdomain)
PATH_SEGMENT = Format("path-segment-invalid", lambda value: value not in (".", "..") and not {"/", "%"} & {*value})
LABEL_VALUE = Format("label-value-invalid", is_label_value)
QUALIFIED_NAME = Format("qualified-name-invalid", is_qualified_name)

OF_SCHEMAS = {
    "byte": Format("base64-invalid", lambda value: _BASE64.fullmatch(value) is not None),
    "ipv4": Format("ipv4-invalid", lambda value: isinstance(ip(value), ipaddress.IPv4Address)),
    "ipv6": Format("ipv6-invalid", lambda value: isinstance(ip(value), ipaddress.IPv6Address)),
}
"""String formats in the CRDs of the releases. The API server ignores formats that it does not know."""
