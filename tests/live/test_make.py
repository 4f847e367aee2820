"""The targets of make as a new user types them, with a separate state directory, and with interruptions."""

import json
import os
import signal
import subprocess
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import httpx
import pytest
import yaml

from local.cluster.directory import DEFAULT_NAME
from local.paths import state_root
from local.venv import VENV
from tests.live.newcomer import ADDRESS, Newcomer, newcomer_in
from tools.environment import stack_file


@pytest.fixture(scope="module")
def newcomer() -> Iterator[Newcomer]:
    """A user with a fixed directory, so that the next run can stop the cluster of a killed one."""
    with newcomer_in(state_root() / "test-newcomer") as newcomer:
        yield newcomer


def _kill_when_said(process: subprocess.Popen[str], text: str) -> None:
    """End it and all that it started, in the middle of things."""
    assert process.stdout is not None
    assert any(text in line for line in process.stdout), f"it ended without saying {text!r}"
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def _answer(host: str, path: str = "/") -> int:
    return httpx.get(f"http://{ADDRESS}{path}", headers={"Host": host}, trust_env=False).status_code


def test_a_preview_needs_no_cluster_and_lists_what_it_would_create(newcomer: Newcomer) -> None:
    code, said = newcomer.make("preview")
    assert code == 0, said
    assert "HTTPRoute web-route create" in said
    assert "synchatapi.internal" in said
    assert len(said.splitlines()) < 200
    assert not (newcomer.state / "clusters" / DEFAULT_NAME / "supervisor.pid").exists()


def test_a_preview_shows_every_field_on_request(newcomer: Newcomer) -> None:
    code, said = newcomer.make("preview", "DIFF=1")
    assert code == 0, said
    assert "app-gatewayclass" in said
    assert '[0]: "synchat.internal"' in said


@pytest.mark.fault(
    "`make up` with the installation of Envoy Gateway is killed twice, then started twice at once",
    "One run waits for the other, and the chat answers",
)
def test_up_is_killed_twice_and_then_typed_twice_at_once_and_the_chat_answers(newcomer: Newcomer) -> None:
    _kill_when_said(newcomer.start("make", "up"), "start Kubernetes")
    _kill_when_said(newcomer.start("make", "up"), "Deployment synergychat-")
    runs = [newcomer.start("make", "up") for _ in range(2)]
    said = [run.communicate(timeout=300)[0] for run in runs]
    assert [run.returncode for run in runs] == [0, 0], said
    assert sum("waiting for it" in text for text in said) == 1
    assert all(f"{ADDRESS} synchat.internal" in text for text in said)
    assert _answer("synchat.internal") == 200
    assert _answer("synchatapi.internal", "/healthz") == 200
    for text in said:
        lines = [line for line in text.splitlines() if line]
        assert len(lines) == len(set(lines)), text
        assert "done update the stack dev" in text
        assert "jsonpath" not in text and "{." not in text
        assert "Traceback" not in text


def test_status_shows_every_part_and_that_all_is_well(newcomer: Newcomer) -> None:
    code, said = newcomer.make("status")
    assert code == 0, said
    for part in ("kubelet", "app-gatewayclass", "app-gateway", "web-httproute"):
        assert part in said
    assert "http://synchat.internal/ answers 200" in said
    assert "http://synchatapi.internal/healthz answers 200" in said


@pytest.mark.parametrize("asked", [(), ("LIVE=1",)], ids=["Envoy here", "the running gateway"])
def test_the_stack_answers_as_its_tests_promise(asked: tuple[str, ...], newcomer: Newcomer) -> None:
    code, said = newcomer.make("test-stack", *asked)
    assert code == 0, said
    assert "2 of 2 requests end as promised." in said


def test_a_second_up_changes_nothing_and_takes_less_than_twice_as_long_as_a_preview(newcomer: Newcomer) -> None:
    def timed(target: str) -> float:
        started = time.monotonic()
        code, said = newcomer.make(target)
        assert code == 0, said
        assert "unchanged" in said
        return time.monotonic() - started

    # A ratio, because the machines that run this differ in speed.
    preview, up = timed("preview"), timed("up")
    assert up < 2 * preview


def test_plain_pulumi_and_kubectl_work_in_the_activated_environment(newcomer: Newcomer) -> None:
    code, said = newcomer.run("sh", "-c", ". .venv/bin/activate && pulumi preview --expect-no-changes")
    assert code == 0, said
    code, said = newcomer.run("sh", "-c", ". .venv/bin/activate && kubectl get httproute -A")
    assert code == 0, said
    assert "web-httproute" in said


