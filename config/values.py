"""What a hostname, a port, an image reference and the other values of a stack's config may be."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator

from releases import RELEASE_LINES

_LABEL = r"[a-z0-9]([-a-z0-9]*[a-z0-9])?"
_NUMBER = r"([0-9]+|0x[0-9a-f]*)"
# The grammar of github.com/distribution/reference, with a domain only where a dot, a port or `localhost` says so.
_DOMAIN_LABEL = r"[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?"
_DOMAIN = rf"(?:(?:{_DOMAIN_LABEL}(?:\.{_DOMAIN_LABEL})+|localhost|{_DOMAIN_LABEL}(?=:)|\[[a-fA-F0-9:]+\])(?::[0-9]+)?)"
_PATH_PART = r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*"
_IMAGE_NAME = rf"(?:{_DOMAIN}/)?{_PATH_PART}(?:/{_PATH_PART})*"
_IMAGE = rf"({_IMAGE_NAME})(?::[a-zA-Z0-9_][a-zA-Z0-9_.-]{{0,127}})?(?:@sha256:[a-f0-9]{{64}})?"


@dataclass(frozen=True)
class Rule:
    """A rule in words, and the test of it: `problem` says what is wrong with a value, or None."""

    text: str
    problem: Callable[[Any], str | None]
    schema: Mapping[str, Any] = field(default_factory=dict[str, Any], compare=False)
    """What of it JSON Schema can say; never more than `problem` does."""

    def __call__(self, value: object) -> object:
        if problem := self.problem(value):
            raise ValueError(problem)
        return value


class TextOr(Rule):
    """A text stands for a group of keys that has it as its `value`; of anything else the rule is the group's."""

    def __call__(self, value: object) -> object:
        return {"value": value} if isinstance(value, str) else super().__call__(value)


def text_or(group: str) -> TextOr:
    text = f"must be a text, or {group}"
    return TextOr(text, lambda value: None if isinstance(value, dict) else f"{text}; quote numbers")


def _whole_number(lowest: int, highest: int) -> Rule:
    text = f"must be a whole number from {lowest} to {highest}"

    def problem(value: object) -> str | None:
        return None if type(value) is int and lowest <= value <= highest else text

    return Rule(text, problem, {"minimum": lowest, "maximum": highest})


def _matching(text: str, pattern: str, longest: int | None = None) -> Rule:
    """A text that is `pattern` as a whole: one that Python and ECMAScript read alike, and that names no groups."""
    compiled = re.compile(pattern)

    def problem(value: object) -> str | None:
        fits = isinstance(value, str) and (longest is None or len(value) <= longest) and compiled.fullmatch(value)
        return None if fits else text

    return Rule(text, problem, _schema(pattern, longest))


def _schema(pattern: str, longest: int | None = None) -> Mapping[str, Any]:
    return {"pattern": f"^({pattern})$"} | ({} if longest is None else {"maxLength": longest})


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
        "must be a name, not an IP address": ":" in value or re.fullmatch(_NUMBER, labels[-1]) is not None,
        f"must have at most 253 characters (it has {len(value)})": len(value) > 253,
        "must not have an empty label (two dots in a row, or one at the start)": "" in labels,
        f"must have labels of at most 63 characters (one has {len(longest)})": len(longest) > 63,
        "may have only a-z, 0-9 and '-' in a label, and no '-' at its ends": not all(
            re.fullmatch(_LABEL, label) for label in labels
        ),
    }
    return next((problem for problem, found in findings.items() if found), None)


def _image_problem(value: object) -> str | None:
    match = re.fullmatch(_IMAGE, value) if isinstance(value, str) else None
    return None if match is not None and len(match[1]) <= 255 else _IMAGE_TEXT


def _wildcard_problem(value: object) -> str | None:
    if not isinstance(value, str) or len(value) > 253:
        return _hostname_problem(value)
    return _hostname_problem(value.removeprefix("*."))


_VERSION_TEXT = f"must be a release of {', '.join(RELEASE_LINES)}"


_THREE_PARTS_TEXT = "must be a version in quotes, such as '1.9.1'"
_THREE_PARTS = r"[0-9]+\.[0-9]+\.[0-9]+"


def _version_problem(value: object) -> str | None:
    if not isinstance(value, str) or not re.fullmatch(_THREE_PARTS, value):
        return _THREE_PARTS_TEXT
    if value.rpartition(".")[0] not in RELEASE_LINES:
        return _VERSION_TEXT
    return None


_LABEL_TEXT = "must be a DNS label: at most 63 of a-z, 0-9 and '-', no '-' at its ends"
_SUBDOMAIN_TEXT = "must be DNS labels (a-z, 0-9, '-') with dots between them, at most 253 characters"
_SERVICE_TEXT = "must be a DNS label that starts with a letter: at most 63 of a-z, 0-9 and '-'"


