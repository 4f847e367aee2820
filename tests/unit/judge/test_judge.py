"""The judge as a program: its answer, and what happens without one."""

import json
import stat
from pathlib import Path
from typing import Any

import pytest

from checks.schema import Crds
from judge import VARIABLE, Judge
from kube.unknown import UNKNOWN
from tests.cases.builders import Manifest, manifest, namespace

_POLICY = manifest("ClientTrafficPolicy", "client", spec={"http2": {}})
_NO_KINDS = Crds({})


def refusal(of: Manifest, message: str, kind: str = "Accepted", status: str = "False") -> dict[str, Any]:
    condition = {"type": kind, "status": status, "message": message}
    metadata = of["metadata"]
    return {
        "apiVersion": of["apiVersion"],
        "kind": of["kind"],
        "namespace": metadata.get("namespace", ""),
        "name": metadata["name"],
        "status": {"ancestors": [{"conditions": [condition]}]},
    }


class Run:
    """A judge that answers with the same text to every question, and the warnings about it."""

    def __init__(self, directory: Path, text: str, code: int = 0) -> None:
        self.warnings: list[str] = []
        self._program = directory / "judge"
        answer = directory / "answer"
        answer.write_text(text)
        stream = ">&2" if code else ""
        self._program.write_text(f"#!/bin/sh\ncat > {directory}/asked\ncat {answer} {stream}\nexit {code}\n")
        self._program.chmod(self._program.stat().st_mode | stat.S_IXUSR)

    def verdicts(self, *objects: Manifest, version: str = "1.9.1") -> list[tuple[str, str, str]]:
        """Name of the object, code and message of each verdict."""
        trial = Judge(str(self._program), self.warnings.append).start(objects, _NO_KINDS, version)
        return [(of["metadata"]["name"], found.code, found.words["message"]) for of, found in trial.verdicts()]


def answering(directory: Path, *objects: dict[str, Any], **fields: Any) -> Run:
    return Run(directory, json.dumps({"release": "1.9.1", "objects": objects, **fields}))


def test_a_refusal_is_told_once_in_envoy_gateways_words(tmp_path: Path) -> None:
    twice = refusal(_POLICY, "Out of  range.")
    twice["status"]["ancestors"] *= 2
    run = answering(tmp_path, twice)
    assert run.verdicts(_POLICY) == [("client", "envoy-gateway-refuses", "Out of range")]
    assert run.warnings == []


@pytest.mark.parametrize(
    ("kind", "status", "refuses"),
    [
        ("Accepted", "True", False),
        ("Accepted", "Unknown", False),
        ("ResolvedRefs", "False", True),
        ("Conflicted", "True", True),
        ("Conflicted", "False", False),
        ("PartiallyInvalid", "True", True),
        ("Programmed", "False", False),
        ("RouteRulesOverlap", "True", False),
    ],
)
def test_a_condition_refuses_or_not(tmp_path: Path, kind: str, status: str, refuses: bool) -> None:
    assert bool(answering(tmp_path, refusal(_POLICY, "m", kind, status)).verdicts(_POLICY)) == refuses


def test_of_what_follows_from_a_refused_envoy_proxy_nothing_is_told(tmp_path: Path) -> None:
    proxy, gateway = manifest("EnvoyProxy", "own", spec={}), manifest("Gateway", "gate", spec={})
    run = answering(tmp_path, refusal(gateway, "invalid parameters"), refusal(proxy, "wrong bootstrap"))
    assert run.verdicts(proxy, gateway) == [("own", "envoy-gateway-refuses", "wrong bootstrap")]


def test_a_patch_policy_that_one_class_accepts_is_not_refused_by_another(tmp_path: Path) -> None:
    policy = manifest("EnvoyPatchPolicy", "patch", spec={})
    found = refusal(policy, "not found")
    found["status"]["ancestors"].append({"conditions": [{"type": "Accepted", "status": "True", "message": ""}]})
    assert answering(tmp_path, found).verdicts(policy) == []


def test_an_object_of_others_or_with_fields_that_are_not_known_is_left_out(tmp_path: Path) -> None:
    unknown = manifest("ClientTrafficPolicy", "client", spec={"timeout": UNKNOWN})
    other = manifest("ClientTrafficPolicy", "other", spec={})
    assert answering(tmp_path, refusal(_POLICY, "m"), refusal(other, "m")).verdicts(unknown) == []


def test_problems_without_a_condition_are_told_where_the_user_can_change_them(tmp_path: Path) -> None:
    gateway = manifest("Gateway", "gate", spec={})
    run = answering(tmp_path, problems={"chat/gate": "no xDS", "chat/theirs": "no xDS"})
    assert run.verdicts(gateway) == [("gate", "envoy-gateway-fails", "no xDS")]


def test_the_judge_of_another_release_says_nothing(tmp_path: Path) -> None:
    assert answering(tmp_path, refusal(_POLICY, "m")).verdicts(_POLICY, version="1.8.0") == []


@pytest.mark.parametrize(
    ("text", "code", "reason"), [("judge: broken\nmore", 1, "judge: broken"), ("", 3, "exit code 3")]
)
def test_without_an_answer_the_run_goes_on_with_a_warning(tmp_path: Path, text: str, code: int, reason: str) -> None:
    run = Run(tmp_path, text, code)
    assert run.verdicts(_POLICY) == []
    assert run.warnings == [f"The objects were not shown to Envoy Gateway's own translator: {reason}"]


def test_a_program_that_answers_something_else_is_a_warning(tmp_path: Path) -> None:
    run = Run(tmp_path, "hello")
    assert run.verdicts(_POLICY) == []
    assert "did not answer with JSON" in run.warnings[0]


def test_a_route_to_a_backend_with_fields_that_are_not_known_is_left_out(tmp_path: Path) -> None:
    backend = manifest("Backend", "outside", spec={"endpoints": [{"fqdn": {"hostname": UNKNOWN, "port": 443}}]})
    ref = {"group": "gateway.envoyproxy.io", "kind": "Backend", "name": "outside"}
    route = manifest("HTTPRoute", "web", spec={"rules": [{"backendRefs": [ref]}]})
    run = answering(tmp_path, refusal(route, "hostname is not a valid FQDN", "ResolvedRefs"))
    assert run.verdicts(namespace(), backend, route) == []
    assert run.verdicts(namespace(), route) != []


def test_a_program_that_is_missing_is_a_warning() -> None:
    warnings: list[str] = []
    assert list(Judge("/missing/judge", warnings.append).start([_POLICY], _NO_KINDS, "1.9.1").verdicts()) == []
    assert "No such file" in warnings[0]


@pytest.mark.parametrize(("value", "asked"), [(None, False), ("", False), ("/a/judge", True)])
def test_the_environment_says_whether_a_judge_is_asked(
    monkeypatch: pytest.MonkeyPatch, value: str | None, asked: bool
) -> None:
    monkeypatch.delenv(VARIABLE, raising=False)
    if value is not None:
        monkeypatch.setenv(VARIABLE, value)
    assert bool(Judge.of_environment(warn=print)) == asked
