"""What `make up` prints at its end: from what the program exports, or from what is not ready."""

import io
import json
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any, cast

from rich.console import Console

from components.access import hosts_lines, try_it
from local.report import print_access, print_failing
from local.stack import Stack
from tests.unit import program, release
from tests.unit.recording import ADDRESS


def printed(outputs: dict[str, Any]) -> str:
    text = io.StringIO()
    print_access(outputs, Console(file=text, width=40))
    return text.getvalue()


def at(address: str) -> dict[str, Any]:
    urls = {"web": "http://synchat.internal"}
    return {
        "urls": urls,
        "gatewayAddress": address,
        "hostsLines": hosts_lines(urls, address),
        "tryIt": try_it(urls, address, self_signed=False),
    }


def test_the_exports_of_the_program_are_what_the_report_reads(tmp_path: Path) -> None:
    manifest = tmp_path / "install.yaml"
    manifest.write_bytes(release.text(*release.with_every_kind()))
    config = {"synergychat:envoyGateway": {"manifest": str(manifest)}}
    assert printed(program.run(tmp_path, config=config).exports) == (
        "\n"
        "  api  http://synchatapi.internal\n"
        "  web  http://synchat.internal\n"
        "\n"
        r"For a browser, add to /etc/hosts (on Windows: C:\Windows\System32\drivers\etc\hosts):" + "\n"
        f"  {ADDRESS} synchat.internal\n"
        f"  {ADDRESS} synchatapi.internal\n"
        "\n"
        "Without that:\n"
        f"  curl --resolve synchatapi.internal:80:{ADDRESS} http://synchatapi.internal/healthz\n"
        f"  curl --resolve synchat.internal:80:{ADDRESS} http://synchat.internal/\n"
    )


def test_an_address_that_is_a_name_is_for_dns_and_not_for_a_hosts_file() -> None:
    text = printed(at("lb-1.example.com"))
    assert "let these names lead to lb-1.example.com in your DNS" in text
    assert "/etc/hosts" not in text


def test_an_ipv6_address_is_printed_whole() -> None:
    assert "--resolve synchat.internal:80:[fd00::1] " in printed(at("fd00::1"))


class Deployed:
    """A stack's objects as kubectl shows them; without any, an API server that is away."""

    name = "dev"

    def __init__(self, *objects: dict[str, Any]) -> None:
        self._objects = objects

    def kubectl(self, *arguments: str) -> CompletedProcess[str]:
        kinds = arguments[1].split(",")
        items = [each for each in self._objects if each["kind"].lower() in kinds]
        return CompletedProcess(arguments, 0 if self._objects else 1, json.dumps({"items": items}), "it is away")


def failing(*objects: dict[str, Any]) -> str:
    text = io.StringIO()
    print_failing(cast(Stack, Deployed(*objects)), Console(file=text, width=200))
    return text.getvalue()


def condition(kind: str, reason: str, message: str, status: str = "False") -> dict[str, str]:
    return {"type": kind, "status": status, "reason": reason, "message": message}


def test_after_a_failed_up_an_object_that_is_not_ready_says_why_and_others_say_nothing() -> None:
    gateway_class = {"status": {"conditions": [condition("Accepted", "Accepted", "Valid GatewayClass", "True")]}}
    reason = condition("Programmed", "AddressNotAssigned", "No addresses have been assigned to the Gateway")
    text = failing(
        {"kind": "GatewayClass", "metadata": {"name": "app-gatewayclass"}} | gateway_class,
        {"kind": "Gateway", "metadata": {"name": "app-gateway"}, "status": {"conditions": [reason]}},
        {"kind": "HTTPRoute", "metadata": {"name": "web-httproute"}},
        {"kind": "Deployment", "metadata": {"name": "synergychat-web"}, "spec": {"replicas": 1}, "status": {}},
    )
    lines = [" ".join(line.split()) for line in text.splitlines()]
    assert lines[3:] == [
        "Gateway app-gateway failing AddressNotAssigned: No addresses have been assigned to the Gateway",
        "HTTPRoute web-httproute failing no status yet; no status yet",
        "Deployment synergychat-web failing 0/1 ready",
    ]


def test_after_a_failed_up_a_cluster_that_does_not_answer_is_said_not_to() -> None:
    assert "it is away" in failing()
