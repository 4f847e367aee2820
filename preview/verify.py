"""Verification: what the API server and Envoy Gateway would refuse, told before anything is sent to them."""

from collections.abc import Iterator
from dataclasses import replace

import pulumi

from checks import UNKNOWN, Crds, Mistake, check, rules
from checks.rules import controller_config
from checks.rules.image_digests import by_tag
from checks.rules.releases import release_of
from checks.schema import builtin
from components.gateway.manifests import Wire
from components.platform.platform import Platform
from diagnostics.exit import stop
from preview.recorder import Declaration, Declared, Shortcut


def verify(declared: Declared, platform: Platform, *, require_digests: bool) -> None:
    """Ends the program when what it declares has mistakes, with all of them, where each stands and what would cure it.

    To be called last: the engine hears of nothing before the program has run to its end.
    """
    found = [*_mistakes(declared, platform), *(_by_tag(declared) if require_digests else ())]
    lines = sorted({_line(declaration, mistake) for declaration, mistake in found})
    if lines:
        count = "One mistake" if len(lines) == 1 else f"{len(lines)} mistakes"
        listed = "\n".join(f"  {line}" for line in lines)
        stop(f"{count} in what stack {pulumi.get_stack()} declares:\n{listed}\nNothing was changed.")


def _mistakes(declared: Declared, platform: Platform) -> Iterator[tuple[Declaration, Mistake]]:
    """Those of each object by itself, and those in what they have to do with each other."""
    version = platform.manifest.version
    crds, release = Crds({**builtin.kinds(), **Crds.of(platform.crds).kinds}), release_of(version)
    together: dict[int, tuple[Declaration, Wire]] = {}
    for each in declared.objects:
        own = [*check(each.wire, crds), *controller_config.mistakes(each.wire, crds, release)]
        yield from ((each, mistake) for mistake in own)
        # It is there for others to refer to; what it says itself is not sound enough to go by.
        wire = {**each.wire, "spec": UNKNOWN} if own else each.wire
        together[id(wire)] = each, wire
    yield from _repeated(declared)
    for wire, mistake in rules.mistakes([wire for _, wire in together.values()], version=version):
        yield together[id(wire)][0], mistake


def _by_tag(declared: Declared) -> Iterator[tuple[Declaration, Mistake]]:
    for each in declared.objects:
        yield from ((each, mistake) for mistake in by_tag(each.wire))


def _repeated(declared: Declared) -> Iterator[tuple[Declaration, Mistake]]:
    """Declared twice, an object would be the one's and the other's, and go when either goes."""
    seen: dict[tuple[object, ...], Declaration] = {}
    for each in declared.objects:
        described = each.wire.get("metadata", {})
        group = str(each.wire.get("apiVersion")).rpartition("/")[0]
        named = group, each.wire.get("kind"), described.get("namespace"), described.get("name")
        if named[-1] is UNKNOWN or named[-2] is UNKNOWN:
            continue
        first = seen.setdefault(named, each)
        if first is not each:
            rule = f"is declared twice, also at {first.place}"
            yield each, Mistake(path=("metadata", "name"), value=described.get("name"), rule=rule)


def _line(declaration: Declaration, mistake: Mistake) -> str:
    wire, parts = declaration.wire, declaration.parts
    typed = max((part for part in parts if mistake.path[: len(part)] == part), key=len, default=None)
    if typed is None:
        return f"{declaration.place}: {wire.get('kind')} {wire.get('metadata', {}).get('name')}: {mistake}"
    key = parts[typed]
    place = f"{declaration.place}.{key}" if key else declaration.place
    if isinstance(key, Shortcut):
        return f"{place}{replace(mistake, path=(), value=None)}"
    rest = str(replace(mistake, path=mistake.path[len(typed) :]))
    return f"{place}{rest}" if rest.startswith(("[", " ", ":")) else f"{place}.{rest}"
