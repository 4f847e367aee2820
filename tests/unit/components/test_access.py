"""How the chat is reached: the lines for a hosts file, and commands that need none."""

import pytest

from components.access import hosts_lines, try_it

URLS = {"web": "http://synchat.internal", "api": "http://synchatapi.internal"}


def test_every_system_is_told_its_file_and_one_line_per_host() -> None:
    lines = "127.0.0.1 synchat.internal\n127.0.0.1 synchatapi.internal"
    assert hosts_lines(URLS, "127.0.0.1") == {
        "linuxAndMacOS": {"file": "/etc/hosts", "lines": lines},
        "windows": {"file": r"C:\Windows\System32\drivers\etc\hosts", "lines": lines},
    }


def test_a_hosts_file_holds_no_ports() -> None:
    assert hosts_lines({"web": "http://synchat.internal:30080"}, "::1")["linuxAndMacOS"]["lines"] == (
        "::1 synchat.internal"
    )


@pytest.mark.parametrize("address", ["lb-1.example.com", ""])
def test_there_are_no_lines_for_what_a_hosts_file_cannot_hold(address: str) -> None:
    assert {each["lines"] for each in hosts_lines(URLS, address).values()} == {""}


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
def test_the_command_to_try_answers_without_a_hosts_file(url: str, address: str, command: str) -> None:
    assert try_it({"web": url}, address, self_signed=False) == {"web": command}


def test_the_api_is_tried_where_it_has_an_answer() -> None:
    assert try_it({"api": "http://a.example"}, "127.0.0.1", self_signed=False)["api"].endswith(
        " http://a.example/healthz"
    )
