"""A Job that is taken over is deleted first, so that the stack's own runs again."""

import asyncio
import subprocess
from collections.abc import Callable
from typing import Any

import pulumi
import pytest

from kube import adopted_job

METADATA = {"name": "certgen", "namespace": "envoy-gateway-system"}
REPLACEABLE = {"pulumi.com/replaceUnready": "true"}


def delete(monkeypatch: pytest.MonkeyPatch, kubectl: Callable[..., Any] | None) -> None:
    """Run the hook with this kubectl."""
    monkeypatch.setattr(adopted_job, "kubectl", lambda _: kubectl)
    hook = adopted_job.delete_job("mine")
    args = pulumi.ResourceHookArgs("urn", "", "certgen", "kubernetes:batch/v1:Job", new_inputs={"metadata": METADATA})
    asyncio.run(hook(args))


def test_the_job_that_exists_is_deleted_and_its_end_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[str, ...]] = []

    def kubectl(*arguments: str) -> subprocess.CompletedProcess[str]:
        asked.append(arguments)
        return subprocess.CompletedProcess(arguments, 0, "", "")

    delete(monkeypatch, kubectl)
    names = ("certgen", "--namespace", "envoy-gateway-system")
    assert asked == [("delete", "job", *names, "--ignore-not-found", "--timeout", "15s")]


def test_a_job_that_cannot_be_deleted_ends_the_run_with_what_to_type(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    forbidden = subprocess.CompletedProcess("", 1, "", "Error from server (Forbidden): jobs is forbidden\n")
    with pytest.raises(adopted_job.NotDeleted):
        delete(monkeypatch, lambda *_: forbidden)
    said = capsys.readouterr().err
    assert "jobs is forbidden" in said
    assert "kubectl --context mine delete job certgen --namespace envoy-gateway-system" in said


def test_without_kubectl_the_user_is_told_what_to_type(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    delete(monkeypatch, None)
    assert "kubectl --context mine delete job certgen --namespace envoy-gateway-system" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("kind", "annotations", "expected"),
    [("Job", REPLACEABLE, True), ("Job", {}, False), ("Job", None, False), ("Deployment", REPLACEABLE, False)],
)
def test_only_a_job_that_may_be_replaced_runs_again(
    kind: str, annotations: dict[str, str] | None, expected: bool
) -> None:
    own = {} if annotations is None else {"annotations": annotations}
    assert adopted_job.is_replaceable_job({"kind": kind, "metadata": METADATA | own}) is expected
