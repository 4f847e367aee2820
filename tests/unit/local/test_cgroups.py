"""The cluster's cgroup in every hierarchy, tested with sample mount tables and on this machine."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from local.cluster import cgroups
from local.paths import REPOSITORY

HYBRID = """\
22 27 0:21 / /proc rw,relatime shared:5 - proc proc rw
31 23 0:28 / /sys/fs/cgroup ro,nosuid shared:9 - tmpfs tmpfs ro,mode=755
32 31 0:29 / /sys/fs/cgroup/unified rw,nosuid shared:10 - cgroup2 cgroup2 rw,nsdelegate
33 31 0:30 / /sys/fs/cgroup/systemd rw,nosuid shared:11 - cgroup cgroup rw,xattr,name=systemd
34 31 0:31 / /sys/fs/cgroup/cpu,cpuacct rw,nosuid shared:12 master:3 - cgroup cgroup rw,cpu,cpuacct
35 31 0:32 / /sys/fs/cgroup/memory rw,nosuid - cgroup cgroup rw,memory
36 31 0:33 /docker/1234 /sys/fs/cgroup/pids rw,nosuid - cgroup cgroup rw,pids
37 27 254:0 /cgroup2 /srv/cgroup rw,relatime shared:1 - ext4 /dev/vda rw
"""
PURE = """\
22 27 0:21 / /proc rw,relatime shared:5 - proc proc rw
30 25 0:26 / /sys/fs/cgroup rw,nosuid,nodev,noexec shared:4 - cgroup2 cgroup2 rw,nsdelegate,memory_recursiveprot
"""

# Joins the group, prints `joined`, then waits until its input ends.
_MEMBER = """
import sys
from local.cluster import cgroups

if sys.argv[2] == "node":
    cgroups.join(sys.argv[1])
else:
    open(sys.argv[2], "w").write("0")
print("joined", flush=True)
sys.stdin.read()
"""


def _hierarchies(tmp_path: Path, table: str) -> list[Path]:
    (tmp_path / "mountinfo").write_text(table)
    return cgroups.hierarchies(tmp_path / "mountinfo")


def test_every_hierarchy_of_a_machine_with_both_versions_is_found(tmp_path: Path) -> None:
    names = ("unified", "systemd", "cpu,cpuacct", "memory", "pids")
    assert _hierarchies(tmp_path, HYBRID) == [Path("/sys/fs/cgroup", name) for name in names]


def test_version_2_alone_is_one_hierarchy(tmp_path: Path) -> None:
    assert _hierarchies(tmp_path, PURE) == [Path("/sys/fs/cgroup")]


def test_a_hierarchy_mounted_twice_counts_once(tmp_path: Path) -> None:
    assert _hierarchies(tmp_path, PURE + PURE) == [Path("/sys/fs/cgroup")]


def test_a_machine_without_cgroups_has_no_hierarchy(tmp_path: Path) -> None:
    assert _hierarchies(tmp_path, PURE.splitlines()[0]) == []


def _offer(monkeypatch: pytest.MonkeyPatch, root: Path, files: dict[str, str]) -> None:
    """Replace the machine's hierarchies by `files` below `root`."""
    for name, content in files.items():
        (root / name).parent.mkdir(exist_ok=True)
        (root / name).write_text(content)
    monkeypatch.setattr(cgroups, "hierarchies", lambda: sorted(path for path in root.iterdir() if path.is_dir()))


def test_a_controller_that_version_2_does_not_offer_is_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _offer(monkeypatch, tmp_path, {"unified/cgroup.controllers": "cpuset cpu io memory\n"})
    assert cgroups.missing_controllers() == ["pids"]


