"""The last lines of `make up`, and `make status`."""

import io
import json
import ssl
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any, cast

import pytest
from rich.console import Console

from components.access import hosts_lines, try_it
from components.gateway.self_signed import make_pair
from local.cluster.cluster import Cluster
from local.cluster.status import Status
from tests.unit import program, release
from tests.unit.recording import ADDRESS
from tests.unit.web import Web, serving
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
        "tryIt": try_it(urls, address, is_self_signed=False),
    }


def test_make_up_ends_with_how_to_reach_the_chat(tmp_path: Path) -> None:
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


def test_an_address_that_is_a_host_name_goes_into_dns_and_not_into_a_hosts_file() -> None:
    text = printed(at("lb-1.example.com"))
    assert "point these names to lb-1.example.com in your DNS" in text
    assert "/etc/hosts" not in text


def test_an_ipv6_address_is_printed_whole() -> None:
    assert "--resolve synchat.internal:80:[fd00::1] " in printed(at("fd00::1"))


@dataclass(frozen=True)
class Deployed(Stack):
    """A stack whose objects, except Events, kubectl shows. Without any, its API server does not answer."""

    objects: tuple[dict[str, Any], ...] = ()
    asked: list[str] = field(default_factory=list[str])
    forbidden: str = ""
    exports: dict[str, Any] = field(default_factory=dict[str, Any])

    def kubectl(self, *arguments: str, timeout_s: float = 0) -> CompletedProcess[str]:
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
        return self.exports


def deployed(*objects: dict[str, Any], forbidden: str = "") -> Deployed:
    return Deployed("dev", "kind-one", named=True, objects=objects, forbidden=forbidden)


def failing(stack: Stack) -> list[str]:
    """The lines of all parts that are not well, with one space between columns."""
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


def test_a_user_who_may_not_read_events_sees_the_rest() -> None:
    stack = deployed(in_class("bad", condition("Accepted", "InvalidParameters", "no EnvoyProxy")), forbidden="events")
    assert failing(stack) == ["GatewayClass bad failing InvalidParameters: no EnvoyProxy"]


def test_events_are_not_read_while_all_objects_are_ready() -> None:
    stack = deployed(in_class("good", condition("Accepted", "Accepted", "Valid GatewayClass", "True")))
    assert failing(stack) == []
    assert set(stack.asked) == {"api-resources", "get"}
    assert stack.asked.count("get") == 4  # three selectors, and the CRDs


def test_a_cluster_that_does_not_answer_makes_the_stack_unknown() -> None:
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
def test_a_stack_on_a_cluster_that_is_not_ready_is_not_checked(state: str, problem: str) -> None:
    stack = deployed(in_class("good", condition("Accepted", "Accepted", "Valid GatewayClass", "True")))
    assert status_of(stack, Node(state, problem)) == (
        False,
        f"cluster synergychat: {state} ({problem})\n"
        f"The stack dev is not checked: its cluster is {state}.\n"
        "To start it, or to see why it is not ready: make up CONTEXT=kind-one\n",
    )
    assert stack.asked == []


def test_a_stack_that_was_never_up_is_absent_and_its_objects_are_shown() -> None:
    well, text = status_of(deployed(in_class("good", condition("Accepted", "Accepted", "Valid", "True"))))
    assert not well
    assert [" ".join(line.split()) for line in text.splitlines()] == [
        "what name state",
        "GatewayClass good ok",
        "stack dev absent no `up` has succeeded on kind-one yet: make up CONTEXT=kind-one",
    ]


def url_row(name: str, web: Web, *, self_signed: bool = False) -> str:
    """The line for an app of this name whose host the gateway serves from `web`."""
    url = web.url.replace("127.0.0.1", "synchat.internal")
    commands = try_it({name: url}, "127.0.0.1", is_self_signed=self_signed)
    stack = Deployed("dev", "kind-one", named=True, exports={"tryIt": commands, "gatewayAddress": "127.0.0.1"})
    (line,) = [line for line in status_of(stack)[1].splitlines() if line.startswith("URL")]
    return " ".join(line.split()).replace(url, "URL")


@pytest.mark.parametrize(
    ("name", "status", "line"),
    [
        ("web", 200, "URL web ok URL/ answers 200"),
        ("api", 200, "URL api ok URL/healthz answers 200"),
        ("api", 404, "URL api failing URL/healthz answers 404"),
        ("api", 503, "URL api failing URL/healthz answers 503"),
        ("web", 401, "URL web ok URL/ answers 401"),  # a policy asks for credentials, which status does not have
        ("shop", 404, "URL shop ok URL/ answers 404"),  # nobody knows a path that it answers
        ("shop", 502, "URL shop failing URL/ answers 502"),
    ],
)
def test_every_app_is_asked_for_a_path_that_it_answers(name: str, status: int, line: str) -> None:
    with serving(Web(status=status)) as web:
        assert url_row(name, web) == line
        assert web.asked == ["/healthz" if name == "api" else "/"]


def test_a_certificate_is_checked_for_the_host_name_unless_the_stack_signs_it_itself(tmp_path: Path) -> None:
    pair = make_pair(["synchat.internal"], datetime.now(UTC))
    (tmp_path / "pair.pem").write_bytes(pair.key + pair.certificate)
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(tmp_path / "pair.pem")
    asked: list[str | None] = []
    tls.sni_callback = lambda _, name, __: asked.append(name)
    with serving(Web(), tls) as web:
        assert url_row("web", web, self_signed=True) == "URL web ok URL/ answers 200"
        assert "certificate verify failed" in url_row("web", web)
    assert asked == ["synchat.internal"] * 2
