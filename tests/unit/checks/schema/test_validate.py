"""Validation of one object, beyond the table of verdicts: kinds, suggestions, and values known only after `up`."""

import subprocess
import sys
from typing import Any

import pytest

from checks.schema import Crds, builtin, validate
from diagnostics import Problem
from gatewayapi.kinds import GATEWAY_API
from kube import unknown
from kube.manifest import Manifest
from tests.cases.builders import gateway, listener, manifest, path, route, rule

UNKNOWN: Any = unknown.UNKNOWN


def fields(wrong: Manifest, crds: Crds) -> list[str]:
    return [problem.field for problem in validate(wrong, crds)]


def only_problem(wrong: Manifest, crds: Crds) -> Problem:
    (problem,) = validate(wrong, crds)
    return problem


# Kinds


def test_a_version_that_the_release_does_not_serve_is_refused(crds: Crds) -> None:
    problem = only_problem(gateway() | {"apiVersion": f"{GATEWAY_API}/v1alpha2"}, crds)
    assert (problem.field, problem.code) == ("apiVersion", "version-not-served")
    assert problem.value == f"{GATEWAY_API}/v1alpha2"
    assert problem.words == {
        "kind": "Gateway",
        "versions": f"{GATEWAY_API}/v1 and {GATEWAY_API}/v1beta1",
        "newest": f"{GATEWAY_API}/v1",
    }


def test_a_version_of_a_builtin_kind_that_is_no_longer_served_is_refused() -> None:
    budget = {"apiVersion": "policy/v1beta1", "kind": "PodDisruptionBudget"}
    problem = only_problem(budget, Crds(builtin.kinds()))
    assert (problem.field, problem.code, problem.words["newest"]) == ("apiVersion", "version-not-served", "policy/v1")


def test_a_misspelt_kind_is_refused(crds: Crds) -> None:
    problem = only_problem(route() | {"kind": "HttpRoute"}, crds)
    assert (problem.field, problem.code, problem.fix) == ("kind", "kind-unknown", "did you mean HTTPRoute?")


def test_a_kind_of_a_group_that_the_release_does_not_have_is_not_checked(crds: Crds) -> None:
    assert validate(manifest("Service", "web", spec={"prots": []}), crds) == ()
    assert validate({"apiVersion": "cert-manager.io/v1", "kind": "Issuer"}, crds) == ()


# Problems


def test_annotations_may_have_256_kib(crds: Crds) -> None:
    annotated = gateway()
    annotated["metadata"]["annotations"] = {"a": "é" * (128 * 1024 - 1)}
    assert validate(annotated, crds) == ()
    annotated["metadata"]["annotations"] |= {"b": "c"}
    problem = only_problem(annotated, crds)
    assert (problem.field, problem.code) == ("metadata.annotations", "annotations-too-large")


def test_all_problems_of_an_object_are_found_at_once(crds: Crds) -> None:
    wrong = gateway(listener(port=0, tls={"certificateRefs": [{"name": "cert"}]}, hostName="a.example.com"))
    wrong["metadata"]["labels"] = {"team": "a b"}
    assert [(problem.field, problem.code) for problem in validate(wrong, crds)] == [
        ("metadata.labels.team", "label-value-invalid"),
        ("spec.listeners", "cel-rule"),
        ("spec.listeners[0].hostName", "field-unknown"),
        ("spec.listeners[0].port", "field-minimum"),
    ]


def test_a_cel_rule_is_not_evaluated_over_a_value_of_the_wrong_type(crds: Crds) -> None:
    twice = [{"name": "gateway", "port": "80"}] * 2
    assert fields(route(*[rule(name="a")] * 2, parents=twice), crds) == [
        "spec.parentRefs[0].port",
        "spec.parentRefs[1].port",
        "spec.rules",
    ]


@pytest.mark.parametrize(("hostname", "code"), [(1, "field-type"), ("", "field-empty")])
def test_a_value_of_the_wrong_type_and_an_empty_value_are_one_problem(hostname: object, code: str, crds: Crds) -> None:
    problem = only_problem(route(hostnames=[hostname]), crds)
    assert (problem.field, problem.code) == ("spec.hostnames[0]", code)


@pytest.mark.parametrize(
    ("wrong", "place", "code", "fix"),
    [
        ({"port": "80"}, "port", "field-type", "write 80 without quotes"),
        ({"name": 80}, "name", "field-type", 'write "80", in quotes'),
        ({"hostNames": ["a.example.com"]}, "hostNames", "field-unknown", "did you mean hostname?"),
        ({"x": 1}, "x", "field-unknown", "known: allowedRoutes, hostname, name, port, protocol, tls"),
        ({"tls": {"mode": "passthrough"}}, "tls.mode", "field-enum", "did you mean Passthrough?"),
        ({"port": None}, "port", "field-required", "add it"),
        ({"port": 0}, "port", "field-minimum", ""),
    ],
    ids=lambda value: str(value) if isinstance(value, dict) else "",
)
def test_a_problem_has_a_fix_where_one_is_known(wrong: Manifest, place: str, code: str, fix: str, crds: Crds) -> None:
    found = validate(gateway(listener() | wrong), crds)
    assert (f"spec.listeners[0].{place}", code, fix) in [
        (problem.field, problem.code, problem.fix) for problem in found
    ]


# Values known only after `up`


def test_an_unknown_value_has_every_type(crds: Crds) -> None:
    made = gateway(listener(UNKNOWN, UNKNOWN, hostname=UNKNOWN))
    made["metadata"] |= {"namespace": UNKNOWN, "labels": UNKNOWN}
    assert validate(made, crds) == ()
    assert validate(gateway() | {"spec": UNKNOWN}, crds) == ()
    assert validate(gateway() | {"metadata": UNKNOWN}, crds) == ()


def test_the_values_beside_an_unknown_one_are_checked(crds: Crds) -> None:
    assert fields(gateway(listener(UNKNOWN, 0)), crds) == ["spec.listeners[0].port"]


def test_a_cel_rule_is_not_evaluated_over_an_unknown_value(crds: Crds) -> None:
    twice = [{"name": "gateway", "sectionName": "http"}] * 2
    assert fields(route(parents=twice), crds) == ["spec.parentRefs"]
    uncertain = [parent | {"sectionName": UNKNOWN} for parent in twice]
    relative = rule(matches=[path("chat")])
    assert fields(route(relative, parents=uncertain), crds) == ["spec.rules[0].matches[0].path"]


def test_items_with_unknown_keys_are_not_taken_for_repetitions(crds: Crds) -> None:
    headers = [{"name": UNKNOWN, "value": "a"}, {"name": UNKNOWN, "value": "b"}]
    modified = rule(filters=[{"type": "RequestHeaderModifier", "requestHeaderModifier": {"set": headers}}])
    assert validate(route(modified), crds) == ()


def test_an_unknown_value_may_be_an_address(crds: Crds) -> None:
    assert validate(gateway(addresses=[{"type": "IPAddress", "value": UNKNOWN}]), crds) == ()


def test_the_package_needs_neither_pulumi_nor_the_local_cluster() -> None:
    program = """
import sys, checks.rules, checks.schema
print(*(name for name in ("pulumi", "local", "components") if name in sys.modules))
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""
