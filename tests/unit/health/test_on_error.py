"""What a failed `up` says of the object that failed, beside the provider's own words."""

import asyncio
from collections.abc import Awaitable
from typing import Any, cast
from unittest import mock

import pulumi
import pytest

from health import Row, on_error

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
    Row("Deployment", "envoy-gateway", "failing", "0 of 1 replicas updated", "eg"),
    Row("Deployment", "synergychat-web", "failing", "ErrImagePull", "chat"),
]


class Failing:
    """A run in which objects fail; the cluster says `rows`."""

    def __init__(self, rows: list[Row]) -> None:
        self._rows = rows
        self.asked = 0
        self.logged: list[str] = []

    def said(self, *objects: tuple[str, str, str]) -> list[str]:
        """The lines that are logged when these fail side by side; no hook ever asks for another try."""
        asyncio.run(self._fail(*objects))
        return "\n".join(self.logged).splitlines()

    async def _fail(self, *objects: tuple[str, str, str]) -> None:
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        done.set_result(None)
        with (
            mock.patch("pulumi.resource_hooks.register_error_hook", lambda _: done),
            mock.patch.object(on_error, "_ask", self._answer),
            mock.patch.object(pulumi.log, "error", self.logged.append),
        ):
            hook = on_error.diagnosis("a-context")
            answers = (cast(Awaitable[bool], hook(_failed(*each))) for each in objects)
            assert not any(await asyncio.gather(*answers))

    def _answer(self, context: str) -> list[Row]:
        self.asked += 1
        return self._rows


def _failed(api_version: str, kind: str, name: str) -> Any:
    wire = {"apiVersion": api_version, "kind": kind, "metadata": {"name": name, "namespace": "chat"}}
    return mock.Mock(new_inputs=wire, old_inputs=None)


def said(api_version: str, kind: str, name: str, rows: list[Row] = ROWS) -> list[str]:
    return Failing(rows).said((api_version, kind, name))


def test_a_gateway_is_explained_with_what_runs_behind_it() -> None:
    assert said("gateway.networking.k8s.io/v1", "Gateway", "app-gateway") == [
        "Gateway app-gateway is not ready:",
        "  AddressNotAssigned: None",
        "  -> On minikube type: minikube tunnel",
        "Deployment envoy-gateway is not ready:",
        "  0 of 1 replicas updated",
    ]


def test_a_workload_is_explained_by_itself() -> None:
    lines = said("apps/v1", "Deployment", "synergychat-web")
    assert lines == ["Deployment synergychat-web is not ready:", "  ErrImagePull"]


@pytest.mark.parametrize("rows", [[], ROWS[3:4]], ids=["no answer", "well by now"])
def test_where_the_cluster_has_nothing_to_say_nothing_is_added(rows: list[Row]) -> None:
    assert said("gateway.networking.k8s.io/v1", "HTTPRoute", "web-httproute", rows) == []


def test_of_objects_that_fail_side_by_side_the_cluster_is_asked_once_and_says_nothing_twice() -> None:
    failing = Failing(ROWS)
    lines = failing.said(
        ("gateway.networking.k8s.io/v1", "Gateway", "app-gateway"),
        ("gateway.networking.k8s.io/v1", "Gateway", "other"),
    )
    assert failing.asked == 1
    assert [line for line in lines if line.endswith("is not ready:")] == [
        "Gateway app-gateway is not ready:",
        "Deployment envoy-gateway is not ready:",
        "Gateway other is not ready:",
    ]
