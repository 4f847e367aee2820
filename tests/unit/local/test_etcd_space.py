"""Freeing the space of etcd, against an etcd that is played."""

import asyncio
import json
import os
from typing import Any

import pytest

from local.cluster import etcd_space, network, node_http
from local.cluster.directory import Directory
from local.cluster.etcd_space import NO_SPACE, EtcdSpace
from local.cluster.node_http import Answer, NoAnswer

LIMIT = 100_000_000


class Etcd:
    """An etcd whose history takes `history` bytes and whose objects take `objects` bytes."""

    def __init__(self, *, objects: int, history: int) -> None:
        self.objects, self.history = objects, history
        self.alarm = objects + history >= LIMIT
        self.asked: list[str] = []

    async def get(self, _network: object, port: int, path: str) -> Answer:
        assert port == network.ETCD_HEALTH_PORT
        assert path.startswith("/health")
        health = {"health": "false", "reason": "ALARM NOSPACE"} if self.alarm else {"health": "true", "reason": ""}
        return Answer(503 if self.alarm else 200, json.dumps(health).encode())

    async def post(
        self, _network: object, port: int, path: str, _tls: object, body: bytes, _timeout_s: float
    ) -> Answer:
        assert port == network.ETCD_PORT
        self.asked.append(path.removeprefix("/v3/"))
        return Answer(200, json.dumps(self._answer(path, json.loads(body))).encode())

    def _answer(self, path: str, request: dict[str, Any]) -> dict[str, Any]:
        header = {"member_id": "17", "revision": "900"}
        match path:
            case "/v3/kv/compaction":
                assert request == {"revision": "900", "physical": True}
                self.history = 0
            case "/v3/maintenance/alarm":
                assert request == {"action": "DEACTIVATE", "alarm": "NOSPACE", "memberID": "17"}
                self.alarm = False
            case "/v3/maintenance/defragment":
                return {}  # no header
        # Numbers of 64 bits are strings.
        return {"header": header, "dbSizeInUse": str(self.objects + self.history), "dbSizeQuota": str(LIMIT)}


def kept(etcd: Etcd, directory: Directory, monkeypatch: pytest.MonkeyPatch) -> str | None:
    monkeypatch.setattr(node_http, "get", etcd.get)
    monkeypatch.setattr(node_http, "post", etcd.post)
    monkeypatch.setattr(etcd_space, "NetworkNamespace", lambda _: None)
    return asyncio.run(EtcdSpace(directory, os.getpid()).keep())


def test_an_etcd_with_space_is_left_alone(directory: Directory, monkeypatch: pytest.MonkeyPatch) -> None:
    etcd = Etcd(objects=1, history=1)
    assert kept(etcd, directory, monkeypatch) is None
    assert etcd.asked == []


def test_history_is_removed_before_the_alarm_is_taken_back(
    directory: Directory, monkeypatch: pytest.MonkeyPatch
) -> None:
    etcd = Etcd(objects=10, history=LIMIT)
    assert kept(etcd, directory, monkeypatch) is None
    assert not etcd.alarm
    assert etcd.asked[1:] == ["kv/compaction", "maintenance/status", "maintenance/defragment", "maintenance/alarm"]


def test_with_too_many_objects_the_alarm_stays_and_the_user_learns_what_to_type(
    directory: Directory, monkeypatch: pytest.MonkeyPatch
) -> None:
    etcd = Etcd(objects=LIMIT, history=0)
    said = kept(etcd, directory, monkeypatch) or ""
    assert said.startswith("etcd has no space left: objects take 100 MB of 100 MB")
    assert f"kubectl --kubeconfig {directory.kubeconfig} delete" in said
    assert etcd.alarm
    assert "maintenance/defragment" not in etcd.asked


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (
            Answer(500, b'{"error":"x","code":2,"message":"write /db.tmp: no space left on device"}'),
            "write /db.tmp: no space left on device",
        ),
        (Answer(502, b"bad gateway"), "status 502: bad gateway"),
        (NoAnswer("no answer within 60 s"), "no answer within 60 s"),
    ],
)
def test_a_database_that_cannot_be_made_smaller_is_full_with_the_reason(
    directory: Directory, monkeypatch: pytest.MonkeyPatch, answer: Answer | NoAnswer, reason: str
) -> None:
    etcd = Etcd(objects=10, history=LIMIT)
    answered = etcd.post

    async def post(network: object, port: int, path: str, *rest: Any) -> Answer:
        if path != "/v3/maintenance/defragment":
            return await answered(network, port, path, *rest)
        if isinstance(answer, NoAnswer):
            raise answer
        return answer

    monkeypatch.setattr(etcd, "post", post)
    said = kept(etcd, directory, monkeypatch) or ""
    assert said.startswith(f"{NO_SPACE} and cannot be made smaller: maintenance/defragment: {reason}. ")
    assert f"df -h {directory.etcd}" in said
    assert etcd.alarm


def test_an_etcd_that_does_not_say_whether_it_has_space_gives_no_answer(
    directory: Directory, monkeypatch: pytest.MonkeyPatch
) -> None:
    etcd = Etcd(objects=LIMIT, history=0)

    async def silent(*_: Any) -> Answer:
        raise NoAnswer("Connection refused")

    monkeypatch.setattr(etcd, "get", silent)
    with pytest.raises(NoAnswer, match="Connection refused"):
        kept(etcd, directory, monkeypatch)
