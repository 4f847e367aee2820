"""Guards: everything in front of a workload that keeps clients out, and whether one guard lets more in than another.

A change counts as looser unless it is known to be stricter: where the fields of a guard differ in a way that is not
compared here, it may let more clients in.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from ipaddress import ip_network
from typing import Any

from kube.unknown import UNKNOWN

Settings = Any
"""The part of a policy that a guard consists of, as JSON."""

_UNITS = {"Second": 1, "Minute": 60, "Hour": 3600, "Day": 86400, "Month": 2592000, "Year": 31536000}


@dataclass(frozen=True)
class Guard:
    """A guard. Two are equal if they have the same kind and the same settings."""

    kind: str
    settings: str
    """The settings as canonical JSON; a value that nobody may see, or that is not known yet, is only marked."""

    @classmethod
    def of(cls, kind: str, settings: Settings) -> "Guard":
        return cls(kind, canonical(settings))

    @property
    def value(self) -> Settings:
        return json.loads(self.settings)

    @property
    def opens(self) -> bool:
        """Whether the guard lets clients in that would stay out without it: CORS lets in scripts of other sites."""
        return self.kind == "CORS"

    def __str__(self) -> str:
        words = _WORDS.get(self.kind, _nothing)(self.value)
        return f"{self.kind} ({words})" if words else self.kind


def canonical(value: Any) -> str:
    """Equal text for equal values."""
    return json.dumps(_plain(value), sort_keys=True, separators=(",", ":"))


def is_looser(old: Guard, new: Guard) -> bool:
    """Whether `new` may let clients in that `old`, a guard of the same kind, keeps out."""
    if old == new:
        return False
    compare = _LOOSER.get(old.kind)
    return True if compare is None else compare(old.value, new.value)


def loosened(before: Sequence[Guard], after: Sequence[Guard]) -> list[tuple[Guard | None, Guard | None]]:
    """Guards that are gone or may let more in, as old and new; with CORS, one that is new."""
    old, new = {guard.kind: guard for guard in before}, {guard.kind: guard for guard in after}
    found: list[tuple[Guard | None, Guard | None]] = []
    for kind in sorted(old.keys() | new.keys()):
        was, is_now = old.get(kind), new.get(kind)
        if was is None and is_now is not None:
            looser = is_now.opens
        elif was is not None and is_now is None:
            looser = not was.opens
        else:
            looser = was is not None and is_now is not None and is_looser(was, is_now)
        if looser:
            found.append((was, is_now))
    return found


def _plain(value: Any) -> Any:
    if value is UNKNOWN:
        return "<not known>"
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    return [_plain(item) for item in value] if isinstance(value, list | tuple) else value


def _nothing(_: Settings) -> str:
    return ""


def _names(key: str) -> Callable[[Settings], str]:
    def words(settings: Settings) -> str:
        return ", ".join(str(one.get("name", "?")) for one in settings.get(key) or [] if isinstance(one, dict))

    return words


def _authorization(settings: Settings) -> str:
    default = settings.get("defaultAction") or "Deny"
    rules = [_rule(rule) for rule in settings.get("rules") or []]
    return "; ".join([*rules, f"else {default.lower()}"])


def _rule(rule: Settings) -> str:
    principal, operation = rule.get("principal") or {}, rule.get("operation") or {}
    parts = [", ".join(principal.get("clientCIDRs") or [])]
    parts += [f"header {one.get('name')}" for one in principal.get("headers") or []]
    parts += ["claims or scopes of a JWT"] if principal.get("jwt") else []
    parts += ["places"] if principal.get("clientIPGeoLocations") else []
    parts += [", ".join(operation.get("methods") or [])]
    parts += [str(operation["path"].get("value"))] if operation.get("path") else []
    return f"{str(rule.get('action') or 'Deny').lower()} {' and '.join(part for part in parts if part) or 'all'}"


def _limits(settings: Settings) -> str:
    found: list[str] = []
    for place in ("local", "global"):
        for rule in (settings.get(place) or {}).get("rules") or []:
            limit = rule.get("limit") or {}
            found.append(f"{limit.get('requests')} per {str(limit.get('unit')).lower()}")
    return ", ".join(found)


_WORDS: dict[str, Callable[[Settings], str]] = {
    "JWT": _names("providers"),
    "addresses and rules": _authorization,
    "rate limit": _limits,
    "CORS": lambda settings: ", ".join(map(str, settings.get("allowOrigins") or ["*"])),
    "OIDC": lambda settings: str((settings.get("provider") or {}).get("issuer") or ""),
    "client certificate": lambda settings: "optional" if settings.get("optional") else "",
}


# Comparisons. Each returns whether the second settings may let in more than the first ones.


def _differs_beside(old: Settings, new: Settings, *fields: str) -> bool:
    """Whether other fields than these differ."""
    names = (set(old) | set(new)) - set(fields)
    return any(old.get(name) != new.get(name) for name in names)


def _accepts_more(old: Settings, new: Settings, field: str, *, empty_is_all: bool) -> bool:
    """Whether a list of accepted values is longer: it has another value, or none where that means all."""
    before, after = [canonical(one) for one in old.get(field) or []], [canonical(one) for one in new.get(field) or []]
    if empty_is_all and (not before or not after):
        return bool(before)
    return not set(after) <= set(before)


def _turned_on(old: Settings, new: Settings, *fields: str) -> bool:
    return any(bool(new.get(field)) and not old.get(field) for field in fields)


def _jwt(old: Settings, new: Settings) -> bool:
    if _turned_on(old, new, "optional", "failOpen") or _differs_beside(old, new, "optional", "failOpen", "providers"):
        return True
    known = {one.get("name"): one for one in old.get("providers") or []}
    for provider in new.get("providers") or []:
        earlier = known.get(provider.get("name"))
        if earlier is None or _differs_beside(earlier, provider, "audiences", "issuer"):
            return True
        if _accepts_more(earlier, provider, "audiences", empty_is_all=True):
            return True
        if earlier.get("issuer") not in (None, "", provider.get("issuer")):
            return True
    return not new.get("providers")


def _list_guard(*lists: str, flags: Sequence[str] = ()) -> Callable[[Settings, Settings], bool]:
    """A guard that accepts whatever its lists name, and more with its flags."""

    def looser(old: Settings, new: Settings) -> bool:
        if _differs_beside(old, new, *lists, *flags) or _turned_on(old, new, *flags):
            return True
        return any(_accepts_more(old, new, field, empty_is_all=False) for field in lists)

    return looser


def _client_certificate(old: Settings, new: Settings) -> bool:
    pinned = ("spkiHashes", "certificateHashes", "subjectAltNames")
    if _turned_on(old, new, "optional") or _differs_beside(old, new, "optional", "caCertificateRefs", "crl", *pinned):
        return True
    if old.get("crl") and old.get("crl") != new.get("crl"):
        return True
    if _accepts_more(old, new, "caCertificateRefs", empty_is_all=True):
        return True
    return any(_accepts_more(old, new, field, empty_is_all=True) for field in pinned)


def _is_wider_rate(old: Settings, new: Settings) -> bool:
    for place in ("local", "global"):
        before, after = old.get(place) or {}, new.get(place) or {}
        if before and _differs_beside(before, after, "rules"):
            return True
        limits = [_rate(rule) for rule in after.get("rules") or []]
        for rule in before.get("rules") or []:
            who, rate = _rate(rule)
            if not any(whom == who and other <= rate for whom, other in limits):
                return True
    return bool(old.get("type")) and old.get("type") != new.get("type")


def _rate(rule: Settings) -> tuple[str, float]:
    """The requests that a rule is for, and how many of them it lets in per second."""
    limit = rule.get("limit") or {}
    who = canonical({name: value for name, value in rule.items() if name != "limit"})
    return who, float(limit.get("requests") or 0) / _UNITS.get(str(limit.get("unit")), 1)


def _authorizes_more(old: Settings, new: Settings) -> bool:
    """Whether rules may allow more. Exact when all rules allow and the default denies; else any change counts, apart
    from rules in front that only deny."""
    old_rules, new_rules = list(old.get("rules") or []), list(new.get("rules") or [])
    while new_rules and new_rules[0].get("action") == "Deny" and new_rules[0] not in old_rules:
        new_rules.pop(0)
    if new_rules == old_rules:
        return _default(old) == "Deny" and _default(new) == "Allow"
    only_allow = all(rule.get("action") == "Allow" for rule in (*old_rules, *new_rules))
    if not only_allow or _default(new) != "Deny":
        return True
    if _default(old) == "Allow":
        return False
    return not all(any(_covers(earlier, rule) for earlier in old_rules) for rule in new_rules)


def _default(settings: Settings) -> str:
    return settings.get("defaultAction") or "Deny"


def _covers(wide: Settings, narrow: Settings) -> bool:
    """Whether one rule that allows accepts everything that another one accepts."""
    principal, inner = wide.get("principal") or {}, narrow.get("principal") or {}
    if _differs_beside(wide, narrow, "name", "principal", "operation"):
        return False
    if _differs_beside(principal, inner, "clientCIDRs"):
        # A condition more is stricter, a condition less or another one may not be.
        kept = {name: inner.get(name) for name in principal if name != "clientCIDRs"}
        if kept != {name: value for name, value in principal.items() if name != "clientCIDRs"}:
            return False
    operation, inner_operation = wide.get("operation") or {}, narrow.get("operation") or {}
    if operation and _differs_beside(operation, inner_operation, "methods"):
        return False
    methods = operation.get("methods")
    if methods and not (inner_operation.get("methods") and set(inner_operation["methods"]) <= set(methods)):
        return False
    cidrs = principal.get("clientCIDRs")
    return not cidrs or (bool(inner.get("clientCIDRs")) and all(_is_within(one, cidrs) for one in inner["clientCIDRs"]))


def _is_within(cidr: str, wider: Sequence[str]) -> bool:
    try:
        network = ip_network(cidr, strict=False)
        others = [ip_network(other, strict=False) for other in wider]
    except ValueError:
        return cidr in wider
    return any(network.version == one.version and network.subnet_of(one) for one in others)  # pyright: ignore[reportArgumentType]


_LOOSER: dict[str, Callable[[Settings, Settings], bool]] = {
    "client certificate": _client_certificate,
    "JWT": _jwt,
    "API key": _list_guard("credentialRefs", "extractFrom"),
    "addresses and rules": _authorizes_more,
    "rate limit": _is_wider_rate,
    "CORS": _list_guard("allowOrigins", "allowMethods", "allowHeaders", "exposeHeaders", flags=("allowCredentials",)),
    "CSRF": _list_guard("additionalOrigins"),
}
"""Guards whose settings are compared. For the others every change may let more in."""
