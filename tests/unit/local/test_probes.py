"""What the probes say about good, odd and missing answers."""

import asyncio
import json
import os
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from local.cluster import node_http, probes
from local.cluster.directory import Directory
from local.cluster.moment import Moment
from local.cluster.node_http import Answer, NoAnswer
from local.cluster.probes import Probes

NODE = "/api/v1/nodes/test"
LEASE = f"{probes._LEASES}/test"
PODS = "/api/v1/pods"


class Server:
    """The answers of the node's API server, by path. A dict is sent as JSON, and an exception is raised."""

    def __init__(self) -> None:
        self.answers: dict[str, Any] = {NODE: node(), LEASE: {"spec": {"renewTime": now()}}}

    async def get(self, _network: object, _port: int, path: str, _tls: object = None) -> Answer:
        answer = self.answers.get(path, Answer(404, b"{}"))
        if isinstance(answer, Exception):
            raise answer
        return answer if isinstance(answer, Answer) else Answer(200, json.dumps(answer).encode())


def now() -> str:
    return datetime.now(UTC).isoformat()


def node(**ready: Any) -> dict[str, Any]:
    condition = {"type": "Ready", "status": "True", "lastHeartbeatTime": now(), **ready}
    return {"status": {"conditions": [{"type": "MemoryPressure"}, condition]}}


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Server:
    server = Server()
    monkeypatch.setattr(node_http, "get", server.get)
    return server


@pytest.fixture
def probe(server: Server, directory: Directory, monkeypatch: pytest.MonkeyPatch) -> Probes:
    monkeypatch.setattr(probes, "NetworkNamespace", lambda path: None)
    return Probes(directory, os.getpid(), 6443)


def an_hour_ago(clock_set_back: timedelta = timedelta()) -> Moment:
    """Return the moment of an hour ago, before the clock was set back."""
    return Moment(clock=datetime.now(UTC) - timedelta(hours=1) + clock_set_back, boot_s=Moment().boot_s - 3600)


def problem(probe: Probes, kubelet: Moment | None = None) -> str | None:
    return asyncio.run(probe.node_problem(kubelet or an_hour_ago()))


def test_a_ready_node_has_no_problem(probe: Probes) -> None:
    assert problem(probe) is None


def test_the_checks_that_fail_are_named(probe: Probes, server: Server) -> None:
    lines = ["[+]ping ok", "[-]etcd failed: reason withheld", "[-]poststarthook/a failed: reason withheld", "readyz"]
    server.answers["/readyz"] = Answer(500, "\n".join(lines).encode())
    assert asyncio.run(probe.api_server()) == "[-]etcd failed, [-]poststarthook/a failed"
    server.answers["/readyz"] = Answer(500, b"".join(b"[-]%d failed\n" % number for number in range(20)))
    assert asyncio.run(probe.api_server()) == "[-]0 failed, [-]1 failed, [-]2 failed, 17 more"


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (Answer(200, b"\xff"), None),
        (Answer(403, b"\xff\x00"), "/readyz answers with status 403"),
        (NoAnswer("no answer within 2 s"), "no answer within 2 s"),
    ],
)
def test_readiness_has_a_reason(probe: Probes, server: Server, answer: Any, reason: str | None) -> None:
    server.answers["/readyz"] = answer
    assert asyncio.run(probe.api_server()) == reason
    assert asyncio.run(probe.etcd()) == reason


def test_a_socket_that_does_not_exist_is_named(probe: Probes) -> None:
    assert "No such file or directory" in (asyncio.run(probe.containerd()) or "")


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (NoAnswer("Connection refused"), "kube-apiserver does not answer: Connection refused"),
        (Answer(200, b'{"status": {"cond'), "kube-apiserver does not answer: not JSON for"),
        (Answer(503, b""), "kube-apiserver does not answer: status 503 for"),
        (Answer(404, b""), "the node is not registered"),
        (Answer(200, b"null"), "kubelet has not reported"),
        (Answer(200, b"[]"), "kubelet has not reported"),
        ({}, "kubelet has not reported"),
        ({"status": None}, "kubelet has not reported"),
        ({"status": {"conditions": None}}, "kubelet has not reported"),
        ({"status": {"conditions": [None, "Ready", {}]}}, "kubelet has not reported"),
        (node(lastHeartbeatTime=None), "kubelet has not reported"),
        (node(lastHeartbeatTime="soon"), "kubelet has not reported"),
        (node(status="False", message="no CNI"), "no CNI"),
        (node(status="Unknown"), "the node is not Ready"),
        (node(status=None, message=None), "the node is not Ready"),
    ],
)
def test_an_odd_node_is_a_problem_and_no_exception(probe: Probes, server: Server, answer: Any, said: str) -> None:
    server.answers[NODE] = answer
    assert (problem(probe) or "").startswith(said)


