"""Public scanners find no weakness in the stack's objects, apart from exemptions with a reason.

For every scanner, a rule that is broken on purpose is found.
"""

import copy
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from typing import Any

import pytest

from tests.hardening.exemptions import EXEMPTIONS
from tests.hardening.findings import Exemption, Finding, stale, unexempted
from tests.hardening.scanners import Scanners, target

CONTAINER = ("spec", "template", "spec", "containers", 0)
SCANNERS: dict[str, Callable[[Scanners, list[dict[str, Any]]], list[Finding]]] = {
    "kube-score": Scanners.kube_score,
    "checkov": Scanners.checkov,
    "kubernetes-validate": Scanners.kubernetes_validate,
    "pod-security": Scanners.pod_security,
}


@pytest.fixture(scope="module")
def findings(scanners: Scanners, objects: list[dict[str, Any]]) -> Callable[[str], list[Finding]]:
    """Findings of one scanner in all objects of the stack."""
    return cache(lambda scanner: SCANNERS[scanner](scanners, objects))


def exemptions(scanner: str) -> list[Exemption]:
    return [exemption for exemption in EXEMPTIONS if exemption.scanner == scanner]


@pytest.mark.parametrize("scanner", SCANNERS)
def test_every_finding_has_an_exemption_with_its_reason(scanner: str, findings: Callable[[str], list[Finding]]) -> None:
    weaknesses = unexempted(findings(scanner), exemptions(scanner))
    assert not weaknesses, "\n".join(map(str, weaknesses))


@pytest.mark.parametrize("scanner", SCANNERS)
def test_every_exemption_still_exempts_something(scanner: str, findings: Callable[[str], list[Finding]]) -> None:
    unused = stale(findings(scanner), exemptions(scanner))
    assert not unused, "\n".join(map(str, unused))


def test_every_exemption_is_of_a_scanner_that_runs_and_gives_a_reason() -> None:
    assert {exemption.scanner for exemption in EXEMPTIONS} <= SCANNERS.keys()
    assert [exemption for exemption in EXEMPTIONS if not exemption.reason.strip()] == []


BROKEN: dict[str, tuple[str, tuple[str | int, ...], Any]] = {
    "kube-score": ("container-security-context-readonlyrootfilesystem", (*CONTAINER, "securityContext"), {}),
    "checkov": ("CKV_K8S_16", (*CONTAINER, "securityContext", "privileged"), True),
    "kubernetes-validate": ("schema", ("spec", "template", "spec", "hostNetwrk"), True),
    "pod-security": ("host namespaces", ("spec", "template", "spec", "hostNetwork"), True),
}


@pytest.mark.parametrize("scanner", SCANNERS)
def test_a_rule_that_is_broken_is_found(scanner: str, scanners: Scanners, objects: list[dict[str, Any]]) -> None:
    check, path, value = BROKEN[scanner]
    (deployment,) = [
        copy.deepcopy(obj) for obj in objects if target(obj) == "Deployment/synergychat-prod/synergychat-web"
    ]
    part: Any = deployment
    for key in path[:-1]:
        part = part[key]
    part[path[-1]] = value
    found = unexempted(SCANNERS[scanner](scanners, [deployment]), exemptions(scanner))
    assert (check, target(deployment)) in {(finding.check, finding.target) for finding in found}


def test_an_exemption_covers_its_scanner_its_check_and_its_objects_only() -> None:
    finding = Finding(scanner="checkov", check="CKV_1", target="Deployment/synergychat/web", detail="")
    others = [
        replace(finding, scanner="kube-score"),
        replace(finding, check="CKV_11"),
        replace(finding, target="Deployment/other/web"),
    ]
    exemption = Exemption(scanner="checkov", check="CKV_1", targets="Deployment/synergychat/*", reason="a reason")
    assert unexempted([finding, *others], [exemption]) == others


def test_an_exemption_that_exempts_nothing_is_stale() -> None:
    finding = Finding(scanner="checkov", check="CKV_1", target="Deployment/synergychat/web", detail="")
    used = Exemption(scanner="checkov", check="CKV_1", targets="*", reason="a reason")
    unused = replace(used, check="CKV_2")
    assert stale([finding], [used, unused]) == [unused]
