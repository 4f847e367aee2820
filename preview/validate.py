"""Validate: everything that the API server and Envoy Gateway would refuse among the declared objects."""

from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType

from checks import rules
from checks.rules.controller_config import wrong_config
from checks.rules.image_digests import without_digest
from checks.schema import builtin, validate
from diagnostics import Path, Problem, problem
from diagnostics.render import Located, config_key
from diagnostics.source import trace
from judge import Judge
from kube.manifest import Manifest
from kube.unknown import UNKNOWN
from preview.claims import replaced_claims
from preview.recorder import Declaration
from releases import release_of

_NAME = ("metadata", "name")


def problems(
    declarations: Sequence[Declaration],
    *,
    project: str,
    crds: Sequence[Manifest],
    version: str,
    require_digests: bool,
    deployed_claims: Mapping[str, Manifest] = MappingProxyType({}),
    judge: Judge | None = None,
) -> list[Located]:
    """Every problem of the declared objects, located where the user can change it.

    `crds` are the CustomResourceDefinitions that the objects meet, `version` is Envoy Gateway's. `deployed_claims` are
    the volume claims of the last update, by the names of their resources. `judge` is asked about objects in which the
    program finds nothing wrong.
    """
    found = [*_problems(declarations, crds, version, judge), *_declared_twice(declarations, project)]
    found += replaced_claims(declarations, deployed_claims)
    if require_digests:
        found += [
            (declaration, image) for declaration in declarations for image in without_digest(declaration.manifest)
        ]
    return [_located(declaration, issue, project) for declaration, issue in found]


def _problems(
    declarations: Sequence[Declaration], crds: Sequence[Manifest], version: str, judge: Judge | None
) -> Iterator[tuple[Declaration, Problem]]:
    kinds, release = builtin.with_crds(crds), release_of(version)
    by_manifest: dict[int, Declaration] = {}
    manifests: list[Manifest] = []
    is_valid = True
    for declaration in declarations:
        manifest = declaration.manifest
        own = [*validate(manifest, kinds), *wrong_config(manifest, kinds, release)]
        yield from ((declaration, found) for found in own)
        is_valid = is_valid and not own
        # Other objects may refer to an invalid object, but its own content cannot be relied on.
        manifests.append({**manifest, "spec": UNKNOWN} if own else {**manifest, **declaration.secrets})
        by_manifest[id(manifests[-1])] = declaration
    trial = judge.start(manifests, kinds, version) if judge and is_valid else None
    broken = list(rules.problems(manifests, version=version))
    for manifest, found in broken or (trial.verdicts() if trial else ()):
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
            path, _ = _key(first, _NAME)
            other = config_key(project, path) if path is not None else _declared_at(first, project)
            yield declaration, problem("declared-twice", _NAME, metadata.get("name"), other=other)


def _located(declaration: Declaration, found: Problem, project: str) -> Located:
    """The problem at the nearest key of the config; at the object itself when no key says this part of it."""
    path, is_typed = _key(declaration, found.path)
    if path is not None:
        return Located(place=config_key(project, path), problem=found, value=found.value if is_typed else None)
    manifest = declaration.manifest
    subject = f"{manifest.get('kind')} {manifest.get('metadata', {}).get('name')}"
    place = f"{_declared_at(declaration, project)}: {subject}: {found.field}"
    return Located(place=place, problem=found, value=found.value)


def _key(declaration: Declaration, path: Path) -> tuple[Path | None, bool]:
    """The key of the config for a field of the object, and whether the user typed the field's value there."""
    source, rest = trace(declaration.marked, path)
    if source is None:
        return None, False
    return (source.path, False) if source.derived else ((*source.path, *rest), True)


def _declared_at(declaration: Declaration, project: str) -> str:
    return config_key(project, declaration.source) if declaration.source else declaration.line
