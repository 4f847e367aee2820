"""`make explain`: the screen and the exit code, for objects that Pulumi plans and that kubectl finds."""

import json
from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any, cast

import pytest

from local import supplies
from local.errors import UserError
from tests.cases.builders import (
    Manifest,
    backend,
    gateway,
    listener,
    manifest,
    namespace,
    policy,
    route,
    rule,
    service,
    target,
)
from tools import explain
from tools import stack as stacks
from tools.stack import Stack


class PlannedStack:
    """A stack with a given plan and given objects in its cluster."""

    name, context, named, typed_kubectl = "dev", "a-context", False, "kubectl --context a-context"

    def __init__(self, plan: Any, live: list[Manifest] | None, code: int = 0) -> None:
        self._plan, self._live, self._code = plan, live, code

    def select(self) -> bool:
        return True

    def configuration(self) -> list[str]:
        return []

    def pulumi(self, *arguments: str, capture: bool) -> CompletedProcess[str]:
        assert arguments[:3] == ("preview", "--json", "--show-sames")
        return CompletedProcess(arguments, self._code, json.dumps(self._plan))

    def kubectl(self, *arguments: str) -> CompletedProcess[str]:
        if self._live is None:
            return CompletedProcess(arguments, 1, "", "E0101 noise\nno route to host\n")
        return CompletedProcess(arguments, 0, json.dumps({"items": self._live}), "")


def plan(*objects: Manifest) -> Any:
    states = [{"type": f"kubernetes:{made['apiVersion']}:{made['kind']}", "inputs": made} for made in objects]
    others = [
        {"op": "delete", "oldState": states[0]},
        {"op": "create", "newState": {"type": "synergychat:index:Chat", "inputs": {}}},
    ]
    return {"steps": [*({"op": "create", "newState": state} for state in states), *others]}


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
    return explain.run(cast(Stack, stack), url, method, headers)


