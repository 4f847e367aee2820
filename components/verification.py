"""Verification: what the API server and Envoy Gateway would refuse, told before anything is sent to them."""

from collections.abc import Iterator

import pulumi

from checks import Crds, Mistake, check
from components.declared import Declaration, Declared
from components.manifests import Manifest
from stop import stop


def verify(declared: Declared, manifest: Manifest) -> None:
    """Ends the program when what it declares has mistakes, with all of them, where each stands and what would cure it.

    To be called last: the engine hears of nothing before the program has run to its end.
    """
    crds = Crds.of(manifest.crds)
    lines = sorted({line for each in declared.objects for line in _mistakes(each, crds)})
    if lines:
        count = "One mistake" if len(lines) == 1 else f"{len(lines)} mistakes"
        listed = "\n".join(f"  {line}" for line in lines)
        stop(f"{count} in what stack {pulumi.get_stack()} declares:\n{listed}\nNothing was changed.")


def _mistakes(declaration: Declaration, crds: Crds) -> Iterator[str]:
    return (_line(declaration, mistake) for mistake in check(declaration.wire, crds))


def _line(declaration: Declaration, mistake: Mistake) -> str:
    wire, root = declaration.wire, declaration.root
    if mistake.path[: len(root)] == root:
        rest = Mistake(path=mistake.path[len(root) :], value=mistake.value, rule=mistake.rule, cure=mistake.cure)
        return f"{declaration.place}.{rest}"
    return f"{declaration.place}: {wire.get('kind')} {wire.get('metadata', {}).get('name')}: {mistake}"
