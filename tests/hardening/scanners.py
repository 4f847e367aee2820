"""Four scanners of Kubernetes objects, as functions from objects to findings. None of them asks the network."""

import json
import re
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from local.toolchain import Tools
from local.toolchain.pins import KUBERNETES
from tests.hardening.findings import Finding

Objects = Sequence[Mapping[str, Any]]
_ALL_OK = 10
_MINOR = KUBERNETES.rpartition(".")[0]
_INVALID = re.compile(r"ERROR (?P<file>.+\.json) did not validate for resource \S+ against version [\d.]+: (?P<why>.*)")
_NO_SCHEMA = re.compile(r"WARN (?P<file>.+\.json) (?P<why>Couldn't find schema .*)")


@dataclass(frozen=True, kw_only=True)
class Scanners:
    tools: Tools
    python: Path
    """The directory of the commands that PyPI brings."""

    def kube_score(self, objects: Objects) -> list[Finding]:
        """https://github.com/zegl/kube-score/blob/master/README_CHECKS.md: warnings count as much as criticals."""
        command = [self.tools.program("kube-score"), "score", "--output-format", "json"]
        said = _scan([*command, "--kubernetes-version", f"v{_MINOR}"], objects)
        return [
            Finding(
                scanner="kube-score",
                check=scored["check"]["id"],
                target=target(scored_object["type_meta"] | {"metadata": scored_object["object_meta"]}),
                detail="; ".join(
                    f"{comment['path']} {comment['summary']}".strip() for comment in scored["comments"] or []
                ),
            )
            for scored_object in json.loads(said)
            for scored in scored_object["checks"]
            if not scored["skipped"] and scored["grade"] < _ALL_OK
        ]

    def checkov(self, objects: Objects) -> list[Finding]:
        """https://www.checkov.io/5.Policy%20Index/kubernetes.html"""
        options = ["--framework", "kubernetes", "--skip-download", "--quiet", "--compact", "--output", "json"]
        report = json.loads(_scan([self.python / "checkov", *options, "--file"], objects))
        assert report["summary"]["parsing_errors"] == 0
        return [
            Finding(
                scanner="checkov",
                check=failed["check_id"],
                target=failed["file_path"].removeprefix("/").removesuffix(".json"),
                detail=failed["check_name"],
            )
            for failed in report["results"]["failed_checks"]
        ]

    def kubernetes_validate(self, objects: Objects) -> list[Finding]:
        """The schemas of Kubernetes' own kinds, with unknown fields refused.

        Other kinds are left out when `objects` has their CRD: the program itself checks these, by more than a schema.
        """
        defined = {
            (crd["spec"]["group"], crd["spec"]["names"]["kind"])
            for crd in objects
            if crd["kind"] == "CustomResourceDefinition"
        }
        built_in = [obj for obj in objects if (obj["apiVersion"].rpartition("/")[0], obj["kind"]) not in defined]
        command = [self.python / "kubernetes-validate", "--kubernetes-version", _MINOR, "--strict", "--quiet"]
        lines = _scan(command, built_in).splitlines()
        found = [_INVALID.fullmatch(line) or _NO_SCHEMA.fullmatch(line) for line in lines]
        assert None not in found, lines
        return [
            Finding(
                scanner="kubernetes-validate",
                check="schema" if match.re is _INVALID else "no-schema",
                target=match["file"].removesuffix(".json"),
                detail=match["why"],
            )
            for match in found
            if match
        ]

    def pod_security(self, objects: Objects) -> list[Finding]:
        """https://kubernetes.io/docs/concepts/security/pod-security-standards/#restricted"""
        command = [self.tools.program("pod-security")]
        done = subprocess.run(command, input=json.dumps(objects), check=True, capture_output=True, text=True)
        return [
            Finding(
                scanner="pod-security",
                check=violation["check"],
                target=target({"kind": violation["kind"], "metadata": violation}),
                detail=violation["detail"],
            )
            for violation in json.loads(done.stdout)
        ]


def target(manifest: Mapping[str, Any]) -> str:
    """The object as findings name it."""
    metadata = manifest["metadata"]
    return "/".join(filter(None, (manifest["kind"], metadata.get("namespace"), metadata["name"])))


def _scan(command: Sequence[str | Path], objects: Objects) -> str:
    """Run `command` on one file per object, whose path is the object's target, and return its output.

    The exit code 1 only means that it found something.
    """
    with tempfile.TemporaryDirectory() as scratch:
        names = [f"{target(obj)}.json" for obj in objects]
        for name, obj in zip(names, objects, strict=True):
            file = Path(scratch) / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(json.dumps(obj))
        done = subprocess.run([*command, *names], cwd=scratch, capture_output=True, text=True, check=False)
    assert done.returncode in (0, 1), done.stderr
    return done.stdout
