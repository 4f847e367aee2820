import json
import os
import socket
from pathlib import Path

import pytest

from local.cluster.cloud.host_ports import listen, owner_of
from local.cluster.cloud.netns import seen_as
from local.cluster.cloud.status_file import StatusFile
from local.errors import UserError

ADDRESS = "127.0.9.2"


def test_the_owner_of_a_listening_port_is_named() -> None:
    with listen("TCP", ADDRESS, 0) as listener:
        port = listener.getsockname()[1]
        assert (owner_of("TCP", ADDRESS, port) or "").startswith(f"pid {os.getpid()} (")
        assert owner_of("TCP", "127.0.9.3", port) is None
    assert owner_of("TCP", ADDRESS, port) is None


@pytest.mark.parametrize(("family", "every"), [(socket.AF_INET, ""), (socket.AF_INET6, "::")])
def test_a_listener_on_a_wildcard_address_blocks_the_port(family: socket.AddressFamily, every: str) -> None:
    try:
        squatter = socket.socket(family)
    except OSError:
        pytest.skip("no IPv6 here")
    with squatter:
        squatter.bind((every, 0))
        squatter.listen()
        port = squatter.getsockname()[1]
        assert owner_of("TCP", ADDRESS, port)
        with pytest.raises(UserError, match=f"TCP port {port} of {ADDRESS} is in use by pid {os.getpid()}"):
            listen("TCP", ADDRESS, port)


def test_a_udp_port_is_not_shared() -> None:
    with listen("UDP", ADDRESS, 0) as first:
        port = first.getsockname()[1]
        with pytest.raises(UserError, match=f"UDP port {port} of {ADDRESS} is in use by pid {os.getpid()}"):
            listen("UDP", ADDRESS, port)


@pytest.mark.parametrize(
    ("client", "seen"),
    [("127.0.0.1", "10.127.0.1"), ("127.9.255.254", "10.127.255.254"), ("192.168.1.7", "192.168.1.7")],
)
def test_pods_see_loopback_clients_under_an_address_to_which_they_can_reply(client: str, seen: str) -> None:
    assert seen_as(client) == seen


def test_the_status_file_collects_errors_and_is_replaced_atomically(tmp_path: Path) -> None:
    status = StatusFile(tmp_path / "cloud-status.json")
    status.set("api", {"error": "6443 is in use"})
    status.set("services", [{"error": None, "ports": [{"error": "80 is in use"}]}])
    found = json.loads((tmp_path / "cloud-status.json").read_text())
    assert found["errors"] == ["6443 is in use", "80 is in use"]
    assert found["pid"] == os.getpid()
    assert [path.name for path in tmp_path.iterdir()] == ["cloud-status.json"]
