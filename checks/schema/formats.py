"""Formats of strings: a word for each, and the test."""

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
    text: str
    holds: Callable[[str], bool]


def is_label(value: str) -> bool:
    return len(value) <= 63 and _LABEL.fullmatch(value) is not None


def is_subdomain(value: str) -> bool:
    return len(value) <= 253 and all(map(_LABEL.fullmatch, value.split(".")))


def is_label_value(value: str) -> bool:
    return value == "" or (len(value) <= 63 and _QUALIFIED.fullmatch(value) is not None)


def is_qualified_name(value: str) -> bool:
    """Of a label, an annotation or a finalizer: a name, with a DNS subdomain and a slash before it at most."""
    prefix, slash, name = value.rpartition("/")
    return bool(name) and is_label_value(name) and (is_subdomain(prefix) if slash else True)


def ip(value: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """The address, if it is one without a zone."""
    try:
        return None if "%" in value else ipaddress.ip_address(value)
    except ValueError:
        return None


def quantity(value: str | int) -> Fraction | None:
    """The number that it stands for, if it is one that may be whole.

    https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/quantity/
    """
    parsed = _QUANTITY.fullmatch(str(value))
    if parsed is None:
        return None
    number, decimal, binary = parsed.groups()
    prefix = decimal or binary
    power = _PREFIXES.index(prefix.upper()) + 1 if prefix else 0
    return Fraction(number) * (1024 if binary else 1000) ** power


LABEL = Format("must be a DNS label: at most 63 of a-z, 0-9 and '-', no '-' at its ends", is_label)
SUBDOMAIN = Format("must be DNS labels (a-z, 0-9, '-') with dots between them, at most 253 characters", is_subdomain)
PATH_SEGMENT = Format(
    "must not be '.' or '..', and have no '/' or '%'",
    lambda value: value not in (".", "..") and not {"/", "%"} & {*value},
)
LABEL_VALUE = Format(
    "must be at most 63 of letters, digits, '-', '_' and '.', with a letter or digit at both ends", is_label_value
)
QUALIFIED_NAME = Format(
    "must be a name of at most 63 letters, digits, '-', '_' and '.', which a DNS name and a slash may precede",
    is_qualified_name,
)

OF_SCHEMAS = {
    "byte": Format("must be base64", lambda value: _BASE64.fullmatch(value) is not None),
    "ipv4": Format("must be an IPv4 address", lambda value: isinstance(ip(value), ipaddress.IPv4Address)),
    "ipv6": Format("must be an IPv6 address", lambda value: isinstance(ip(value), ipaddress.IPv6Address)),
}
"""The formats of strings in the releases' CRDs. The API server ignores those that it does not know."""
