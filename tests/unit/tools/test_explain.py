"""`make explain`: the screen and the exit code, for objects that Pulumi plans and that kubectl finds."""

import json
from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess
from types import SimpleNamespace
from typing import cast

import pytest

from local import supplies
from local.errors import UserError
from plans import PlanError
from releases import NEWEST
from tests.cases.builders import (
    Manifest,
    backend,
    gateway,
    listener,
    namespace,
    policy,
    route,
    rule,
    service,
    target,
)
from tools import explain, planned
from tools import stack as stacks
from tools.stack import Stack


class PlannedStack:
    """A stack with given objects in its plan and in its cluster."""

    name, context, named, typed_kubectl = "dev", "a-context", False, "kubectl --context a-context"

    def __init__(self, planned: list[Manifest], live: list[Manifest] | None) -> None:
        self.planned, self._live = planned, live

    def kubectl(self, *arguments: str) -> CompletedProcess[str]:
        if self._live is None:
            return CompletedProcess(arguments, 1, "", "E0101 noise\nno route to host\n")
        return CompletedProcess(arguments, 0, json.dumps({"items": self._live}), "")


STACK = [gateway(), route(hostnames=["synchat.internal"]), service()]


@pytest.fixture(autouse=True)
def context_of_the_stack(only_context: Callable[[str], Path]) -> None:
    """The kubeconfig has the context of PlannedStack."""
    only_context("a-context")


@pytest.fixture(autouse=True)
def nothing_is_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(supplies, "for_stack", lambda _: None)
    monkeypatch.setattr(stacks, "prepare", lambda _: None)


def run(stack: PlannedStack, url: str, method: str = "", *headers: str) -> int:
    made = SimpleNamespace(manifests=stack.planned, envoy_gateway=NEWEST)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(explain, "planned", lambda *_, **__: made)
        return explain.run(cast(Stack, stack), url, method, headers)


