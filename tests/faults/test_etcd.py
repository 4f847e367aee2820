"""etcd and the API server: killed again and again, a write-ahead log that is cut or damaged, and no space left."""

import os
import random
import shutil
import signal
import struct
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest

from local.cluster import cluster as cluster_module
from local.errors import UserError
from local.toolchain import Tools
from tests.faults.small_cluster import answers, cli, problem, small_cluster
from tests.live.test_cluster_lifecycle import Life
from tests.live.waiting import wait_until

KILLS = 50
LIMIT = 24 << 20
"""Bytes of etcd's database. An empty cluster takes about a fifth of it."""


@pytest.fixture
def with_little_space(tools: Tools, tmp_path: Path) -> Iterator[Life]:
    """A cluster whose etcd has a database of `LIMIT` bytes at most."""
    directory = tmp_path / "etcd"
    directory.mkdir()
    # The node sees this directory, but none of those beside it.
    shutil.copy(tools.program("etcd"), directory / "server")
    script = directory / "etcd"
    script.write_text(f'#!/bin/sh\nexec {directory}/server "$@" --quota-backend-bytes={LIMIT}\n')
    script.chmod(0o755)
    with small_cluster(replace(tools, directories={**tools.directories, "etcd": directory})) as small:
        yield small


@pytest.mark.parametrize("name", ["etcd", "kube-apiserver"])
@pytest.mark.fault(
    "kill -9 of etcd, or of the API server, 50 times, each at a random moment within a second of its start",
    "The node stays, it is ready again, and it has every object whose creation was confirmed.",
    limit_s=1200,
)
def test_a_component_that_is_killed_fifty_times(small: Life, injected: bool, chance: random.Random, name: str) -> None:
    supervisor, node = small.supervisor(), small.node()
    before = small.component(name)
    confirmed: list[str] = []
    killed: list[int] = []
    for number in range(KILLS):
        if answers(small, "create", "configmap", f"kept-{number}", "--from-literal=answer=42"):
            confirmed.append(f"kept-{number}")
        if injected:
            wait_until(lambda: small.component(name)["pid"] not in (None, *killed))
            killed.append(small.component(name)["pid"])
            time.sleep(chance.random())
            with suppress(ProcessLookupError):  # without etcd, the API server ends by itself
                os.kill(killed[-1], signal.SIGKILL)
    made = KILLS if injected else 0
    wait_until(lambda: small.component(name)["restarts"] - before["restarts"] >= made)
    wait_until(lambda: small.cluster.status().healthy, 120)
    assert (small.supervisor(), small.node()) == (supervisor, node)
    found = small.kubectl("get", "configmaps", "--output=jsonpath={.items[*].metadata.name}").split()
    assert set(confirmed) <= set(found)
    assert confirmed
    assert injected or small.component(name)["restarts"] == before["restarts"]


