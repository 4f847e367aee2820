"""What `make up` prints at its end, and what `make status` does."""

import io
import json
from dataclasses import dataclass, field
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any, cast

import pytest
from rich.console import Console

from components.access import hosts_lines, try_it
from local.cluster.cluster import Cluster
from local.cluster.status import Status
from tests.unit import program, release
from tests.unit.recording import ADDRESS
from tools.stack import Stack
from tools.status import print_access, report


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


@dataclass(frozen=True)
class Deployed(Stack):
    """A stack whose objects kubectl shows, but for Events; without any, its API server is away."""

    objects: tuple[dict[str, Any], ...] = ()
    asked: list[str] = field(default_factory=list[str])
    forbidden: str = ""

    def kubectl(self, *arguments: str) -> CompletedProcess[str]:
        self.asked.append(arguments[0])
        if not self.objects:
            return CompletedProcess(arguments, 1, "", "E1124 a try\nit is away\n")
        if arguments[0] == "api-resources":
            kinds = {(item["apiVersion"], item["kind"]) for item in self.objects}
            lines = [f"{kind.lower()}s  {version}  true  {kind}" for version, kind in sorted(kinds)]
            return CompletedProcess(arguments, 1, "\n".join(lines), "error: metrics.k8s.io/v1 does not answer")
        if self.forbidden in arguments:
            return CompletedProcess(arguments, 1, "", f"{self.forbidden} is forbidden")
        if arguments[0] == "logs":
            return CompletedProcess(arguments, 0, "the last word\n", "")
        ours = "app.kubernetes.io/part-of=synergychat" in arguments
        names = [name.partition(".")[0] for name in arguments[1].split(",")]
        items = [item for item in self.objects if ours and item["kind"].lower() in names]
        # As kubectl does for a kind that is not installed.
        known = {item["kind"].lower() for item in self.objects} | {"events", "replicaset", "pod"}
        code = 0 if known.issuperset(names) else 1
        return CompletedProcess(arguments, code, json.dumps({"items": items}), "there is no such kind")

    def outputs(self) -> dict[str, Any]:
        return {}


def deployed(*objects: dict[str, Any], forbidden: str = "") -> Deployed:
    return Deployed("dev", "kind-one", named=True, objects=objects, forbidden=forbidden)


def failing(stack: Stack) -> list[str]:
    """The lines of what is not well, with the columns a space apart."""
    _, text = status_of(stack)
    lines = [" ".join(line.split()) for line in text.splitlines()]
    return [line for line in lines if " failing " in line or " unknown " in line]


def status_of(stack: Stack, node: "Node | None" = None) -> tuple[bool, str]:
    text = io.StringIO()
    well = report(stack, cast(Cluster, node), Console(file=text, width=200))
    return well, text.getvalue()


def condition(kind: str, reason: str, message: str, status: str = "False") -> dict[str, str]:
    return {"type": kind, "status": status, "reason": reason, "message": message}


def in_class(name: str, *conditions: dict[str, str]) -> dict[str, Any]:
    return {
        "apiVersion": "gateway.networking.k8s.io/v1",
        "kind": "GatewayClass",
        "metadata": {"name": name, "uid": name, "generation": 1},
        "status": {"conditions": conditions},
    }


def test_an_object_that_is_not_ready_says_why() -> None:
    stack = deployed(
        in_class("good", condition("Accepted", "Accepted", "Valid GatewayClass", "True")),
        in_class("bad", condition("Accepted", "InvalidParameters", "no EnvoyProxy [bold]envoy-gateway/bad[/bold]")),
    )
    assert failing(stack) == [
        "GatewayClass bad failing InvalidParameters: no EnvoyProxy [bold]envoy-gateway/bad[/bold]",
    ]


def test_who_may_not_read_events_is_shown_the_rest() -> None:
    stack = deployed(in_class("bad", condition("Accepted", "InvalidParameters", "no EnvoyProxy")), forbidden="events")
    assert failing(stack) == ["GatewayClass bad failing InvalidParameters: no EnvoyProxy"]


def test_with_all_objects_well_no_event_is_asked_for() -> None:
    stack = deployed(in_class("good", condition("Accepted", "Accepted", "Valid GatewayClass", "True")))
    assert failing(stack) == []
    assert set(stack.asked) == {"api-resources", "get"}
    assert stack.asked.count("get") == 4  # three selectors, and the CRDs


def test_a_cluster_that_does_not_answer_is_said_not_to() -> None:
    assert failing(deployed()) == ["stack dev unknown it is away"]


class Node:
    """A local cluster in the given state."""

    def __init__(self, state: str, problem: str | None = None) -> None:
        self._status = Status("synergychat", state, problem)

    def status(self) -> Status:
        return self._status


@pytest.mark.parametrize(
    ("state", "problem"),
    [("absent", "it was never started"), ("stopped", "it is not running"), ("starting", "etcd does not answer")],
)
def test_of_a_stack_whose_cluster_is_not_ready_nothing_is_claimed_but_how_to_start_it(state: str, problem: str) -> None:
    stack = deployed(in_class("good", condition("Accepted", "Accepted", "Valid GatewayClass", "True")))
    assert status_of(stack, Node(state, problem)) == (
        False,
        f"cluster synergychat: {state} ({problem})\n"
        f"The stack dev is not looked at: its cluster is {state}.\n"
        "To start it, or to read what keeps it from being ready: make up CONTEXT=kind-one\n",
    )
    assert stack.asked == []


def test_a_stack_that_was_never_up_is_absent_and_what_there_is_of_it_is_shown() -> None:
    well, text = status_of(deployed(in_class("good", condition("Accepted", "Accepted", "Valid", "True"))))
    assert not well
    assert [" ".join(line.split()) for line in text.splitlines()] == [
        "what name state",
        "GatewayClass good ok",
        "stack dev absent no `up` has ended well on kind-one: make up CONTEXT=kind-one",
    ]