def test_the_rule_that_takes_the_request_is_shown_without_a_cluster(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(PlannedStack(STACK, live=None), "http://synchat.internal/a?b=1") == 0
    said = capsys.readouterr().out
    assert "GET http://synchat.internal/a?b=1" in said
    assert "http of Gateway chat/gate, HTTP on port 80" in said
    assert "HTTPRoute chat/web, host synchat.internal" in said
    assert "100% Service chat/web:80" in said
    below = " ".join(said.partition("On a-context")[2].split())
    assert below == (
        "compared no: the cluster does not answer: no route to host fix try: kubectl --context a-context version"
    )


def test_a_context_that_the_kubeconfig_does_not_have_is_named_with_those_that_it_has(
    only_context: Callable[[str], Path], capsys: pytest.CaptureFixture[str]
) -> None:
    kubeconfig = only_context("kind-one")
    assert run(PlannedStack(STACK, live=None), "http://synchat.internal/") == 0
    # Long paths are folded at the width of the terminal.
    below = "".join(capsys.readouterr().out.partition("On a-context")[2].split())
    assert below.startswith("comparedno:thecontexta-contextisnotinthekubeconfig;files:")
    assert f"{kubeconfig};contexts:kind-onefixtype`makeup`foraclusteronthismachine,ornameone" in below
    assert "CONTEXT=NAME" in below


def test_a_request_that_no_rule_takes_ends_with_one_and_shows_the_nearest_rules(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert run(PlannedStack(STACK, live=None), "http://synchat.interna/") == 1
    said = " ".join(capsys.readouterr().out.split())
    assert "nothing: Envoy answers 404" in said
    assert "host synchat.interna is not synchat.internal" in said


def test_a_port_on_which_nothing_listens_is_named_for_the_stack_and_the_cluster(
    capsys: pytest.CaptureFixture[str],
) -> None:
    live = [gateway(listener(port=8080)), *STACK[1:]]
    assert run(PlannedStack(STACK, live=live), "http://synchat.internal:8080/") == 1
    said = " ".join(capsys.readouterr().out.split())
    assert "taken by nothing: nothing listens on port 8080 of Gateway chat/gate nearest listener http" in said
    assert run(PlannedStack(STACK, live=STACK), "https://synchat.internal:80/") == 1
    said = capsys.readouterr().out.split("On a-context")
    assert len(said) == 2
    same = "taken by nothing: Envoy closes the connection, because port 80 of Gateway chat/gate has no TLS"
    assert [same in " ".join(part.split()) for part in said] == [True, True]


def test_a_request_that_no_client_can_send_ends_with_two_and_says_how_to_fix_it(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert run(PlannedStack([], live=None), "synchat.internal") == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.splitlines() == [
        "error: The URL synchat.internal has no scheme.",
        "  Write it as http://synchat.internal (known: http, https, grpc, grpcs, tls, tcp, udp).",
    ]


def test_a_cluster_that_matches_the_plan_gives_the_same_verdict(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(PlannedStack(STACK, live=STACK), "http://synchat.internal/") == 0
    below = capsys.readouterr().out.partition("On a-context")[2].split()
    assert below == ["taken", "by", "the", "same", "rule", "differs", "nothing"]


def test_a_cluster_that_sends_the_request_elsewhere_is_shown_with_the_field_that_differs(
    capsys: pytest.CaptureFixture[str],
) -> None:
    elsewhere = route(rule(backend("api")), hostnames=["synchat.internal"])
    live = [gateway(), elsewhere, service(), service("api")]
    assert run(PlannedStack(STACK, live=live), "http://synchat.internal/") == 0
    below = " ".join(capsys.readouterr().out.partition("On a-context")[2].split())
    assert "taken by rule 0 of HTTPRoute chat/web 100% Service chat/api:80" in below
    assert "spec.rules[0].backendRefs[0].name: the stack has 'web', the cluster 'api'" in below


def test_a_policy_that_envoy_gateway_refuses_on_the_cluster_is_shown_with_the_answer_of_500(
    capsys: pytest.CaptureFixture[str],
) -> None:
    limits = policy("BackendTrafficPolicy", "limits", target("HTTPRoute", "web"), connection={"bufferLimit": "4Gi"})
    live = [namespace(), *STACK, limits]
    assert run(PlannedStack(STACK, live=live), "http://synchat.internal/") == 0
    below = " ".join(capsys.readouterr().out.partition("On a-context")[2].split())
    assert "taken by rule 0 of HTTPRoute chat/web: 500, because Envoy Gateway refuses BackendTrafficPolicy" in below
    assert run(PlannedStack(live, live=None), "http://synchat.internal/") == 1
    said = " ".join(capsys.readouterr().out.split())
    assert (
        "answer 500, because Envoy Gateway refuses BackendTrafficPolicy chat/limits: spec.connection.bufferLimit"
        in said
    )


def test_a_plan_that_fails_is_reported_with_the_programs_error(monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_: object, **__: object) -> None:
        raise PlanError("One mistake in the config.", is_mistake=True)

    monkeypatch.setattr(planned, "plan", fails)
    with pytest.raises(UserError, match=r"^One mistake in the config\.$"):
        explain.run(cast(Stack, PlannedStack([], live=None)), "http://synchat.internal/", "", ())


def test_below_http_a_rule_takes_every_connection(capsys: pytest.CaptureFixture[str]) -> None:
    stream = listener("raw", port=5432, protocol="TCP")
    stack = [gateway(stream), route(name="db", kind="TCPRoute"), service()]
    assert run(PlannedStack(stack, stack), "tcp://any.example.com:5432") == 0
    said = " ".join(capsys.readouterr().out.split())
    assert "listener raw of Gateway chat/gate, TCP on port 5432" in said
    assert "rule 0: every connection" in said
    assert "backends 100% Service chat/web:80" in said
