"""Values: the type of each kind of value in the stack's config, with its rule."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal, LiteralString, cast

from pydantic import BeforeValidator
from pydantic_core import PydanticCustomError

from diagnostics.problem import Reason, reason
from releases import LINES, line_of

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
    """A rule for one value. `code` and `words` give its sentence; `find` gives the reason why a value breaks it."""

    code: str
    find: Callable[[Any], Reason | None]
    words: Mapping[str, object] = field(default_factory=dict[str, object], compare=False)
    schema: Mapping[str, Any] = field(default_factory=dict[str, Any], compare=False)
    """The part that JSON Schema can express; never stricter than `find`."""

    @property
    def text(self) -> str:
        return reason(self.code, **self.words).rule

    def __call__(self, value: object) -> object:
        """Validate a value for pydantic."""
        if found := self.find(value):
            code = cast(LiteralString, found.code)
            raise PydanticCustomError(code, "{code}", {**found.words, "code": found.code})
        return value


class TextOr(Rule):
    """A rule for a value that is a text or a group of keys. A text is the short form of the group `{value: TEXT}`."""

    def __call__(self, value: object) -> object:
        return {"value": value} if isinstance(value, str) else super().__call__(value)


def text_or(group: str) -> TextOr:
    """A text, or a group of keys that `group` describes."""
    code = "config-text-or-group"
    return TextOr(code, lambda value: None if isinstance(value, dict) else reason(code, group=group), {"group": group})


def _whole_number(lowest: int, highest: int) -> Rule:
    code, words = "config-number", {"lowest": lowest, "highest": highest}

    def find(value: object) -> Reason | None:
        return None if type(value) is int and lowest <= value <= highest else reason(code, **words)

    return Rule(code, find, words, {"minimum": lowest, "maximum": highest})


def _matching(code: str, pattern: str, longest: int | None = None) -> Rule:
    """A text that matches `pattern` as a whole. Python and ECMAScript must read the pattern alike."""
    compiled = re.compile(pattern)

    def find(value: object) -> Reason | None:
        fits = isinstance(value, str) and (longest is None or len(value) <= longest) and compiled.fullmatch(value)
        return None if fits else reason(code)

    return Rule(code, find, {}, _schema(pattern, longest))


def _schema(pattern: str, longest: int | None = None) -> Mapping[str, Any]:
    return {"pattern": f"^({pattern})$"} | ({} if longest is None else {"maxLength": longest})


def _find_hostname(value: object) -> Reason | None:
    """Gateway API's Hostname, without the wildcard that only a listener may have."""
    if not isinstance(value, str) or not value:
        return reason("hostname-invalid")
    labels = value.split(".")
    longest = max(labels, key=len)
    # Browsers read a name whose last label is a number as an IPv4 address.
    is_ip = ":" in value or re.fullmatch(_NUMBER, labels[-1]) is not None
    findings = {
        "hostname-with-scheme-or-port": "/" in value or value.count(":") == 1,
        "hostname-trailing-dot": value.endswith("."),
        "hostname-wildcard": "*" in value,
        "hostname-upper-case": value != value.lower(),
        "hostname-is-ip": is_ip,
        "hostname-too-long": len(value) > 253,
        "hostname-empty-label": "" in labels,
        "hostname-label-too-long": len(longest) > 63,
        "hostname-characters": not all(re.fullmatch(_LABEL, label) for label in labels),
    }
    code = next((code for code, found in findings.items() if found), None)
    return None if code is None else reason(code, length=len(value), longest=len(longest))


def _find_hostname_or_wildcard(value: object) -> Reason | None:
    found = _find_hostname(value.removeprefix("*.") if isinstance(value, str) and len(value) <= 253 else value)
    return reason("hostname-or-wildcard-invalid") if found and found.code == "hostname-invalid" else found


def _find_image(value: object) -> Reason | None:
    match = re.fullmatch(_IMAGE, value) if isinstance(value, str) else None
    return None if match is not None and len(match[1]) <= 255 else reason("image-invalid")


def _find_keyword(value: object) -> Reason | None:
    # Not a pattern: one that allows blanks around a word takes quadratic time for a long text.
    return None if isinstance(value, str) and value.strip() and "," not in value else reason("keyword-invalid")


_THREE_PARTS = r"[0-9]+\.[0-9]+\.[0-9]+"
_LINES = [line.name for line in LINES]
_KNOWN_LINES = {"lines": ", ".join(_LINES)}


