"""What a failed `up` says of the object that failed, beside the provider's own words."""

import asyncio
from typing import Any
from unittest import mock

import pulumi
import pytest

from components import diagnosis
from health import Row

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


def said(api_version: str, kind: str, name: str, rows: list[Row] = ROWS) -> list[str]:
    """The lines that are logged when such an object fails; no hook ever asks for another try."""
    wire = {"apiVersion": api_version, "kind": kind, "metadata": {"name": name, "namespace": "chat"}}
    failed: Any = mock.Mock(new_inputs=wire, old_inputs=None)
    logged: list[str] = []

    async def fail() -> None:
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        done.set_result(None)
        with (
            mock.patch("pulumi.resource_hooks.register_error_hook", lambda _: done),
            mock.patch.object(diagnosis, "_ask", lambda _: rows),
            mock.patch.object(pulumi.log, "error", logged.append),
        ):
            answer = diagnosis.diagnosis("a-context")(failed)
            assert not isinstance(answer, bool)
            assert await answer is False

    asyncio.run(fail())
    return "\n".join(logged).splitlines()


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
