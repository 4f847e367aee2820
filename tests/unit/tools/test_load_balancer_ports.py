"""Ports that must be free before a local cluster starts."""

import json
from pathlib import Path
from typing import Any

import pytest

from tools import environment
from tools.load_balancer_ports import ports_to_serve
from tools.stack import Stack

HTTPS = {"selfSigned": True, "port": 8443}
TCP = {"name": "chat", "protocol": "TCP", "port": 9000}
UDP = {"name": "dns", "protocol": "UDP", "port": 5353}


def ports(directory: Path, context: str = "", **config: Any) -> tuple[int, ...]:
    """The ports of a stack whose file sets these keys."""
    values = {f"synergychat:{key}": value for key, value in config.items()}
    (directory / "Pulumi.mine.yaml").write_text(json.dumps({"config": values}))
    return ports_to_serve(Stack.of("mine", context))


@pytest.fixture(autouse=True)
def own_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(environment, "REPOSITORY", tmp_path)


@pytest.mark.parametrize(
    ("gateway", "expected"),
    [
        ({}, (80,)),
        ({"name": "other"}, (80,)),
        ({"port": 8080}, (8080,)),
        ({"https": HTTPS}, (8443, 80)),
        ({"https": {"selfSigned": True}}, (443, 80)),
        ({"https": {"hosts": {"synchat.internal": {"selfSigned": True}}}}, (443, 80)),
        ({"listeners": [TCP]}, (9000, 80)),
        ({"listeners": [TCP, {**TCP, "name": "more"}]}, (9000, 80)),
        ({"listeners": [UDP]}, (80,)),  # a TCP server on this port is not in its way
        ({"exposure": "NodePort", "nodePort": 30080}, ()),
        ({"exposure": "ClusterIP", "https": HTTPS}, ()),
    ],
)
def test_the_ports_are_those_of_every_listener_of_a_load_balancer(
    tmp_path: Path, gateway: dict[str, Any], expected: tuple[int, ...]
) -> None:
    assert ports(tmp_path, context="kind-one", gateway=gateway) == expected


def test_the_ports_of_further_gateways_count_too(tmp_path: Path) -> None:
    gateways = {
        "public": {"port": 8080, "https": HTTPS, "listeners": [TCP]},
        "nodes": {"exposure": "NodePort", "nodePort": 30080},
    }
    assert ports(tmp_path, context="kind-one", gateways=gateways) == (80, 9000, 8443, 8080)


@pytest.mark.parametrize(
    "gateway", [8080, {"port": 99999}, {"port": [80]}, {"prot": 80}, {"exposure": "NodePort"}, {"listeners": [{}]}]
)
def test_a_config_with_problems_has_no_ports_as_the_program_reports_the_problems(tmp_path: Path, gateway: Any) -> None:
    assert ports(tmp_path, context="kind-one", gateway=gateway) == ()