def test_version_1_controllers_are_found_by_their_files_or_their_mount(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    version_1 = {"cpu,cpuacct/cgroup.procs": "", "set/cpuset.cpus": "0", "all/memory.limit_in_bytes": "0"}
    _offer(monkeypatch, tmp_path, version_1)
    assert cgroups.missing_controllers() == ["pids"]
    _offer(monkeypatch, tmp_path, {"unified/cgroup.controllers": "pids\n"})
    assert cgroups.missing_controllers() == []


CONTAINER = {
    "cgroup.controllers": "cpuset cpu io memory pids\n",
    "cgroup.subtree_control": "",
    "cgroup.type": "domain\n",
    "cgroup.procs": "1\n7\n",
}
"""The version 2 root in a container with its own cgroup namespace."""


@pytest.mark.parametrize(
    ("changed", "busy"),
    [
        ({}, True),
        ({"cgroup.procs": ""}, False),
        ({"cgroup.subtree_control": "cpuset cpu memory pids\n"}, False),
        ({"cgroup.subtree_control": "cpu memory\n"}, True),
        ({"cgroup.controllers": "io\n"}, False),
        ({"cgroup.type": None}, False),
    ],
    ids=["busy", "empty", "delegated", "delegated in part", "nothing to delegate", "the machine's root"],
)
def test_a_container_root_with_processes_and_undelegated_controllers_is_busy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, changed: dict[str, str | None], busy: bool
) -> None:
    files = {name: text for name, text in (CONTAINER | changed).items() if text is not None}
    _offer(monkeypatch, tmp_path, {f"unified/{name}": text for name, text in files.items()})
    assert cgroups.busy_roots() == ([tmp_path / "unified"] if busy else [])


def test_a_hierarchy_of_version_1_is_never_busy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _offer(monkeypatch, tmp_path, {"memory/cgroup.procs": "1\n", "memory/memory.limit_in_bytes": "0"})
    assert cgroups.busy_roots() == []


@pytest.fixture
def group() -> Iterator[str]:
    if os.geteuid() != 0:
        pytest.skip("making a cgroup needs root")
    if not all(os.access(root, os.W_OK) for root in cgroups.hierarchies()):
        pytest.skip("cgroups are mounted read-only here")
    name = f"synergychat-unit-test-{os.getpid()}"
    yield name
    cgroups.remove(name)
    assert _paths(name) == []


def _paths(group: str) -> list[Path]:
    return [root / group for root in cgroups.hierarchies() if (root / group).exists()]


def _member(group: str, place: Path | str = "node") -> subprocess.Popen[str]:
    command = [sys.executable, "-c", _MEMBER, group, str(place)]
    member = subprocess.Popen(command, cwd=REPOSITORY, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert member.stdout is not None
    assert member.stdout.readline() == "joined\n"
    return member


def _pod(group: str) -> Path:
    """Create a group for a pod, as kubelet does, in a hierarchy whose groups need no setup."""
    for root in cgroups.hierarchies():
        if (root / "cgroup.controllers").exists() or not (root / group / "cpuset.cpus").exists():
            pod = root / group / "kubepods" / "pod-1"
            pod.mkdir(parents=True)
            return pod
    pytest.skip("every hierarchy here has the cpuset controller")


def test_a_group_is_created_in_and_removed_from_every_hierarchy(group: str) -> None:
    cgroups.create(group)
    cgroups.create(group)  # a group that a killed run left is reused
    assert len(_paths(group)) == len(cgroups.hierarchies()) > 0
    assert cgroups.remove(group) == []
    assert _paths(group) == []
    assert cgroups.remove(group) == []


def test_a_process_that_joined_is_in_the_group_in_every_hierarchy(group: str) -> None:
    cgroups.create(group)
    with _member(group) as member:
        own = Path(f"/proc/{member.pid}/cgroup").read_text().splitlines()
        # The file also lists hierarchies that are not mounted here.
        assert sum(line.endswith(f"/{group}/node") for line in own) == len(cgroups.hierarchies())
        assert cgroups.processes(group) == [member.pid]
        assert os.getpid() not in cgroups.processes(group)


def test_removing_a_group_kills_its_processes_including_pods(group: str) -> None:
    cgroups.create(group)
    pod = _pod(group)
    with _member(group) as of_node, _member(group, pod / "cgroup.procs") as of_pod:
        assert cgroups.processes(group) == sorted([of_node.pid, of_pod.pid])
        assert cgroups.processes(group, of_pods=True) == [of_pod.pid]
        assert cgroups.remove(group) == []
        assert (of_node.wait(), of_pod.wait()) == (-9, -9)
    assert _paths(group) == []


def test_a_group_that_cannot_be_removed_is_named(group: str, monkeypatch: pytest.MonkeyPatch) -> None:
    cgroups.create(group)
    with _member(group), monkeypatch.context() as nothing_can_be_killed:
        nothing_can_be_killed.setattr(cgroups.os, "kill", lambda *_: None)
        nothing_can_be_killed.setattr(cgroups, "_REMOVE_TIMEOUT_S", -1)
        left = cgroups.remove(group)
        assert left
        assert all(line.startswith("cgroup /") and group in line for line in left)
