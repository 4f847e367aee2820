"""Runs of `make up` and `make down` that are killed with all their processes, and what is left of them."""

import json
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import yaml

from kube.labels import STACK
from local.images import echo
from local.paths import state_root
from local.toolchain.progress import Progress
from tests.conftest import TestCluster
from tests.live.live_stack import LiveStack
from tests.live.newcomer import Newcomer
from tests.live.waiting import wait_until
from tools.environment import stack_file

NAME = "test-killed"
NAMESPACE = "killed"
MARK = f"organization/synergychat/{NAME}/"
Config = Mapping[str, Any]

_SHOP = {"image": "registry.example.com/echo:1", "hostname": "shop.killed.internal"}
CHAT: Config = {
    "platform": "external",
    "namespace": NAMESPACE,
    "web": {"hostname": "killed.internal"},
    "api": {"hostname": "killedapi.internal"},
}
"""The chat, on the platform of another stack."""
SMALL: Config = {**CHAT, "apps": {"shop": _SHOP}}
"""The chat and one more app."""
TWO_APPS: Config = {**CHAT, "apps": {"shop": _SHOP, "extra": {"image": "registry.example.com/echo:1"}}}
UPDATED: Config = {
    **SMALL,
    "web": {"hostname": "killed.internal", "replicas": 2},
    "apps": {"shop": {**_SHOP, "image": "registry.example.com/echo:2", "replicas": 2}},
    "routes": {"second": {"backend": "shop", "hostnames": ["second.killed.internal"]}},
}
REPLACED: Config = {
    **UPDATED,
    "gateway": {"name": "other-gateway"},
    "apps": {"shop": {**UPDATED["apps"]["shop"], "serviceName": "other-shop"}},
}
"""The Gateway is deleted before its successor is created, and the Service after that."""


@dataclass(frozen=True, kw_only=True)
class Change:
    """What a run does: it brings the stack from one config to another one. None is no stack."""

    name: str
    before: Config | None
    after: Config | None


FIRST_UP = Change(name="first-up", before=None, after=SMALL)
UPDATE = Change(name="update", before=SMALL, after=UPDATED)
REPLACEMENT = Change(name="replacement", before=UPDATED, after=REPLACED)
DESTROY = Change(name="destroy", before=REPLACED, after=None)
CYCLE = (FIRST_UP, UPDATE, REPLACEMENT, DESTROY)
"""Each begins where the one before ends."""
_UNKNOWN: Config = {}
_UP = (f"... update the stack {NAME}", f"done update the stack {NAME}")
_DOWN = ("Destroying (", "Resources:")
"""What each target says when Pulumi starts to change the cluster, and when it ends."""