@pytest.mark.fault(
    "kill -9 of the supervisor, and the last record of etcd's write-ahead log is cut in half, as in a power cut",
    "`up` ends well, and everything that was written before is there.",
)
def test_half_a_record_at_the_end_of_the_log(small: Life, injected: bool) -> None:
    small.kubectl("create", "configmap", "kept", "--from-literal=answer=42")
    small.kubectl("create", "configmap", "last", "--from-literal=answer=43")
    if injected:
        etcd = small.component("etcd")["pid"]
        os.kill(small.supervisor().pid, signal.SIGKILL)
        wait_until(lambda: not Path(f"/proc/{etcd}").exists())
        log = last_log(small)
        *_, last, end = records(log)
        os.truncate(log, last + (end - last) // 2)
    else:
        small.cluster.down()
    small.up()
    assert small.kubectl("get", "configmap", "kept", "--output=jsonpath={.data.answer}") == "42"
    small.kubectl("create", "configmap", "next", "--from-literal=answer=44")
    assert small.cluster.status().healthy


@pytest.mark.fault(
    "a record in the middle of etcd's write-ahead log is overwritten while the cluster is stopped",
    "`up` names etcd, shows the end of its log, and says what to type; nothing of the cluster is left running.",
)
def test_a_damaged_record_in_the_middle_of_the_log(small: Life, injected: bool) -> None:
    small.kubectl("create", "configmap", "kept", "--from-literal=answer=42")
    small.cluster.down()
    if not injected:
        small.up()
        assert small.kubectl("get", "configmap", "kept", "--output=jsonpath={.data.answer}") == "42"
        return
    # etcd reads what follows its last snapshot, which may be most of the log.
    for log in sorted((small.directory.etcd / "member" / "wal").glob("*.wal")):
        starts = records(log)
        with log.open("r+b") as file:
            for start, end in pairwise(starts[len(starts) // 2 :]):
                file.seek(start + 8 + (end - start - 8) // 2)
                file.write(b"\xa5" * 4)
    with pytest.raises(UserError) as refused:
        small.up()
    said = str(refused.value)
    assert "etcd keeps failing" in said
    assert "The end of the log of etcd:" in said
    assert "If its data is damaged, delete the cluster and all data. Run: python -m local.cluster" in said
    assert small.cluster.status().state == "stopped"
    small.cluster.down(purge=True)
    small.up()  # what it says helps


@pytest.mark.fault(
    "ConfigMaps fill etcd's database up to its limit",
    "`status` and `up` name the cause and what to type; after the deletion the cluster is ready by itself.",
    limit_s=400,
)
def test_no_space_is_left_in_etcd(
    with_little_space: Life, injected: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    small = with_little_space
    full = "etcd has no space left"
    (tmp_path / "large").write_bytes(os.urandom(450_000).hex().encode())
    names = [f"large-{number}" for number in range(60)]
    for name in names if injected else names[:3]:
        answers(small, "create", "configmap", name, f"--from-file={tmp_path}/large")
        if problem(small).startswith(full):
            break
    if injected:
        wait_until(lambda: problem(small).startswith(full), 30)
        monkeypatch.setattr(cluster_module, "_START_TIMEOUT_S", 10)
        with pytest.raises(UserError, match=full):
            small.up()
        said = cli("status")
        assert said.returncode == 1
        assert f"kubectl --kubeconfig {small.directory.kubeconfig} delete" in said.stdout
        monkeypatch.undo()
    small.kubectl("delete", "configmap", "--ignore-not-found", *names)
    wait_until(lambda: small.cluster.status().healthy, 90)
    small.up()
    small.kubectl("create", "configmap", "after", "--from-literal=answer=42")


@pytest.mark.fault(
    "one object is rewritten until etcd's database is full of its history",
    "The cluster removes the history by itself, and takes writes again.",
    limit_s=400,
)
def test_history_takes_all_space_of_etcd(with_little_space: Life, injected: bool, tmp_path: Path) -> None:
    small = with_little_space
    (tmp_path / "large").write_bytes(os.urandom(450_000).hex().encode())
    small.kubectl("create", "configmap", "large", f"--from-file={tmp_path}/large")
    refused = 0
    for _ in range(60 if injected else 3):
        (tmp_path / "large").write_bytes(os.urandom(450_000).hex().encode())
        manifest = small.kubectl(
            "create", "configmap", "large", f"--from-file={tmp_path}/large", "--dry-run=client", "--output=json"
        )
        refused += not answers(small, "replace", "--filename=-", given=manifest)
        if refused:
            break
    assert bool(refused) == injected
    wait_until(lambda: answers(small, "create", "configmap", "after", "--from-literal=answer=42"), 60)
    wait_until(lambda: small.cluster.status().healthy, 60)
    log = (small.directory.logs / "supervisor.log").read_text()
    assert ("etcd had no space left" in log) == injected


def last_log(small: Life) -> Path:
    return max((small.directory.etcd / "member" / "wal").glob("*.wal"))


def records(log: Path) -> list[int]:
    """Offsets of the records of a write-ahead log, and of the end of the last one.

    Each has its length in 56 bits, and the length of its padding in the lower three bits of the highest byte.
    https://github.com/etcd-io/etcd/blob/main/server/storage/wal/encoder.go
    """
    data, offset, found = log.read_bytes(), 0, []
    while offset + 8 <= len(data):
        (field,) = struct.unpack_from("<Q", data, offset)
        if field == 0:
            break
        found.append(offset)
        padding = field >> 56 & 7 if field >> 63 else 0
        offset += 8 + (field & ((1 << 56) - 1)) + padding
    return [*found, offset]