_IMAGE_TEXT = "must be an image reference, [registry[:port]/]name[:tag][@sha256:digest]"

Text = Annotated[str, BeforeValidator(_matching("must be text that is not empty", r"[\s\S]*\S[\s\S]*"))]
Label = Annotated[str, BeforeValidator(_matching(_LABEL_TEXT, _LABEL, longest=63))]
Subdomain = Annotated[str, BeforeValidator(_matching(_SUBDOMAIN_TEXT, rf"{_LABEL}(\.{_LABEL})*", longest=253))]
ServiceName = Annotated[str, BeforeValidator(_matching(_SERVICE_TEXT, r"[a-z]([-a-z0-9]*[a-z0-9])?", longest=63))]
Hostname = Annotated[
    str,
    BeforeValidator(
        Rule(
            "must be a host name in lower case, no IP address, no wildcard",
            _hostname_problem,
            _schema(rf"({_LABEL}\.)*(?!{_NUMBER}$){_LABEL}", longest=253),
        )
    ),
]
HostnameOrWildcard = Annotated[
    str,
    BeforeValidator(
        Rule(
            "must be a host name in lower case, or *. and one",
            _wildcard_problem,
            _schema(rf"(\*\.)?({_LABEL}\.)*(?!{_NUMBER}$){_LABEL}", longest=253),
        )
    ),
]
Port = Annotated[int, BeforeValidator(_whole_number(1, 65535))]
NodePort = Annotated[int, BeforeValidator(_whole_number(30000, 32767))]
Replicas = Annotated[int, BeforeValidator(_whole_number(0, 100))]
Pods = Annotated[int, BeforeValidator(_whole_number(1, 100))]
DrainSeconds = Annotated[int, BeforeValidator(_whole_number(1, 600))]
Utilization = Annotated[int, BeforeValidator(_whole_number(1, 1000))]
Seconds = Annotated[int, BeforeValidator(_whole_number(10, 3600))]
Image = Annotated[str, BeforeValidator(Rule(_IMAGE_TEXT, _image_problem, _schema(_IMAGE)))]
Registry = Annotated[
    str,
    BeforeValidator(_matching("must be a registry, host[:port][/path]", rf"{_DOMAIN}(?:/{_PATH_PART})*", longest=200)),
]
Sha256 = Annotated[str, BeforeValidator(_matching("must be a SHA-256: 64 of 0-9 and a-f", "[0-9a-f]{64}"))]
Keyword = Annotated[str, BeforeValidator(_matching("must be a word without a comma", r"[^,]*[^,\s][^,]*"))]
ThreePartVersion = Annotated[str, BeforeValidator(_matching(_THREE_PARTS_TEXT, _THREE_PARTS))]
Version = Annotated[
    str,
    BeforeValidator(
        Rule(_VERSION_TEXT, _version_problem, _schema(rf"({'|'.join(map(re.escape, RELEASE_LINES))})\.[0-9]+"))
    ),
]
Percent = Annotated[int, BeforeValidator(_whole_number(0, 100))]
Preset = Literal["gentle", "strict"]
Exposure = Literal["LoadBalancer", "NodePort", "ClusterIP"]
Ownership = Literal["managed", "external"]
Protocol = Literal["HTTP", "HTTPS", "TLS", "TCP", "UDP"]
AppName = Annotated[
    str, BeforeValidator(_matching("must be the name of a workload: web, api, crawler or one of `apps`", ".+"))
]
EnvironmentName = Annotated[
    str,
    BeforeValidator(
        _matching(
            "must be the name of a variable: letters, digits, '_', '-' and '.', no digit first",
            "[-._a-zA-Z][-._a-zA-Z0-9]*",
        )
    ),
]
FilePath = Annotated[
    str,
    BeforeValidator(
        _matching(
            "must be a path from the root: /, then letters, digits, '_', '-' and '.' between slashes, no '..'",
            r"(/(?!\.\.?(/|$))[-._a-zA-Z0-9]+)+",
        )
    ),
]
UrlPath = Annotated[str, BeforeValidator(_matching("must be a path that starts with /", r"/[^\s?#]*"))]
Quantity = Annotated[
    str,
    BeforeValidator(
        _matching("must be a quantity in quotes, such as '1Gi'", r"[0-9]+(\.[0-9]+)?([kMGTPE]i?|[eE][0-9]+)?")
    ),
]
Schedule = Annotated[
    str,
    BeforeValidator(
        _matching(
            "must be minute, hour, day, month and weekday, such as '0 3 * * *', or @daily and the like",
            r"@(hourly|daily|midnight|weekly|monthly|yearly|annually)|[^\s@]+( +\S+){4}",
        )
    ),
]
CHAT = ("web", "api", "crawler")
"""The chat's workloads, as the config names them."""