def test_the_rule_that_takes_the_request_is_shown_without_a_cluster(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(PlannedStack(plan(*STACK), live=None), "http://synchat.internal/a?b=1") == 0
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
    assert run(PlannedStack(plan(*STACK), live=None), "http://synchat.internal/") == 0
    # Long paths are folded at the width of the terminal.
    below = "".join(capsys.readouterr().out.partition("On a-context")[2].split())
    assert below.startswith("comparedno:thecontexta-contextisnotinthekubeconfig;files:")
    assert f"{kubeconfig};contexts:kind-onefixtype`makeup`foraclusteronthismachine,ornameone" in below
    assert "CONTEXT=NAME" in below


def test_a_request_that_no_rule_takes_ends_with_one_and_shows_the_nearest_rules(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert run(PlannedStack(plan(*STACK), live=None), "http://synchat.interna/") == 1
    said = " ".join(capsys.readouterr().out.split())
    assert "nothing: Envoy answers 404" in said
    assert "host synchat.interna is not synchat.internal" in said


def test_a_port_on_which_nothing_listens_is_named_for_the_stack_and_the_cluster(
    capsys: pytest.CaptureFixture[str],
) -> None:
    live = [gateway(listener(port=8080)), *STACK[1:]]
    assert run(PlannedStack(plan(*STACK), live=live), "http://synchat.internal:8080/") == 1
    said = " ".join(capsys.readouterr().out.split())
    assert "taken by nothing: nothing listens on port 8080 of Gateway chat/gate nearest listener http" in said
    assert run(PlannedStack(plan(*STACK), live=STACK), "https://synchat.internal:80/") == 1
    said = capsys.readouterr().out.split("On a-context")
    assert len(said) == 2
    same = "taken by nothing: Envoy closes the connection, because port 80 of Gateway chat/gate has no TLS"
    assert [same in " ".join(part.split()) for part in said] == [True, True]


def test_a_request_that_no_client_can_send_ends_with_two_and_says_how_to_fix_it(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert run(PlannedStack({}, live=None), "synchat.internal") == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.splitlines() == [
        "error: The URL synchat.internal has no scheme.",
        "  Write it as http://synchat.internal (known: http, https, grpc, grpcs, tls, tcp, udp).",
    ]


def test_a_cluster_that_matches_the_plan_gives_the_same_verdict(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(PlannedStack(plan(*STACK), live=STACK), "http://synchat.internal/") == 0
    below = capsys.readouterr().out.partition("On a-context")[2].split()
    assert below == ["taken", "by", "the", "same", "rule", "differs", "nothing"]


def test_a_cluster_that_sends_the_request_elsewhere_is_shown_with_the_field_that_differs(
    capsys: pytest.CaptureFixture[str],
) -> None:
    elsewhere = route(rule(backend("api")), hostnames=["synchat.internal"])
    live = [gateway(), elsewhere, service(), service("api")]
    assert run(PlannedStack(plan(*STACK), live=live), "http://synchat.internal/") == 0
    below = " ".join(capsys.readouterr().out.partition("On a-context")[2].split())
    assert "taken by rule 0 of HTTPRoute chat/web 100% Service chat/api:80" in below
    assert "spec.rules[0].backendRefs[0].name: the stack has 'web', the cluster 'api'" in below


def test_a_policy_that_envoy_gateway_refuses_on_the_cluster_is_shown_with_the_answer_of_500(
    capsys: pytest.CaptureFixture[str],
) -> None:
    limits = policy("BackendTrafficPolicy", "limits", target("HTTPRoute", "web"), connection={"bufferLimit": "4Gi"})
    live = [namespace(), *STACK, limits]
    assert run(PlannedStack(plan(*STACK), live=live), "http://synchat.internal/") == 0
    below = " ".join(capsys.readouterr().out.partition("On a-context")[2].split())
    assert "taken by rule 0 of HTTPRoute chat/web: 500, because Envoy Gateway refuses BackendTrafficPolicy" in below
    assert run(PlannedStack(plan(*live), live=None), "http://synchat.internal/") == 1
    said = " ".join(capsys.readouterr().out.split())
    assert (
        "answer 500, because Envoy Gateway refuses BackendTrafficPolicy chat/limits: spec.connection.bufferLimit"
        in said
    )


@pytest.mark.parametrize("data", ["[secret]", {"ada": "[secret]", "grace": "[secret]"}], ids=["all", "each"])
def test_secrets_that_the_plan_hides_are_not_judged(data: Any) -> None:
    keys = {"credentialRefs": [{"name": "clients"}], "extractFrom": [{"headers": ["x-api-key"]}]}
    login = policy("SecurityPolicy", "login", target("HTTPRoute", "web"), apiKeyAuth=keys)
    clients = manifest("Secret", "clients", stringData=data)
    assert run(PlannedStack(plan(namespace(), *STACK, login, clients), live=None), "http://synchat.internal/") == 0


def test_a_plan_that_fails_is_reported_with_the_programs_errors() -> None:
    failed = {"diagnostics": [{"severity": "error", "message": "error: One mistake in the config.\n"}]}
    with pytest.raises(UserError, match=r"^One mistake in the config\.$"):
        run(PlannedStack(failed, live=None, code=255), "http://synchat.internal/")


def test_a_plan_that_fails_without_errors_says_what_to_type() -> None:
    with pytest.raises(UserError, match="make preview STACK=dev"):
        run(PlannedStack({}, live=None, code=255), "http://synchat.internal/")


def test_below_http_a_rule_takes_every_connection(capsys: pytest.CaptureFixture[str]) -> None:
    stream = listener("raw", port=5432, protocol="TCP")
    stack = [gateway(stream), route(name="db", kind="TCPRoute"), service()]
    assert run(PlannedStack(plan(*stack), stack), "tcp://any.example.com:5432") == 0
    said = " ".join(capsys.readouterr().out.split())
    assert "listener raw of Gateway chat/gate, TCP on port 5432" in said
    assert "rule 0: every connection" in said
    assert "backends 100% Service chat/web:80" in said
