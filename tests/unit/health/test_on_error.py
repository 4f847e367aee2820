"""On error: what a failed `up` logs about the object that failed, next to Pulumi's own error."""

import asyncio
import threading
from collections.abc import Awaitable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, cast
from unittest import mock

import pulumi
import pytest

from health import Row, Unanswered, on_error, refusals

ROWS = [
    Row(
        "Gateway",
        "app-gateway",
        "failing",
        "AddressNotAssigned: None\n-> On minikube type: minikube tunnel",
        "chat",
    ),
    Row("Gateway", "other", "failing", "not this one", "chat"),
    Row("Gateway", "app-gateway", "failing", "another stack's", "other"),
    Row("HTTPRoute", "web-httproute", "ok", "", "chat"),
    Row("Deployment", "envoy-left", "orphaned", "its Gateway is gone", "eg"),
    Row("Deployment", "envoy-gateway", "failing", "0 of 1 replicas updated", "eg"),
    Row("Deployment", "synergychat-web", "failing", "ErrImagePull", "chat"),
]


class Failing:
    """A run in which objects fail, against a cluster with the health `rows`."""

    def __init__(self, rows: list[Row] | Unanswered) -> None:
        self._rows = rows
        self.asked = 0
        self.logged: list[str] = []

    def lines(self, *objects: tuple[str, ...]) -> list[str]:
        """The lines that are logged when these objects fail together. No hook asks for a retry."""
        asyncio.run(self.fail(*objects))
        return "\n".join(self.logged).splitlines()

    async def fail(self, *objects: tuple[str, ...]) -> None:
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        done.set_result(None)
        with (
            mock.patch("pulumi.resource_hooks.register_error_hook", lambda _: done),
            mock.patch.object(on_error, "kubectl", mock.Mock()),
            mock.patch.object(on_error, "look", self._look),
            mock.patch.object(pulumi.log, "error", self.logged.append),
        ):
            hook = on_error.explain_failures("a-context")
            answers = (cast(Awaitable[bool], hook(_failed(*item))) for item in objects)
            assert not any(await asyncio.gather(*answers))

    def _look(self, kubectl: object, typed: str) -> list[Row]:
        self.asked += 1
        if isinstance(self._rows, Unanswered):
            raise self._rows
        return self._rows


def _failed(api_version: str, kind: str, name: str, *errors: str) -> Any:
    manifest = {"apiVersion": api_version, "kind": kind, "metadata": {"name": name, "namespace": "chat"}}
    return mock.Mock(new_inputs=manifest, old_inputs=None, errors=errors)


def lines(api_version: str, kind: str, name: str, rows: list[Row] = ROWS) -> list[str]:
    return Failing(rows).lines((api_version, kind, name))


def test_a_gateway_is_explained_together_with_its_controller_and_envoys() -> None:
    assert lines("gateway.networking.k8s.io/v1", "Gateway", "app-gateway") == [
        "Gateway app-gateway is not ready:",
        "  AddressNotAssigned: None",
        "  -> On minikube type: minikube tunnel",
        "Deployment envoy-gateway is not ready:",
        "  0 of 1 replicas updated",
    ]


def test_a_workload_is_explained_alone() -> None:
    assert lines("apps/v1", "Deployment", "synergychat-web") == [
        "Deployment synergychat-web is not ready:",
        "  ErrImagePull",
    ]


@pytest.mark.parametrize("rows", [[], ROWS[3:4]], ids=["no such object", "ready by now"])
def test_nothing_is_logged_when_the_cluster_has_no_explanation(rows: list[Row]) -> None:
    assert lines("gateway.networking.k8s.io/v1", "HTTPRoute", "web-httproute", rows) == []


def test_the_cluster_is_asked_once_for_objects_that_fail_together_and_nothing_is_logged_twice() -> None:
    failing = Failing(ROWS)
    logged = failing.lines(
        ("gateway.networking.k8s.io/v1", "Gateway", "app-gateway"),
        ("gateway.networking.k8s.io/v1", "Gateway", "other"),
    )
    assert failing.asked == 1
    assert [line for line in logged if line.endswith("is not ready:")] == [
        "Gateway app-gateway is not ready:",
        "Deployment envoy-gateway is not ready:",
        "Gateway other is not ready:",
    ]


