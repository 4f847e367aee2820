"""Volume claims that a changed config would replace: a new claim is empty."""

from collections.abc import Iterator, Mapping, Sequence

from diagnostics import Path, Problem, problem
from kube.manifest import Manifest
from kube.read import read
from preview.recorder import Declaration

_FIXED: tuple[tuple[Path, str], ...] = (
    (("metadata", "namespace"), "claim-other-namespace"),
    (("spec", "storageClassName"), "claim-other-storage-class"),
)
"""Fields that cannot change while a claim exists, with the code of the problem."""


def is_claim(declaration: Declaration) -> bool:
    """Whether the declared object is a volume claim."""
    return (declaration.manifest.get("apiVersion"), declaration.manifest.get("kind")) == ("v1", "PersistentVolumeClaim")


def replaced_claims(
    declarations: Sequence[Declaration], deployed: Mapping[str, Manifest]
) -> Iterator[tuple[Declaration, Problem]]:
    """Fields of declared claims that differ from those of the `deployed` claims with the same resource names."""
    for declaration in filter(is_claim, declarations):
        earlier = deployed.get(declaration.name)
        for path, code in _FIXED if earlier is not None else ():
            old, new = read(earlier, *path), read(declaration.manifest, *path)
            if old != new:
                claim = read(earlier, "metadata", "name")
                yield declaration, problem(code, path, new, old=old or "the default class", claim=claim)
