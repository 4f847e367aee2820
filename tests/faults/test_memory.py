"""No memory is left for the node: a pod ends, and no component of the cluster."""

import json
from collections.abc import Iterator

import pytest

from local.cluster import cgroups
from tests.live.test_cluster_hardening import pod
from tests.live.test_cluster_lifecycle import KEPT_RUNNING, Life
from tests.live.waiting import wait_until

_LEFT = 400 << 20
"""Bytes that the node may take on top of what it has."""
_FILES = {"memory.max": ("memory.current", "max"), "memory.limit_in_bytes": ("memory.usage_in_bytes", "-1")}
"""The files of both versions of cgroups: limit, usage, and the text for no limit."""


@pytest.fixture
def limited(small: Life) -> Iterator[Life]:
    """A cluster whose processes together may take little more memory than they have."""
    own = [root / small.settings().cgroup for root in cgroups.hierarchies()]
    ((limit, usage, none),) = [
        (group / limit, group / usage, none)
        for group in own
        for limit, (usage, none) in _FILES.items()
        if (group / limit).exists()
    ]
    limit.write_text(str(int(usage.read_text()) + _LEFT))
    yield small
    limit.write_text(none)


@pytest.mark.fault(
    "a pod without a limit takes all memory that the node has",
    "The pod is killed first; no component restarts, another pod goes on, and the node is ready.",
)
def test_a_pod_takes_all_memory_of_the_node(limited: Life, injected: bool) -> None:
    limited.kubectl("run", "quiet", "--image=registry.k8s.io/pause:3.10")
    limited.kubectl("wait", "--for=condition=Ready", "pod/quiet", "--timeout=60s")
    before = _processes(limited)
    # `tail` keeps a last line, which has no end here.
    script = "tail /dev/zero" if injected else "tail -c 1 /proc/self/status"
    limited.kubectl("apply", "--filename=-", given=pod("hog", script, {}))
    wait_until(lambda: _phase(limited, "hog") in ("Failed", "Succeeded"), 120)
    status = json.loads(limited.kubectl("get", "pod", "hog", "--output=json"))["status"]
    ended = status["containerStatuses"][0]["state"]["terminated"]
    assert ended["exitCode"] == (137 if injected else 0)
    wait_until(lambda: limited.cluster.status().healthy, 90)
    assert _processes(limited) == before
    quiet = json.loads(limited.kubectl("get", "pod", "quiet", "--output=json"))["status"]["containerStatuses"][0]
    assert (quiet["ready"], quiet["restartCount"]) == (True, 0)


def _processes(life: Life) -> dict[str, tuple[int, int]]:
    return {row["name"]: (row["pid"], row["restarts"]) for row in map(life.component, KEPT_RUNNING)}


def _phase(life: Life, name: str) -> str:
    return life.kubectl("get", "pod", name, "--output=jsonpath={.status.phase}")