def test_an_explanation_needs_none_of_the_threads_in_which_the_sdk_waits_for_objects() -> None:
    failing, ended = Failing(ROWS), threading.Event()

    async def fail_while_every_thread_waits() -> None:
        loop = asyncio.get_running_loop()
        loop.set_default_executor(ThreadPoolExecutor(max_workers=1))
        waiting = loop.run_in_executor(None, ended.wait)
        try:
            async with asyncio.timeout(10):
                await failing.fail(("apps/v1", "Deployment", "synergychat-web"))
        finally:
            ended.set()
            await waiting

    asyncio.run(fail_while_every_thread_waits())
    assert failing.logged


def test_a_missing_namespace_is_explained_with_what_brings_it_back() -> None:
    assert Failing([]).lines(("v1", "Service", "x", 'creation failed: namespaces "eg" not found')) == [
        "Service x is refused:",
        "  the namespace eg does not exist",
        "  -> Was it deleted by hand, or by a destroy that did not end? pulumi up --refresh",
    ]


def test_an_object_that_the_api_server_refuses_is_named_with_the_cause_although_it_does_not_exist() -> None:
    error = 'services "x" is forbidden: exceeded quota: small, requested: services=1, used: services=2'
    assert Failing([]).lines(("v1", "Service", "x", error)) == [
        "Service x is refused:",
        "  exceeded quota: small, requested: services=1, used: services=2",
        "  -> Raise the quota, or delete what it counts: kubectl --context a-context describe resourcequota small "
        "-n chat",
    ]


def test_the_service_of_a_webhook_is_asked_for_and_shown_once() -> None:
    post = 'Post "https://hook.things.svc:443/validate": dial tcp 10.96.7.8:443: connect: connection refused'
    error = f'failed calling webhook "hook.example.com": failed to call webhook: {post}'
    asked: list[str] = []

    def behind(service: refusals.Service, *_: object) -> list[str]:
        asked.append(service.name)
        return ["the Service hook of things has no pods"]

    issuers = [("cert-manager.io/v1", "Issuer", name, error) for name in ("a", "b")]
    with mock.patch.object(refusals, "behind", behind):
        said = Failing([]).lines(*issuers, issuers[0])
    assert asked == ["hook"]
    cause = "  the call of the webhook hook.example.com failed: dial tcp 10.96.7.8:443: connect: connection refused"
    assert said == [
        "Issuer a is refused:",
        cause,
        "  the Service hook of things has no pods",
        "Issuer b is refused:",
        cause,
    ]


OBJECTS = [("apps/v1", "Deployment", "synergychat-web"), ("v1", "Service", "web-service")]


@pytest.mark.parametrize(
    "error",
    [
        "Unable to connect to the server: net/http: TLS handshake timeout",
        "Unable to connect to the server: context deadline exceeded",
        "Unable to connect to the server: net/http: request canceled (Client.Timeout exceeded while awaiting headers)",
        "Unable to connect to the server: dial tcp 192.0.2.1:6443: i/o timeout",
        "Unable to connect to the server: EOF",
        "error: client rate limiter Wait returned an error: context deadline exceeded - error from a previous attempt: "
        "EOF",
        "The connection to the server 127.0.0.1:6443 was refused - did you specify the right host or port?",
        "Error from server (InternalError): an error on the server has prevented the request from succeeding",
        "Error from server (ServiceUnavailable): the server is currently unable to handle the request",
        "Error from server (Timeout): Timeout: request did not complete within the allotted timeout",
        "Error from server: etcdserver: request timed out",
        "Command '['kubectl', 'api-resources']' timed out after 20 seconds",
    ],
)
def test_an_api_server_that_does_not_answer_is_named_once(error: str) -> None:
    assert Failing(Unanswered(error)).lines(*OBJECTS) == [
        f"The API server of a-context does not answer: {error}",
        "  -> kubectl --context a-context get --raw /readyz",
    ]


@pytest.mark.parametrize(
    "error",
    [
        'Error from server (Forbidden): deployments.apps is forbidden: User "timeout" cannot list resource',
        "Error from server (NotFound): the server could not find the requested resource",
        "Error from server (TooManyRequests): the server has received too many requests",
        "error: You must be logged in to the server (Unauthorized)",
        'error: the server doesn\'t have a resource type "gateway"',
        "Unable to connect to the server: tls: failed to verify certificate: x509: certificate signed by unknown "
        "authority",
        "error: EOF",
    ],
)
def test_an_api_server_that_answers_but_shows_no_objects_is_not_called_silent(error: str) -> None:
    assert Failing(Unanswered(error)).lines(*OBJECTS) == [f"The objects of the stack could not be read: {error}"]
