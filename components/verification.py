"""Verification: what the API server and Envoy Gateway would refuse, told before anything is sent to them."""

from collections.abc import Iterator, Sequence

import pulumi

from checks import UNKNOWN, Crds, Mistake, check, configuration, graph
from checks.graph.releases import release_of
from components.declared import Declaration, Declared
from components.gateway_api import Wire
from components.manifests import Manifest, Object
from stop import stop


def verify(declared: Declared, manifest: Manifest, further: Sequence[Object] = ()) -> None:
    """Ends the program when what it declares has mistakes, with all of them, where each stands and what would cure it.

    The CRDs of the release and those in `further` say what may stand in an object.

    To be called last: the engine hears of nothing before the program has run to its end.
    """
    lines = sorted({_line(declaration, mistake) for declaration, mistake in _mistakes(declared, manifest, further)})
    if lines:
        count = "One mistake" if len(lines) == 1 else f"{len(lines)} mistakes"
        listed = "\n".join(f"  {line}" for line in lines)
        stop(f"{count} in what stack {pulumi.get_stack()} declares:\n{listed}\nNothing was changed.")


def _mistakes(
    declared: Declared, manifest: Manifest, further: Sequence[Object]
) -> Iterator[tuple[Declaration, Mistake]]:
    """Those of each object by itself, and those in what they have to do with each other."""
    crds, release = Crds.of([*manifest.crds, *further]), release_of(manifest.version)
    together: dict[int, tuple[Declaration, Wire]] = {}
    for each in declared.objects:
        own = [*check(each.wire, crds), *configuration.mistakes(each.wire, crds, release)]
        yield from ((each, mistake) for mistake in own)
        # It is there for others to refer to; what it says itself is not sound enough to go by.
        wire = {**each.wire, "spec": UNKNOWN} if own else each.wire
        together[id(wire)] = each, wire
    yield from _repeated(declared)
    for wire, mistake in graph.mistakes([wire for _, wire in together.values()], version=manifest.version):
        yield together[id(wire)][0], mistake


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
    wire = declaration.wire
    roots = [root for root in declaration.roots if mistake.path[: len(root)] == root]
    if roots:
        root = max(roots, key=len)
        rest = Mistake(path=mistake.path[len(root) :], value=mistake.value, rule=mistake.rule, cure=mistake.cure)
        key = declaration.roots[root]
        place = f"{declaration.place}.{key}" if key else declaration.place
        return f"{place}{'' if not rest.path or isinstance(rest.path[0], int) else '.'}{rest}"
    return f"{declaration.place}: {wire.get('kind')} {wire.get('metadata', {}).get('name')}: {mistake}"
