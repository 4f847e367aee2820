"""Kinds and fields that came with a later release of Envoy Gateway than the one that the stack installs."""

from collections.abc import Iterator

from diagnostics import Path, Problem, problem
from gatewayapi.kinds import GATEWAY_API
from kube.manifest import Manifest, group_of, kind_of
from kube.read import read, skip_unknown
from releases import Line, Release, lines_after


@skip_unknown
def too_new(manifest: Manifest, release: Release) -> Iterator[Problem]:
    """The object's version, or each field of its spec, that needs a later release."""
    kind, api_version = kind_of(manifest), read(manifest, "apiVersion", default="")
    version = api_version.rpartition("/")[2]
    for line in lines_after(release) if group_of(manifest) == GATEWAY_API else ():
        earlier = line.new_versions.get((kind, version))
        if earlier is None:
            continue
        code = "version-too-new" if earlier else "kind-too-new"
        instead = f"{GATEWAY_API}/{earlier}"
        yield problem(code, ("apiVersion",), api_version, kind=kind, version=version, since=line.name, earlier=instead)
        return
    for field in read(manifest, "spec", default={}):
        for line in lines_after(release):
            if (kind, field) in line.new_fields:
                yield field_too_new(("spec", field), line)


def field_too_new(path: Path, line: Line) -> Problem:
    """The problem that the field at `path` came with `line`."""
    return problem("field-too-new", path, since=line.name)
