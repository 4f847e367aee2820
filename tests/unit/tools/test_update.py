"""`pulumi up` without a terminal: the log that `make up` prints, from events as Pulumi printed them."""

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from kube import readiness
from local.paths import REPOSITORY
from tools import stack, update
from tools.stack import Stack
from tools.update import UpdateLog

UPDATES = Path(__file__).parent / "updates"


@pytest.fixture
def pulumi(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Put a shell script in the place of `pulumi`."""
    program = tmp_path / "bin" / "pulumi"
    program.parent.mkdir()
    monkeypatch.setattr(stack, "VENV", tmp_path)
    monkeypatch.setenv("PULUMI_BACKEND_URL", tmp_path.as_uri())

    def install(script: str) -> None:
        program.write_text(f"#!/bin/sh\n{script}\n")
        program.chmod(0o755)

    return install


@pytest.fixture
def printed(pulumi: Callable[[str], None], capfd: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, str, str]]:
    """Run an update with a `pulumi` that does this. Return its exit code, its output and its error output."""

    def run(script: str) -> tuple[int, str, str]:
        pulumi(script)
        code = update.run(Stack("dev", "kind-one", named=False))
        out, err = capfd.readouterr()
        return code, re.sub(r"\(\d+\.\d s\)", "(TIME)", out), err

    return run


Printed = Callable[..., tuple[int, str, str]]


def recorded(name: str) -> str:
    return f"cat {UPDATES / name}.jsonl"


def test_a_new_stack_is_one_line_per_object_and_one_per_wait(printed: Printed) -> None:
    assert printed(recorded("create")) == (
        0,
        """\
  ... update the stack dev
  created Namespace synergychat (3 s)
  waiting for Job eg-gateway-helm-certgen: Complete
  waiting for Deployment synergychat-api: rolled out
  created Deployment synergychat-api (5 s)
  created Service api-service
  created Job eg-gateway-helm-certgen (7 s)
  created EnvoyProxy app-gatewayclass
  waiting for GatewayClass app-gatewayclass: Accepted
  created GatewayClass app-gatewayclass
  waiting for Gateway app-gateway: Accepted
  waiting for Gateway app-gateway: Programmed
  created Gateway app-gateway (12 s)
  waiting for HTTPRoute web-httproute: Accepted
  created HTTPRoute web-httproute (1 s)
  done update the stack dev (TIME)

Resources:
    + 76 created
""",
        "",
    )


def test_objects_that_change_have_one_line_each_also_when_they_are_replaced(printed: Printed) -> None:
    _, out, _ = printed(recorded("replace"))
    assert [line for line in out.splitlines() if "waiting" not in line] == [
        "  ... update the stack dev",
        "  updated ConfigMap synergychat-api-configmap",
        "  updated Deployment synergychat-api (3 s)",
        "  replaced Gateway other (12 s)",
        "  updated HTTPRoute web-httproute",
        "  done update the stack dev (TIME)",
        "",
        "Resources:",
        "    ~ 5 updated",
        "    +-1 replaced",
        "    70 unchanged",
    ]


@pytest.mark.parametrize("name", ["create", "replace", "failure"])
def test_no_line_is_printed_twice(printed: Printed, name: str) -> None:
    lines = [line for line in printed(recorded(name))[1].splitlines() if line]
    assert len(lines) == len(set(lines))


def test_an_object_that_fails_is_named_after_the_errors_as_pulumi_has_them(printed: Printed) -> None:
    code, out, _ = printed(f"{recorded('failure')}; exit 255")
    assert code == 255
    assert (
        """
error: Deployment synergychat-web is not ready:
  1 of 1 replicas updated, 1 available, 1 of an earlier version
  ProgressDeadlineExceeded: ReplicaSet "synergychat-web-795648cf9f" has timed out progressing.
error: 1 error occurred:
\t* the Kubernetes API server reported that "synergychat/synergychat-web" failed to fully initialize or become live: \
timed out waiting for the condition
  failed to update Deployment synergychat-web (26 s)
error: update failed
  failed update the stack dev (TIME)
"""
        in out
    )


def test_a_problem_in_the_config_is_all_that_is_printed(printed: Printed) -> None:
    assert printed(f"{recorded('invalid-config')}; exit 1")[:2] == (
        1,
        """\
  ... update the stack dev
error: 2 problems in stack dev:
  synergychat:api.port = 90900: must be a whole number from 1 to 65535 [config-number]
  synergychat:web.hostnam = "talk.internal": is not a key of this program [config-key-unknown]
      fix: did you mean hostname?
Edit Pulumi.dev.yaml, or type: pulumi config set --stack dev --path 'synergychat:KEY' VALUE
Nothing was changed. docs/checks.md explains each code.
  failed update the stack dev (TIME)
""",
    )


def test_what_pulumi_says_outside_of_events_passes_unchanged(printed: Printed) -> None:
    said = "error: the stack is currently locked by 1 lock(s)"
    assert printed(f"echo 'a word of Pulumi'; echo '{said}' >&2; exit 1") == (
        1,
        "  ... update the stack dev\na word of Pulumi\n  failed update the stack dev (TIME)\n",
        f"{said}\n",
    )


def test_on_a_terminal_pulumi_shows_its_own_display(
    pulumi: Callable[[str], None], monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    pulumi('echo "$@"')
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    assert update.run(Stack("dev", "kind-one", named=False)) == 0
    assert capfd.readouterr().out.split()[2:] == ["up", "--yes", "--skip-preview", "--stack", "dev"]


_RUN = """
import sys
from pathlib import Path
from local.command import exit_code
from tools import stack, update
stack.VENV = Path(sys.argv[1])
sys.exit(exit_code(lambda: update.run(stack.Stack("dev", "kind-one", named=False))))
"""


def test_an_interrupted_update_is_read_to_its_end(pulumi: Callable[[str], None], tmp_path: Path) -> None:
    pulumi("trap 'echo update canceled; exit 255' INT; echo started; while :; do sleep 0.1; done")
    with subprocess.Popen(
        [sys.executable, "-c", _RUN, str(tmp_path)],
        cwd=REPOSITORY,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as process:
        assert process.stdout is not None
        assert any("started" in line for line in process.stdout)
        os.killpg(process.pid, signal.SIGINT)
        out, err = process.communicate(timeout=20)
    assert out.startswith("update canceled\n  failed update the stack dev (")
    assert err == (
        "interrupted: waiting for pulumi to end; to kill it, interrupt again\n"
        "interrupted: run the same command again to continue\n"
    )
    assert process.returncode == 130


def diagnostic(message: str, **fields: object) -> str:
    return json.dumps({"timestamp": 1, "diagnosticEvent": {"severity": "info", "message": f"{message}\n", **fields}})


@pytest.mark.parametrize(
    ("event", "lines"),
    [
        (diagnostic("printed by the program"), ["printed by the program"]),
        (diagnostic("two\n  lines", severity="warning", prefix="warning: "), ["warning: two\n  lines"]),
        (diagnostic("registering resource", severity="debug"), []),
        (diagnostic("Has no .status", severity="warning", ephemeral=True, urn="urn:a"), []),
        ('{"timestamp": 1, "stdoutEvent": {"message": "^C received; cancelling.\\n"}}', ["^C received; cancelling."]),
        ('{"timestamp": 1, "errorEvent": {"error": "no room"}}', ["error: no room"]),
        ('{"timestamp": 1, "cancelEvent": {}}', []),
        ('{"timestamp": 1, "anEventOfALaterPulumi": {"metadata": {}}}', []),
    ],
)
def test_messages_pass_unchanged_and_notes_for_pulumi_itself_do_not(event: str, lines: list[str]) -> None:
    assert list(UpdateLog().lines(event)) == lines


def waits(kind: str, *messages: str, operation: str = "create", **annotations: str) -> list[str]:
    """The lines for messages of the provider during an operation on one object."""
    inputs = {"kind": kind, "metadata": {"name": "one", "annotations": annotations}}
    before, after = (inputs, None) if operation == "delete" else (None, inputs)
    metadata = {"op": operation, "urn": "urn:one", "type": f"kubernetes:example.com/v1:{kind}"}
    metadata |= {name: state and {"inputs": state} for name, state in (("old", before), ("new", after))}
    log = UpdateLog()
    assert list(log.lines(json.dumps({"timestamp": 1, "resourcePreEvent": {"metadata": metadata}}))) == []
    lines = [line for text in messages for line in log.lines(diagnostic(text, ephemeral=True, urn="urn:one"))]
    prefix = f"  waiting for {kind} one: "
    assert all(line.startswith(prefix) for line in lines)
    return [line.removeprefix(prefix) for line in lines]


PARENT = "parents[?@.parentRef.name=='app-gateway'&&@.controllerName=='example.com/controller']"


@pytest.mark.parametrize(
    ("expressions", "words"),
    [
        (readiness.condition_true("Accepted"), ["Accepted"]),
        (
            readiness.condition_true("Programmed", "ResolvedRefs", of="listeners[?@.name=='http']"),
            ["Programmed", "ResolvedRefs"],
        ),
        (readiness.condition_true("Accepted", of=PARENT), ["Accepted"]),
        ([readiness.condition_absent("PartiallyInvalid", of=PARENT)], ["not PartiallyInvalid"]),
        (readiness.condition_true_for_each("Accepted", of=PARENT), ["Accepted"]),
        (readiness.rolled_out(), ["rolled out"]),
        (["jsonpath={.webhooks[0].clientConfig.caBundle}"], ["Ready"]),
    ],
)
def test_a_condition_of_ours_is_named_in_words_and_once(expressions: list[str], words: list[str]) -> None:
    paths = [expression.removeprefix("jsonpath=") for expression in expressions]
    nothing_yet = [f"{path.removesuffix('=True')} selected nothing" for path in paths]
    waiting = [f'Waiting for {path} (found "False")' for path in paths]
    found = [f"Found {path}" for path in paths]
    assert waits("Route", *nothing_yet, *waiting, *found) == words
    assert waits("Route", *found) == []


def test_a_wait_of_the_provider_itself_is_named_by_its_condition() -> None:
    starting = 'Waiting for Job "default/one" to start'
    running = 'Waiting for Job "default/one" to succeed (Active: 1 | Succeeded: 0 | Failed: 0)'
    assert waits("Job", "", starting, running) == ["Complete"]
    assert waits("Service", "[1/3] Finding Pods to direct traffic to") == ["Ready"]
    assert waits("Service", "Skipping await logic", **{"pulumi.com/skipAwait": "true"}) == []
    assert waits("Namespace", "Resource scheduled for deletion", operation="delete") == ["deletion"]


@pytest.mark.parametrize("inputs", ["[secret]", {"metadata": "[secret]"}, {"metadata": {"name": {"a": 1}}}])
def test_an_object_whose_name_is_no_text_has_the_name_of_its_resource(inputs: object) -> None:
    metadata = {"op": "create", "urn": "urn::one", "type": "kubernetes:core/v1:Secret", "new": {"inputs": inputs}}
    log = UpdateLog()
    for event in ("resourcePreEvent", "resOutputsEvent"):
        (*_, line) = ["", *log.lines(json.dumps({"timestamp": 1, event: {"metadata": metadata}}))]
    assert line == "  created Secret one"