class SmallStack:
    """A stack of the repository, for which a user with a state of their own types the targets of make."""

    def __init__(self, user: Newcomer, platform: LiveStack) -> None:
        self._user = user
        self._platform = platform
        self._now: Config | None = None
        self._lines: dict[str, int] = {}
        self._backend = user.state / "pulumi" / quote(platform.context, safe="")
        self._state = self._backend / ".pulumi" / "stacks" / "synergychat" / f"{NAME}.json"

    def bring_to(self, config: Config | None) -> str:
        """Let make bring the stack to this config, or remove it (None). Return what it says."""
        self._now = _UNKNOWN
        code, said = self._user.make(*self._typed(config))
        assert code == 0, said
        assert "Traceback" not in said
        self._now = config
        return said

    def start_from(self, change: Change) -> None:
        """Bring the stack to where a change starts, whatever the test before has left."""
        if self._now is _UNKNOWN:
            self._platform.kubectl("delete", "namespace", NAMESPACE, "--ignore-not-found", "--timeout=120s")
            shutil.rmtree(self._backend, ignore_errors=True)
            self._now = None
        if self._now is not change.before:
            self.bring_to(change.before)

    def kill_in(self, change: Change, share: float, delay_s: float) -> None:
        """Kill the run of a change after a share of its lines of output, and a delay.

        A run that ends before is repeated, and killed after half of that share.
        """
        while not self._is_killed(change, max(1, round(share * self._lines_of(change))), delay_s):
            assert share > 0.01, f"no run of {change.name} could be killed"
            share /= 2

    def kill_when(self, change: Change, said: str) -> None:
        """Kill the run of a change at its first line with this text."""
        self.start_from(change)
        self._now = _UNKNOWN
        with self._user.start("make", *self._typed(change.after)) as process:
            assert process.stdout is not None
            assert any(said in text for text in process.stdout)
            kill_session(process.pid)

    def _lines_of(self, change: Change) -> int:
        """Count the lines that a run of the change prints while it changes the cluster, if it is not killed."""
        if change.name not in self._lines:
            self.start_from(change)
            said = self.bring_to(change.after)
            start, end = _DOWN if change.after is None else _UP
            self._lines[change.name] = len(said.partition(start)[2].partition(end)[0].split("\n")[1:-1])
        return self._lines[change.name]

    def _is_killed(self, change: Change, line: int, delay_s: float) -> bool:
        """Kill the run of a change after this line. False if Pulumi has ended by then."""
        self.start_from(change)
        self._now = _UNKNOWN
        with self._user.start("make", *self._typed(change.after)) as process:
            assert process.stdout is not None
            start, end = _DOWN if change.after is None else _UP
            if any(start in text for text in process.stdout):
                for _, text in zip(range(line), process.stdout, strict=False):
                    if end in text:
                        break
                time.sleep(delay_s)
            killed = kill_session(process.pid)
        return "pulumi" in killed

    def _typed(self, config: Config | None) -> Sequence[str]:
        """Write the stack's file, and return the target of make with its variables."""
        own = dict(yaml.safe_load(stack_file("dev").read_text())["config"])
        own["synergychat:context"] = self._platform.context
        for key, value in (config or SMALL).items():
            section = own.get(f"synergychat:{key}")
            own[f"synergychat:{key}"] = {**section, **value} if isinstance(section, dict) else value
        stack_file(NAME).write_text(yaml.safe_dump({"config": own}, sort_keys=False))
        target = ("down", "PURGE=1") if config is None else ("up",)
        return (*target, f"STACK={NAME}", f"CONFIRM={NAME}")

    def answers(self, host: str) -> bool:
        """Tell whether the host answers 200 through the stack's Envoy."""
        addresses = "jsonpath={.items[*].status.addresses[*].value}"
        (address,) = self._platform.kubectl("get", "gateways", "-n", NAMESPACE, "-o", addresses).split()
        with suppress(httpx.TransportError):
            url = f"http://{address}"
            return httpx.get(url, headers={"Host": host}, timeout=10, trust_env=False).status_code == 200
        return False

    def marked(self) -> set[tuple[str, str, str]]:
        """Return kind, namespace and name of every object on the cluster with the mark of this stack."""
        listed = self._platform.kubectl("api-resources", "--verbs=list,delete", "-o", "name").split()
        found = json.loads(self._platform.kubectl("get", ",".join(listed), "-A", "-o", "json"))["items"]
        return {
            (item["kind"], item["metadata"].get("namespace", ""), item["metadata"]["name"])
            for item in found
            if item["metadata"].get("annotations", {}).get(STACK, "").startswith(MARK)
            # A ReplicaSet has the annotations of its Deployment.
            and not item["metadata"].get("ownerReferences")
        }

    def recorded(self) -> set[tuple[str, str, str]]:
        """Return kind, namespace and name of every object in the state."""
        return {
            (
                each["inputs"]["kind"],
                each["inputs"]["metadata"].get("namespace", ""),
                each["inputs"]["metadata"]["name"],
            )
            for each in self._latest().get("resources", ())
            if each["type"].startswith("kubernetes:")
        }

    def unfinished(self) -> list[object]:
        return self._latest().get("pending_operations", [])

    def _latest(self) -> Mapping[str, Any]:
        return json.loads(self._state.read_text())["checkpoint"]["latest"]


def check_completed(small: SmallStack, change: Change) -> None:
    """Check that the next run completes a change, and that the one after that changes nothing."""
    small.bring_to(change.after)
    if change.after is None:
        assert small.marked() == set()
        return
    hosts = ["killed.internal", *(app["hostname"] for app in change.after.get("apps", {}).values())]
    hosts += [host for route in change.after.get("routes", {}).values() for host in route["hostnames"]]
    for host in hosts:
        wait_until(lambda host=host: small.answers(host), 30)
    assert small.marked() == small.recorded()
    assert small.unfinished() == []
    said = small.bring_to(change.after)
    (counted,) = said[said.rindex("Resources:") :].splitlines()[1:2]
    assert counted.strip().endswith("unchanged"), said


@contextmanager
def small_stack(cluster: TestCluster, platform: LiveStack) -> Iterator[SmallStack]:
    """A stack that does not exist yet, on the platform of another one. It is removed afterwards."""
    with Progress() as progress:
        for tag in ("1", "2"):
            cluster.cluster.load_image(echo.archive(progress, tag))
    home = state_root() / NAME
    shutil.rmtree(home, ignore_errors=True)  # what a killed run may have left
    home.mkdir(mode=0o700)
    user = Newcomer(home)
    user.environment["KUBECONFIG"] = str(platform.kubeconfig)
    small = SmallStack(user, platform)
    try:
        yield small
        small.bring_to(None)
    finally:
        stack_file(NAME).unlink(missing_ok=True)
        shutil.rmtree(home)


def kill_session(session: int) -> set[str]:
    """Kill every process of a session at once, and return their names. None of them sees the end of another."""
    names: set[str] = set()
    stopped: set[int] = set()
    while found := {pid for pid in _session(session) if pid not in stopped}:
        for pid in found:
            with suppress(OSError):
                os.kill(pid, signal.SIGSTOP)
                names.add(Path(f"/proc/{pid}/comm").read_text().strip())
        stopped |= found
    for pid in stopped:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    wait_until(lambda: not _session(session))
    return names


def _session(session: int) -> list[int]:
    """Return the PIDs of the living processes of a session."""
    listed = subprocess.run(["ps", "-eo", "pid=,sid=,stat="], capture_output=True, text=True, check=True).stdout
    rows = (line.split() for line in listed.splitlines())
    return [int(pid) for pid, sid, state in rows if int(sid) == session and state[0] not in "ZX"]
