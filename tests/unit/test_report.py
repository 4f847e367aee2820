"""What `make up` prints at its end, from what the program exports."""

import io
from pathlib import Path
from typing import Any

from rich.console import Console

from components.access import hosts_lines, try_it
from local.report import print_access
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
        "tryIt": try_it(urls, address),
    }


def test_the_exports_of_the_program_are_what_the_report_reads(tmp_path: Path) -> None:
    manifest = tmp_path / "install.yaml"
    manifest.write_bytes(release.text())
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