def test_state_and_credentials_are_for_their_owner_only(newcomer: Newcomer) -> None:
    cluster = newcomer.state / "clusters" / DEFAULT_NAME
    for directory in (cluster, newcomer.state / "pulumi" / "synergychat-local"):
        assert directory.stat().st_mode & 0o777 == 0o700
    assert (cluster / "kubeconfig").stat().st_mode & 0o777 == 0o600


def test_a_context_that_does_not_exist_is_said_with_those_that_do(
    newcomer: Newcomer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = {"contexts": [{"name": "kind-one", "context": {"cluster": "one"}}], "clusters": [{"name": "one"}]}
    (tmp_path / "kubeconfig").write_text(json.dumps(known))
    monkeypatch.setitem(newcomer.environment, "KUBECONFIG", str(tmp_path / "kubeconfig"))
    code, said = newcomer.make("up", "CONTEXT=nowhere")
    assert code != 0
    assert 'synergychat:context = "nowhere": ' in said
    assert "[context-missing]" in said
    assert "kind-one" in said
    assert "Traceback" not in said


@pytest.fixture
def team_file() -> Iterator[Path]:
    """The file of a stack on a cluster that does not answer."""
    file = stack_file("test-team")
    config = yaml.safe_load(stack_file("dev").read_text())["config"] | {"synergychat:context": "kind-one"}
    file.write_text(yaml.safe_dump({"config": config}))
    yield file
    file.unlink()


def test_a_stack_on_another_cluster_comes_and_goes_and_leaves_its_file_and_the_choice_of_plain_pulumi(
    newcomer: Newcomer, team_file: Path
) -> None:
    def chosen() -> str:
        code, said = newcomer.run(str(VENV / "bin" / "pulumi"), "stack", "--show-name")
        assert code == 0, said
        return said.strip()

    assert newcomer.make("preview")[0] == 0
    code, said = newcomer.make("preview", "STACK=test-team")
    assert code == 0, said
    assert chosen() == "dev"
    written = team_file.read_text()
    assert "encryptionsalt" not in written  # that of an empty passphrase belongs to nobody
    code, said = newcomer.make("down", "PURGE=1", "STACK=test-team")
    assert code != 0
    assert "Type: make down PURGE=1 STACK=test-team CONFIRM=test-team" in said
    code, said = newcomer.make("down", "PURGE=1", "STACK=test-team", "CONFIRM=test-team")
    assert code == 0, said
    assert "The stack test-team is removed from kind-one." in said
    assert team_file.read_text() == written
    assert chosen() == "dev"


@pytest.mark.parametrize("target", ["up", "preview", "status", "down"])
def test_a_stack_that_does_not_exist_is_said_with_those_that_do(newcomer: Newcomer, target: str) -> None:
    code, said = newcomer.make(target, "STACK=nosuch")
    assert code != 0
    assert "There is no stack nosuch" in said
    assert "dev" in said
    assert "Traceback" not in said


def test_after_down_a_preview_still_knows_the_stack_and_up_brings_the_chat_back(newcomer: Newcomer) -> None:
    assert newcomer.make("down")[0] == 0
    code, said = newcomer.make("status")
    assert code != 0
    assert "stopped" in said
    code, said = newcomer.make("preview")
    assert code == 0, said
    assert "unchanged" in said
    with pytest.raises(httpx.ConnectError):
        _answer("synchat.internal")
    code, said = newcomer.make("up")
    assert code == 0, said
    assert _answer("synchat.internal") == 200


def test_down_with_purge_leaves_nothing_of_it(newcomer: Newcomer) -> None:
    assert newcomer.make("down", "PURGE=1")[0] == 0
    assert newcomer.make("down", "PURGE=1")[0] == 0
    assert not (newcomer.state / "clusters" / DEFAULT_NAME).exists()
    assert not (newcomer.state / "pulumi" / "synergychat-local").exists()
    assert _command_lines_with(str(newcomer.state)) == []


def _command_lines_with(text: str) -> Sequence[str]:
    listed = subprocess.run(["ps", "-eo", "args"], capture_output=True, text=True, check=True).stdout
    return [line for line in listed.splitlines() if text in line]


def test_the_wrappers_are_where_activation_puts_them() -> None:
    assert (VENV / "bin" / "pulumi").exists()
    assert (VENV / "bin" / "kubectl").exists()
