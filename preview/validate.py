"""Validate: everything that the API server and Envoy Gateway would refuse among the declared objects."""

from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType

from checks import rules
from checks.rules.controller_config import wrong_config
from checks.rules.image_digests import without_digest
from checks.schema import Crds, builtin, validate
from diagnostics import Path, Problem, problem
from diagnostics.render import Located, config_key
from diagnostics.source import trace
from kube.manifest import Manifest
from kube.unknown import UNKNOWN
from preview.claims import replaced_claims
from preview.recorder import Declaration
from releases import release_of


def problems(
    declarations: Sequence[Declaration],
    *,
    project: str,
    crds: Sequence[Manifest],
    version: str,
    require_digests: bool,
    deployed_claims: Mapping[str, Manifest] = MappingProxyType({}),
) -> list[Located]:
    """Every problem of the declared objects, located where the user can change it.

    `crds` are the CustomResourceDefinitions that the objects meet, `version` is Envoy Gateway's. `deployed_claims` are
    the volume claims of the last update, by the names of their resources.
    """
    found = [*_problems(declarations, crds, version), *_declared_twice(declarations, project)]
    found += replaced_claims(declarations, deployed_claims)
    if require_digests:
        found += [
            (declaration, image) for declaration in declarations for image in without_digest(declaration.manifest)
        ]
    return [_located(declaration, issue, project) for declaration, issue in found]


def _problems(
    declarations: Sequence[Declaration], crds: Sequence[Manifest], version: str
) -> Iterator[tuple[Declaration, Problem]]:
    kinds, release = Crds({**builtin.kinds(), **Crds.of(crds).kinds}), release_of(version)
    by_manifest: dict[int, Declaration] = {}
    manifests: list[Manifest] = []
    for declaration in declarations:
        manifest = declaration.manifest
        own = [*validate(manifest, kinds), *wrong_config(manifest, kinds, release)]
        yield from ((declaration, found) for found in own)
        # Other objects may refer to an invalid object, but its own content cannot be relied on.
        manifests.append({**manifest, "spec": UNKNOWN} if own else manifest)
        by_manifest[id(manifests[-1])] = declaration
    for manifest, found in rules.problems(manifests, version=version):
        yield by_manifest[id(manifest)], found


def _declared_twice(declarations: Sequence[Declaration], project: str) -> Iterator[tuple[Declaration, Problem]]:
    seen: dict[tuple[object, ...], Declaration] = {}
    for declaration in declarations:
        manifest = declaration.manifest
        metadata = manifest.get("metadata", {})
        group = str(manifest.get("apiVersion")).rpartition("/")[0]
        name = group, manifest.get("kind"), metadata.get("namespace"), metadata.get("name")
        if UNKNOWN in name:
            continue
        first = seen.setdefault(name, declaration)
        if first is not declaration:
            other = _place(first, project)
            yield declaration, problem("declared-twice", ("metadata", "name"), metadata.get("name"), other=other)


def _place(declaration: Declaration, project: str) -> str:
    source, _ = trace(declaration.marked, ("metadata", "name"))
    path = source.path if source else declaration.source
    return config_key(project, path) if path else declaration.line


def _located(declaration: Declaration, found: Problem, project: str) -> Located:
    """The problem at the nearest key of the config; at the object itself when no key says this part of it."""
    source, rest = trace(declaration.marked, found.path)
    if source is not None:
        path: Path = source.path if source.derived else (*source.path, *rest)
        return Located(place=config_key(project, path), problem=found, value=None if source.derived else found.value)
    place = config_key(project, declaration.source) if declaration.source else declaration.line
    manifest = declaration.manifest
    subject = f"{manifest.get('kind')} {manifest.get('metadata', {}).get('name')}"
    return Located(place=f"{place}: {subject}: {found.field}", problem=found, value=found.value)
