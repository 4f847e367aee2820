"""Access: lines for a hosts file, and commands that work without one."""

import pytest

from components.access import hosts_lines, try_it

URLS = {"web": "http://synchat.internal", "api": "http://synchatapi.internal"}


def test_each_operating_system_gets_its_hosts_file_and_one_line_per_host() -> None:
    lines = "127.0.0.1 synchat.internal\n127.0.0.1 synchatapi.internal"
    assert hosts_lines(URLS, "127.0.0.1") == {
        "linuxAndMacOS": {"file": "/etc/hosts", "lines": lines},
        "windows": {"file": r"C:\Windows\System32\drivers\etc\hosts", "lines": lines},
    }


def test_lines_of_a_hosts_file_have_no_ports() -> None:
    assert hosts_lines({"web": "http://synchat.internal:30080"}, "::1")["linuxAndMacOS"]["lines"] == (
        "::1 synchat.internal"
    )


@pytest.mark.parametrize("address", ["lb-1.example.com", ""])
def test_a_host_name_or_no_address_gives_no_lines(address: str) -> None:
    assert {system["lines"] for system in hosts_lines(URLS, address).values()} == {""}


@pytest.mark.parametrize(
    ("url", "address", "command"),
    [
        (
            "http://a.example",
            "127.0.0.1",
            "curl --resolve a.example:80:127.0.0.1 http://a.example/",
        ),
        (
            "http://a.example:30080",
            "10.0.0.4",
            "curl --resolve a.example:30080:10.0.0.4 http://a.example:30080/",
        ),
        (
            "http://a.example",
            "2001:db8::1",
            "curl --resolve a.example:80:[2001:db8::1] http://a.example/",
        ),
        (
            "http://a.example:8080",
            "lb-1.example.com",
            "curl --connect-to a.example:8080:lb-1.example.com:8080 http://a.example:8080/",
        ),
    ],
)
def test_the_command_needs_no_hosts_file(url: str, address: str, command: str) -> None:
    assert try_it({"web": url}, address, is_self_signed=False) == {"web": command}


def test_the_api_is_asked_for_a_path_that_answers() -> None:
    assert try_it({"api": "http://a.example"}, "127.0.0.1", is_self_signed=False)["api"].endswith(
        " http://a.example/healthz"
    )


def test_self_signed_certificates_are_accepted() -> None:
    command = try_it({"web": "https://a.example"}, "127.0.0.1", is_self_signed=True)["web"]
    assert command == "curl --insecure --resolve a.example:443:127.0.0.1 https://a.example/"
