"""The kubeconfig files, the context in them, and whether its API server answers."""

import errno
import os
from pathlib import Path
from typing import Any

import pytest
import yaml

from kube.kubeconfig import kubeconfig_files, read_kubeconfig
from tests.unit.kube.clusters import CONTEXT, check, document, error, error_of_context
from tests.unit.web import Web, serving

# The files


def test_the_first_kubeconfig_with_a_context_wins(kubeconfig: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def servers() -> dict[str, Any]:
        clusters = read_kubeconfig(kubeconfig_files())["clusters"]
        return {name: cluster["server"] for name, cluster in clusters.items()}

    second = kubeconfig.with_name("second")
    monkeypatch.setenv("KUBECONFIG", f"{kubeconfig}::{second}")
    kubeconfig.write_text(yaml.safe_dump(document("other", server="https://first.example")))
    second.write_text(yaml.safe_dump(document(server="https://second.example")))
    assert list(read_kubeconfig(kubeconfig_files())["contexts"]) == ["other", CONTEXT]
    assert servers() == {"other-cluster": "https://first.example", "mine-cluster": "https://second.example"}
    kubeconfig.write_text(yaml.safe_dump(document(server="https://first.example")))
    assert servers() == {"mine-cluster": "https://first.example"}


def test_the_default_is_the_kubeconfig_in_the_home_directory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KUBECONFIG", "")
    monkeypatch.setenv("HOME", "/home/user")
    assert kubeconfig_files() == [Path("/home/user/.kube/config")]


@pytest.mark.parametrize(
    ("text", "key", "code"),
    [
        ("contexts: [", "", "kubeconfig-not-yaml"),
        ("just words", "", "kubeconfig-not-mapping"),
        ("contexts: words", ": contexts", "kubeconfig-entries"),
        ("clusters: [words]", ": clusters", "kubeconfig-entries"),
        ("contexts: [{name: mine, context: words}]", ": contexts", "kubeconfig-entries"),
    ],
)
def test_an_invalid_kubeconfig_is_reported_on_one_line(kubeconfig: Path, text: str, key: str, code: str) -> None:
    found = error(kubeconfig, text)
    assert (found.place, found.problem.code) == (f"{kubeconfig}{key}", code)
    assert "\n" not in found.problem.rule


def test_a_directory_is_reported_as_unreadable(kubeconfig: Path) -> None:
    kubeconfig.mkdir()
    found = error(kubeconfig)
    assert (found.place, found.problem.code) == (str(kubeconfig), "kubeconfig-unreadable")
    assert found.problem.words == {"reason": "Is a directory"}


def test_a_kubeconfig_without_read_permission_is_reported(kubeconfig: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(path: Path) -> bytes:
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))

    monkeypatch.setattr(Path, "read_bytes", refused)
    found = error(kubeconfig)
    assert (found.place, found.problem.code) == (str(kubeconfig), "kubeconfig-unreadable")
    assert found.problem.words == {"reason": "Permission denied"}


# The context


def test_a_missing_context_is_reported_with_the_existing_ones(kubeconfig: Path) -> None:
    code, words = error_of_context(kubeconfig, document("another"))
    assert code == "context-missing"
    assert (words["files"], words["contexts"]) == (str(kubeconfig), "another")


def test_the_current_context_does_not_replace_a_missing_one(kubeconfig: Path) -> None:
    code, _ = error_of_context(kubeconfig, document("another") | {"current-context": "another"})
    assert code == "context-missing"


def test_a_missing_kubeconfig_is_reported(kubeconfig: Path) -> None:
    code, words = error_of_context(kubeconfig)
    assert code == "context-missing"
    assert (words["files"], words["contexts"]) == (f"{kubeconfig} (missing)", "none")


def test_a_context_needs_a_cluster(kubeconfig: Path) -> None:
    code, _ = error_of_context(kubeconfig, document() | {"clusters": []})
    assert code == "context-without-server"


# The API server


@pytest.mark.parametrize("status", [200, 401, 403, 500])
def test_any_answer_of_a_server_will_do(kubeconfig: Path, status: int) -> None:
    with serving(Web(status=status)) as api_server:
        check(kubeconfig, document(server=f"{api_server.url}/"))
    assert api_server.asked == ["/version"]


def test_a_server_that_is_down_is_reported_with_its_address(kubeconfig: Path) -> None:
    with serving(Web()) as gone:
        pass
    code, words = error_of_context(kubeconfig, document(server=gone.url))
    assert code == "server-unreachable"
    assert words == {
        "context": CONTEXT,
        "server": gone.url,
        "reason": "[Errno 111] Connection refused",
        "files": str(kubeconfig),
    }


def test_a_slow_server_is_unreachable(kubeconfig: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kube.kubeconfig.TIMEOUT_S", 0.2)
    with serving(Web(delay_s=1)) as api_server:
        code, _ = error_of_context(kubeconfig, document(server=api_server.url))
    assert code == "server-unreachable"


def test_a_cluster_behind_a_proxy_is_asked_through_it(kubeconfig: Path) -> None:
    with serving(Web()) as proxy:
        check(kubeconfig, document(server="http://cluster.invalid:6443", proxy_url=proxy.url))
    assert proxy.asked == ["http://cluster.invalid:6443/version"]


def test_a_cluster_behind_a_socks_proxy_is_not_checked(kubeconfig: Path) -> None:
    check(kubeconfig, document(server="https://cluster.invalid:6443", proxy_url="socks5://127.0.0.1:1"))
