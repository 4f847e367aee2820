"""`up` of a cluster whose processes are played."""

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from local.cluster import cluster as cluster_module
from local.cluster import preflight
from local.cluster.cluster import Cluster
from local.cluster.etcd_space import NO_SPACE
from local.cluster.process import Process
from local.errors import UserError
from local.toolchain import Tools
from local.toolchain.pins import ARTEFACTS
from local.toolchain.progress import Progress


class Played(Cluster):
    """A cluster whose supervisor only writes this problem and these components into its status."""

    def __init__(self, problem: str | None, *components: Mapping[str, Any]) -> None:
        super().__init__("test")
        self.report = {"problem": problem, "returning": [], "components": components}
        self.is_stopped = False

    def _start(self) -> Process:
        own = Process.of(os.getpid())
        assert own is not None
        own.write(self.directory.supervisor_pid)
        self.directory.status.write_text(json.dumps(self.report))
        return own

    def _stop(self, supervisor: Process) -> None:
        self.is_stopped = True


def row(name: str, **fields: Any) -> dict[str, Any]:
    return {"name": name, "state": "running", "pid": 1, "restarts": 0, "last_end": None} | fields


@pytest.fixture(autouse=True)
def without_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(preflight, "check", lambda *_: None)
    monkeypatch.setattr(cluster_module, "_START_TIMEOUT_S", 0.2)


def started(cluster: Cluster) -> str:
    """Start the cluster, which must fail, and return what it says."""
    with pytest.raises(UserError) as refused:
        cluster.up(Tools(dict.fromkeys(ARTEFACTS, Path("/tools"))), [], Progress())
    return str(refused.value)


def test_a_full_etcd_is_named_at_once_and_the_node_runs_on_so_that_objects_can_be_deleted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(cluster_module, "_START_TIMEOUT_S", 60)
    cluster = Played(f"{NO_SPACE}: objects take it. Delete some", row("kubelet", state="starting"))
    said = started(cluster)
    assert said.startswith(f"{NO_SPACE}: objects take it. Delete some.")
    assert "log" not in said
    assert not cluster.is_stopped
    assert cluster.status().problem is not None


def test_any_other_problem_is_shown_with_a_log_and_leaves_nothing_half_started() -> None:
    cluster = Played("kubelet is starting", row("kubelet", state="starting"))
    assert "The end of the log of kubelet" in started(cluster)
    assert cluster.is_stopped
