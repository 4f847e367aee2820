"""Files of a render: their names and their text."""

import hashlib
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from kube.manifest import Manifest, ObjectName, name_of, namespace_of
from plans import Plan
from render import argocd, flux, kustomize, readme
from render.clean_objects import RenderError, is_secret, left_out, rendered, secret_keys, without_content
from render.phases import PHASES, File, Format, Placed, place
from render.secrets import Stubs, external, sealed, secrets_page
from render.yaml_text import yaml_text

SECRETS_PAGE = "SECRETS.md"
_LONGEST = 200
_NOT_IN_NAMES = re.compile(r"[^a-z0-9.-]+")


@dataclass(frozen=True, kw_only=True)
class Options:
    format: Format = "plain"
    secrets: Stubs = "none"
    repo: str = "https://git.example.com/team/deploy.git"
    """URL of the Git repository that Argo CD or Flux reads the files from."""
    path: str = ""
    """Directory of the files in that repository; empty for the stack's name."""


def render(
    plan: Plan, options: Options, sealed_values: Mapping[str, Mapping[str, str]] | None = None
) -> dict[str, str]:
    """The text of all files by path, for one plan and options always the same.

    `sealed_values` has the values that are sealed already, by `NAMESPACE/NAME` of their SealedSecrets. Raises
    RenderError when a field needs a value that is secret, or known only after `up`.
    """
    placed = place(plan.objects)
    files = _files(placed, plan.stack, options, sealed_values or {})
    phases = [phase for phase in PHASES if any(file.phase == phase for file in files)]
    secrets = [each.planned.manifest for each in placed if is_secret(each.planned.manifest)]
    result = {file.path: yaml_text(file.manifest) for file in files}
    for phase in phases:
        result[f"{phase}/README.md"] = readme.folder(phase, [file for file in files if file.phase == phase])
    result["README.md"] = readme.top(plan.stack, phases, files, options.format, has_secrets=bool(secrets))
    if secrets:
        result[SECRETS_PAGE] = secrets_page(secrets, plan.stack, options.secrets, _without_digest(placed))
    return dict(sorted({**result, **_of_format(files, phases, plan.stack, options)}.items()))


def _files(
    placed: Sequence[Placed], stack: str, options: Options, sealed_values: Mapping[str, Mapping[str, str]]
) -> list[File]:
    waves = argocd.waves(placed)
    kept: list[tuple[Placed, Manifest]] = []
    mistakes: list[str] = []
    for each in placed:
        try:
            manifest = _manifest(each.planned.manifest, stack, options, sealed_values)
        except RenderError as error:
            mistakes.append(str(error))
            continue
        if manifest is None:
            continue
        if options.format == "argocd":
            manifest = argocd.annotated(manifest, each, waves[each.planned.urn])
        elif options.format == "flux":
            manifest = flux.annotated(manifest, each)
        kept.append((each, manifest))
    if mistakes:
        raise RenderError("\n".join(mistakes))
    return [
        File(path=path, placed=each, manifest=manifest)
        for path, (each, manifest) in zip(_paths(kept), kept, strict=True)
    ]


def _manifest(
    planned: Manifest, stack: str, options: Options, sealed_values: Mapping[str, Mapping[str, str]]
) -> Manifest | None:
    """The object that stands for `planned`; None for a Secret that somebody else creates."""
    if not is_secret(planned):
        return rendered(planned)
    secret, keys = rendered(without_content(planned)), secret_keys(planned)
    match options.secrets:
        case "external":
            return external(secret, keys, stack)
        case "sealed":
            name = f"{namespace_of(secret)}/{name_of(secret)}"
            return sealed(secret, keys, sealed_values.get(name, {}))
        case "none":
            return None


def _paths(kept: Sequence[tuple[Placed, Manifest]]) -> list[str]:
    """A path for each object: folder, rank, kind and name, and the namespace where two would have the same path."""
    named = [(each.phase, _named(manifest), _named_with_namespace(manifest), manifest) for each, manifest in kept]
    short = Counter((phase, name) for phase, name, _, _ in named)
    long = Counter((phase, name) for phase, _, name, _ in named)
    paths: list[str] = []
    for (each, _), (phase, name, longer, manifest) in zip(kept, named, strict=True):
        chosen = name if short[phase, name] == 1 else longer
        if len(chosen) > _LONGEST or (chosen == longer and long[phase, longer] > 1):
            digest = hashlib.sha256(ObjectName.declared(manifest).path.encode()).hexdigest()[:8]
            chosen = f"{chosen[:_LONGEST]}-{digest}"
        paths.append(f"{phase}/{each.rank:02}-{chosen}.yaml")
    return paths


def _named(manifest: Manifest) -> str:
    return _NOT_IN_NAMES.sub("-", f"{manifest['kind']}-{name_of(manifest)}".lower())


def _named_with_namespace(manifest: Manifest) -> str:
    namespace = namespace_of(manifest)
    return _NOT_IN_NAMES.sub("-", f"{manifest['kind']}-{namespace}-{name_of(manifest)}".lower())


def _without_digest(placed: Sequence[Placed]) -> list[str]:
    """Names of the objects whose pods would have got a digest of their Secrets."""
    return [
        str(ObjectName.declared(each.planned.manifest))
        for each in placed
        if not is_secret(each.planned.manifest) and left_out(each.planned.manifest)
    ]


def _of_format(files: Sequence[File], phases: Sequence[str], stack: str, options: Options) -> dict[str, str]:
    """The files that only this format has."""
    name = re.sub("[^a-z0-9]+", "-", f"synergychat-{stack}".lower()).strip("-")
    path = options.path.removeprefix("./").strip("/") or stack
    match options.format:
        case "kustomize":
            folders = {
                f"{phase}/{kustomize.FILE}": [PurePosixPath(file.path).name for file in files if file.phase == phase]
                for phase in phases
            }
            every = {kustomize.FILE: phases, **folders}
            return {file: yaml_text(kustomize.kustomization(resources)) for file, resources in every.items()}
        case "argocd":
            manifests = [file.manifest for file in files]
            return {
                argocd.FILE: yaml_text(argocd.application(manifests, name=name, repo=options.repo, path=path)),
            }
        case "flux":
            objects = flux.source_and_kustomizations(files, phases, name=name, repo=options.repo, path=path)
            return {flux.FILE: yaml_text(*objects)}
        case "plain":
            return {}
