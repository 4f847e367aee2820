"""What is checked before a cluster starts: each failing condition with its cure."""

import socket
from collections.abc import Sequence

import pytest

from local.cluster import cgroups, preflight
from local.cluster.directory import Directory
from local.cluster.settings import Settings
from local.errors import UserError

ADDRESS = "127.0.9.1"


@pytest.fixture(autouse=True)
def machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """One on which all is well, whatever runs these tests."""
    monkeypatch.setattr(preflight, "_impossible", lambda: iter(()))
    monkeypatch.setattr(preflight, "_kernel", lambda: iter(()))
    monkeypatch.setattr(preflight, "_room", lambda _: iter(()))
    monkeypatch.setattr(cgroups, "missing_controllers", list[str])
    monkeypatch.setattr(cgroups, "busy_roots", list[str])


def refusal(ports_to_serve: Sequence[int] = ()) -> str:
    """What keeps a cluster from starting here, empty when nothing does."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        api_port = free.getsockname()[1]
    try:
        preflight.check(Directory("test"), Settings(api_port, ADDRESS), ports_to_serve)
    except UserError as error:
        return str(error)
    return ""


def test_a_port_that_the_stack_will_serve_must_be_free_and_no_other() -> None:
    with socket.create_server((ADDRESS, 0)) as taken:
        port = taken.getsockname()[1]
        assert f"TCP port {port} of {ADDRESS} is taken by pid" in refusal([port])
        assert refusal() == ""
    assert refusal([port]) == ""


def test_a_containers_root_cgroup_that_holds_processes_is_named_with_both_ways_out(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(cgroups, "busy_roots", lambda: ["/sys/fs/cgroup"])
    assert refusal() == (
        "The cluster test cannot be started here, for one thing:\n"
        "- The cgroup /sys/fs/cgroup holds processes of its own, so it cannot hand controllers down to the cluster's: "
        "it is the root of a container.\n"
        "    Start the container with the host's cgroups (docker run --privileged --cgroupns=host), or in it type: "
        "mkdir -p /sys/fs/cgroup/init && xargs -rn1 < /sys/fs/cgroup/cgroup.procs > /sys/fs/cgroup/init/cgroup.procs"
    )