@pytest.mark.parametrize("lease", [{}, {"spec": None}, {"spec": {}}, {"spec": {"renewTime": None}}, Answer(404, b"")])
def test_a_lease_without_a_renewal_is_no_problem_at_first(probe: Probes, server: Server, lease: Any) -> None:
    server.answers[LEASE] = lease
    assert problem(probe) is None


def test_a_lease_that_is_not_renewed_is_a_problem(
    probe: Probes, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    kubelet = an_hour_ago()
    assert problem(probe, kubelet) is None
    monkeypatch.setattr(probes, "_SILENT_S", -1.0)
    assert problem(probe, kubelet) == "kubelet has not renewed the node's lease for 0 s"


@pytest.mark.parametrize("hours", [-2, 2])
def test_a_clock_that_is_set_by_two_hours_is_no_problem(probe: Probes, server: Server, hours: int) -> None:
    kubelet = an_hour_ago()
    assert problem(probe, kubelet) is None
    other = (datetime.now(UTC) + timedelta(hours=hours)).isoformat()
    server.answers[NODE] = node(lastHeartbeatTime=other)
    server.answers[LEASE] = {"spec": {"renewTime": other}}
    assert problem(probe, kubelet) is None


def test_a_start_before_the_clock_was_set_back_is_no_problem(probe: Probes) -> None:
    assert problem(probe, an_hour_ago(clock_set_back=timedelta(hours=2))) is None


def test_the_stored_status_of_an_earlier_kubelet_is_a_problem(probe: Probes, server: Server) -> None:
    earlier = (datetime.now(UTC) - timedelta(hours=2)).isoformat()
    server.answers[NODE] = node(lastHeartbeatTime=earlier)
    assert problem(probe) == "kubelet has not reported the node's status since it started"


def test_a_status_from_before_the_clock_was_set_back_is_a_problem_until_kubelet_reports(
    probe: Probes, server: Server
) -> None:
    kubelet = an_hour_ago()
    future = (datetime.now(UTC) + timedelta(hours=2)).isoformat()
    server.answers[NODE] = node(lastHeartbeatTime=future)
    assert problem(probe, kubelet) == "kubelet has not reported the node's status since it started"
    server.answers[NODE] = node()
    assert problem(probe, kubelet) is None


def _pod(change: Callable[[dict[str, Any]], object] = lambda pod: None) -> dict[str, Any]:
    old = (datetime.now(UTC) - timedelta(hours=3)).isoformat()
    pod = {
        "metadata": {"namespace": "default", "name": "web", "creationTimestamp": old},
        "status": {
            "phase": "Running",
            "conditions": [{"type": "Ready", "status": "True"}],
            "containerStatuses": [{"state": {"running": {"startedAt": now()}}}],
        },
    }
    change(pod)
    return pod


@pytest.mark.parametrize(
    ("pod", "is_back"),
    [
        (_pod(), True),
        (_pod(lambda pod: pod["status"].update(conditions=None)), False),
        (_pod(lambda pod: pod["status"].update(containerStatuses=[{"state": None}])), False),
        (_pod(lambda pod: pod["status"].update(containerStatuses=[{"state": {"running": {}}}])), False),
        (_pod(lambda pod: pod.update(status=None)), False),
        (_pod(lambda pod: pod["status"].update(phase="Succeeded", conditions=[])), True),
        (_pod(lambda pod: pod["metadata"].update(creationTimestamp=now())), True),
        (_pod(lambda pod: pod["metadata"].update(deletionTimestamp=now(), creationTimestamp=None)), True),
    ],
)
def test_a_pod_is_back_when_it_is_ready_and_its_containers_are_new(
    probe: Probes, server: Server, pod: Any, is_back: bool
) -> None:
    server.answers[PODS] = {"items": [pod]}
    assert asyncio.run(probe.pods_not_back(an_hour_ago())) == ([] if is_back else ["default/web"])


@pytest.mark.parametrize("listed", [{}, {"items": None}, Answer(200, b"null")])
def test_an_odd_list_of_pods_is_empty(probe: Probes, server: Server, listed: Any) -> None:
    server.answers[PODS] = listed
    assert asyncio.run(probe.pods_not_back(Moment())) == []
