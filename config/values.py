"""What a hostname, a port, an image reference and the other values of a stack's config may be."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator

from releases import RELEASE_LINES

_LABEL = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?")
_NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*")
# The grammar of github.com/distribution/reference, with a domain only where a dot, a port or `localhost` says so.
_DOMAIN_LABEL = r"[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?"
_DOMAIN = rf"(?:(?:{_DOMAIN_LABEL}(?:\.{_DOMAIN_LABEL})+|localhost|{_DOMAIN_LABEL}(?=:)|\[[a-fA-F0-9:]+\])(?::[0-9]+)?)"
_PATH_PART = r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*"
_IMAGE = re.compile(
    rf"(?P<name>(?:{_DOMAIN}/)?{_PATH_PART}(?:/{_PATH_PART})*)(?::\w[\w.-]{{0,127}})?(?:@sha256:[a-f0-9]{{64}})?",
    re.ASCII,
)


@dataclass(frozen=True)
class Rule:
    """A rule in words, and the test of it: `problem` says what is wrong with a value, or None."""

    text: str
    problem: Callable[[Any], str | None]

    def __call__(self, value: object) -> object:
        if problem := self.problem(value):
            raise ValueError(problem)
        return value


def _whole_number(lowest: int, highest: int) -> Rule:
    text = f"must be a whole number from {lowest} to {highest}"
    return Rule(text, lambda value: None if type(value) is int and lowest <= value <= highest else text)


def _text(text: str, holds: Callable[[str], bool]) -> Rule:
    return Rule(text, lambda value: None if isinstance(value, str) and holds(value) else text)


def _hostname_problem(value: object) -> str | None:
    if not isinstance(value, str) or not value:
        return "must be a host name"
    labels = value.split(".")
    longest = max(labels, key=len)
    # Gateway API's Hostname, without the wildcard that only a listener may have. Browsers take a name whose last label
    # is a number for an IPv4 address.
    findings = {
        "must be a name alone, with no scheme, port or path": "/" in value or value.count(":") == 1,
        "must not end with a dot": value.endswith("."),
        "must not be a wildcard: the chat answers under one name": "*" in value,
        "must be in lower case": value != value.lower(),
        "must be a name, not an IP address": ":" in value or _NUMBER.fullmatch(labels[-1]) is not None,
        f"must have at most 253 characters (it has {len(value)})": len(value) > 253,
        "must not have an empty label (two dots in a row, or one at the start)": "" in labels,
        f"must have labels of at most 63 characters (one has {len(longest)})": len(longest) > 63,
        "may have only a-z, 0-9 and '-' in a label, and no '-' at its ends": not all(map(_LABEL.fullmatch, labels)),
    }
    return next((problem for problem, found in findings.items() if found), None)


def _is_image(value: str) -> bool:
    match = _IMAGE.fullmatch(value)
    return match is not None and len(match["name"]) <= 255


_VERSION_TEXT = f"must be a release of {', '.join(RELEASE_LINES)}"


def _version_problem(value: object) -> str | None:
    if not isinstance(value, str) or not re.fullmatch(r"[0-9]+\.[0-9]+\.[0-9]+", value):
        return "must be a version in quotes, such as '1.9.1'"
    if value.rpartition(".")[0] not in RELEASE_LINES:
        return _VERSION_TEXT
    return None


_LABEL_TEXT = "must be a DNS label: at most 63 of a-z, 0-9 and '-', no '-' at its ends"
_SUBDOMAIN_TEXT = "must be DNS labels (a-z, 0-9, '-') with dots between them, at most 253 characters"
_SERVICE_TEXT = "must be a DNS label that starts with a letter: at most 63 of a-z, 0-9 and '-'"


def _is_label(value: str) -> bool:
    return len(value) <= 63 and _LABEL.fullmatch(value) is not None


def _is_subdomain(value: str) -> bool:
    return len(value) <= 253 and all(map(_LABEL.fullmatch, value.split(".")))


Text = Annotated[str, BeforeValidator(_text("must be text that is not empty", lambda value: bool(value.strip())))]
Label = Annotated[str, BeforeValidator(_text(_LABEL_TEXT, _is_label))]
Subdomain = Annotated[str, BeforeValidator(_text(_SUBDOMAIN_TEXT, _is_subdomain))]
ServiceName = Annotated[
    str, BeforeValidator(_text(_SERVICE_TEXT, lambda value: _is_label(value) and value[0].isalpha()))
]
Hostname = Annotated[
    str, BeforeValidator(Rule("must be a host name in lower case, no IP address, no wildcard", _hostname_problem))
]
Port = Annotated[int, BeforeValidator(_whole_number(1, 65535))]
NodePort = Annotated[int, BeforeValidator(_whole_number(30000, 32767))]
Replicas = Annotated[int, BeforeValidator(_whole_number(0, 100))]
Seconds = Annotated[int, BeforeValidator(_whole_number(10, 3600))]
Image = Annotated[
    str, BeforeValidator(_text("must be an image reference, [registry[:port]/]name[:tag][@sha256:digest]", _is_image))
]
Sha256 = Annotated[
    str,
    BeforeValidator(
        _text("must be a SHA-256: 64 of 0-9 and a-f", lambda value: bool(re.fullmatch(r"[0-9a-f]{64}", value)))
    ),
]
Keyword = Annotated[
    str,
    BeforeValidator(_text("must be a word without a comma", lambda value: bool(value.strip()) and "," not in value)),
]
Version = Annotated[str, BeforeValidator(Rule(_VERSION_TEXT, _version_problem))]
Percent = Annotated[int, BeforeValidator(_whole_number(0, 100))]
Exposure = Literal["LoadBalancer", "NodePort", "ClusterIP"]
Protocol = Literal["HTTP", "HTTPS", "TLS", "TCP", "UDP"]
AppName = Literal["web", "api", "crawler"]
"""A workload of the stack."""
