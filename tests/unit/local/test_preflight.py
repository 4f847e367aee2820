"""Preflight checks: each failed check is reported with its fix."""

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
    """A machine that passes all other checks."""
    monkeypatch.setattr(preflight, "_impossible", lambda: iter(()))
    monkeypatch.setattr(preflight, "_kernel", lambda: iter(()))
    monkeypatch.setattr(preflight, "_resources", lambda _: iter(()))
    monkeypatch.setattr(cgroups, "missing_controllers", list[str])
    monkeypatch.setattr(cgroups, "busy_roots", list[str])


def refusal(ports_to_serve: Sequence[int] = ()) -> str:
    """Return why a cluster cannot start here, empty if it can."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        api_port = free.getsockname()[1]
    try:
        preflight.check(Directory("test"), Settings(api_port, ADDRESS), ports_to_serve)
    except UserError as error:
        return str(error)
    return ""


def test_the_ports_that_the_stack_serves_must_be_free_and_no_others() -> None:
    with socket.create_server((ADDRESS, 0)) as taken:
        port = taken.getsockname()[1]
        assert f"TCP port {port} of {ADDRESS} is in use by pid" in refusal([port])
        assert refusal() == ""
    assert refusal([port]) == ""


def test_a_container_root_cgroup_with_processes_is_reported_with_both_fixes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(cgroups, "busy_roots", lambda: ["/sys/fs/cgroup"])
    assert refusal() == (
        "The cluster test cannot be started here, for one reason:\n"
        "- The cgroup /sys/fs/cgroup holds processes of its own, so it cannot delegate controllers to the cluster. "
        "It is the root cgroup of a container.\n"
        "    Start the container with the host's cgroups (docker run --privileged --cgroupns=host), or run in it: "
        "mkdir -p /sys/fs/cgroup/init && xargs -rn1 < /sys/fs/cgroup/cgroup.procs > /sys/fs/cgroup/init/cgroup.procs"
    )