def _find_version(value: object) -> Reason | None:
    if not isinstance(value, str) or not re.fullmatch(_THREE_PARTS, value):
        return reason("version-invalid")
    return None if line_of(value) else reason("release-unknown", **_KNOWN_LINES)


_HOSTNAME_SCHEMA = _schema(rf"({_LABEL}\.)*(?!{_NUMBER}$){_LABEL}", longest=253)
_WILDCARD_SCHEMA = _schema(rf"(\*\.)?({_LABEL}\.)*(?!{_NUMBER}$){_LABEL}", longest=253)
_RELEASES_SCHEMA = _schema(rf"({'|'.join(map(re.escape, _LINES))})\.[0-9]+")

Text = Annotated[str, BeforeValidator(_matching("text-empty", r"[\s\S]*\S[\s\S]*"))]
Label = Annotated[str, BeforeValidator(_matching("dns-label-invalid", _LABEL, longest=63))]
Subdomain = Annotated[str, BeforeValidator(_matching("dns-name-invalid", rf"{_LABEL}(\.{_LABEL})*", longest=253))]
ServiceName = Annotated[
    str, BeforeValidator(_matching("service-name-invalid", r"[a-z]([-a-z0-9]*[a-z0-9])?", longest=63))
]
SecretKey = Annotated[
    str, BeforeValidator(_matching("secret-key-invalid", r"(?!\.\.?($|\.))[-._a-zA-Z0-9]+", longest=253))
]
Hostname = Annotated[str, BeforeValidator(Rule("hostname-invalid", _find_hostname, {}, _HOSTNAME_SCHEMA))]
HostnameOrWildcard = Annotated[
    str, BeforeValidator(Rule("hostname-or-wildcard-invalid", _find_hostname_or_wildcard, {}, _WILDCARD_SCHEMA))
]
Port = Annotated[int, BeforeValidator(_whole_number(1, 65535))]
NodePort = Annotated[int, BeforeValidator(_whole_number(30000, 32767))]
Replicas = Annotated[int, BeforeValidator(_whole_number(0, 100))]
Pods = Annotated[int, BeforeValidator(_whole_number(1, 100))]
DrainSeconds = Annotated[int, BeforeValidator(_whole_number(1, 600))]
Utilization = Annotated[int, BeforeValidator(_whole_number(1, 1000))]
Seconds = Annotated[int, BeforeValidator(_whole_number(10, 3600))]
HttpStatus = Annotated[int, BeforeValidator(_whole_number(100, 599))]
Percent = Annotated[int, BeforeValidator(_whole_number(0, 100))]
Image = Annotated[str, BeforeValidator(Rule("image-invalid", _find_image, {}, _schema(_IMAGE)))]
Registry = Annotated[str, BeforeValidator(_matching("registry-invalid", rf"{_DOMAIN}(?:/{_PATH_PART})*", longest=200))]
Sha256 = Annotated[str, BeforeValidator(_matching("sha256-invalid", "[0-9a-f]{64}"))]
Keyword = Annotated[str, BeforeValidator(Rule("keyword-invalid", _find_keyword, {}, _schema(r"\s*[^,\s][^,]*")))]
ThreePartVersion = Annotated[str, BeforeValidator(_matching("version-invalid", _THREE_PARTS))]
Version = Annotated[str, BeforeValidator(Rule("release-unknown", _find_version, _KNOWN_LINES, _RELEASES_SCHEMA))]
AppName = Annotated[str, BeforeValidator(_matching("workload-name-invalid", ".+"))]
EnvironmentName = Annotated[str, BeforeValidator(_matching("environment-name-invalid", "[-._a-zA-Z][-._a-zA-Z0-9]*"))]
FilePath = Annotated[str, BeforeValidator(_matching("file-path-invalid", r"(/(?!\.\.?(/|$))[-._a-zA-Z0-9]+)+"))]
UrlPath = Annotated[str, BeforeValidator(_matching("url-path-invalid", r"/[^\s?#]*"))]
Quantity = Annotated[str, BeforeValidator(_matching("size-invalid", r"[0-9]+(\.[0-9]+)?([kMGTPE]i?|[eE][0-9]+)?"))]
Schedule = Annotated[
    str,
    BeforeValidator(
        _matching("schedule-invalid", r"@(hourly|daily|midnight|weekly|monthly|yearly|annually)|[^\s@]+( +\S+){4}")
    ),
]
Preset = Literal["gentle", "strict"]
Exposure = Literal["LoadBalancer", "NodePort", "ClusterIP"]
Ownership = Literal["managed", "external"]
Protocol = Literal["HTTP", "HTTPS", "TLS", "TCP", "UDP"]
