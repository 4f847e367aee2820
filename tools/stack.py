"""Run the Pulumi program and kubectl for the targets of make, in the same environment that a user has."""

import json
import re
import shlex
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import yaml

from diagnostics.terminal import printable
from kube.kubectl import Unanswered
from kube.live_objects import list_objects
from kube.manifest import ObjectName
from kube.yaml_text import YamlError, read_yaml
from local import child, disk
from local.errors import UserError
from local.paths import REPOSITORY, private_state
from local.toolchain import Tools
from local.toolchain.pins import PULUMI_KUBERNETES
from local.toolchain.store import sha256_file
from local.venv import VENV
from tools import config_size, pulumi_processes, selection, state_lock, unfinished
from tools.environment import LOCAL_CONTEXT, PROJECT, pulumi_home, stack_file, variables, write_wrappers

CONTEXT_KEY = f"{PROJECT}:context"
_ANSWER_S = 20.0
"""A cluster answers every question of `make status` sooner, or not at all."""
_STATE_S = 60.0
_DELETION_S = 120.0
_NAME = re.compile(r"[A-Za-z0-9_.-]{1,100}")
_KEYS = {"encryptionsalt", "secretsprovider"}
"""Keys of a stack's file, one of which Pulumi writes with the first secret."""


def check_name(name: str) -> None:
    """Raise UserError for a name that Pulumi refuses. It is part of file names and of commands to type."""
    if not _NAME.fullmatch(name):
        raise UserError(
            f"{name!a} is not the name of a stack: a name has up to 100 letters, digits, hyphens, underscores and "
            "periods."
        )


@dataclass(frozen=True)
class Stack:
    """A stack and its Kubernetes context: the one given on the command line, else the one in the stack's file."""

    name: str
    context: str
    named: bool
    """Whether the command line overrides the context of the stack's file."""

    @classmethod
    def of(cls, name: str, context: str) -> "Stack":
        check_name(name)
        file = stack_file(name)
        if not file.exists():
            known = ", ".join(sorted(path.name.split(".")[1] for path in REPOSITORY.glob("Pulumi.*.yaml")))
            raise UserError(
                f"There is no stack {name}: {file.name} does not exist.", f"Stacks here: {known}. Copy one."
            )
        own = own_config(file).get(CONTEXT_KEY)
        if not context and not own:
            raise UserError(
                f"{file.name} sets no Kubernetes context.",
                f"Add to its config: `{CONTEXT_KEY}: NAME`, or type CONTEXT=NAME.",
            )
        return cls(name, context or str(own), named=bool(context) and context != own)

    @property
    def on_local_cluster(self) -> bool:
        return self.context == LOCAL_CONTEXT

    @property
    def typed_kubectl(self) -> str:
        """Return the kubectl command to type in this directory to reach the same cluster."""
        return ".venv/bin/kubectl" if self.on_local_cluster else f"kubectl --context {shlex.quote(self.context)}"

    @property
    def typed_up(self) -> str:
        """Return the command to type to bring the stack up."""
        return f"make up{self.typed_variables}"

    @property
    def typed_variables(self) -> str:
        """Return the variables of make that choose this stack and its context."""
        which = "" if self.name == "dev" else f" STACK={self.name}"
        return f"{which}{f' CONTEXT={shlex.quote(self.context)}' if self.named else ''}"

    def pulumi(
        self,
        *arguments: str,
        capture: bool = False,
        timeout_s: float | None = None,
        **environment: str,
    ) -> subprocess.CompletedProcess[str]:
        """Run `pulumi` in the environment of this stack, with more variables; the caller checks the exit code."""
        stdout = subprocess.PIPE if capture else None
        with self.started_pulumi(*arguments, stdin=None, stdout=stdout, **environment) as process:
            out, _ = process.communicate(timeout=timeout_s)
        return subprocess.CompletedProcess(arguments, process.returncode, out)

    @contextmanager
    def started_pulumi(
        self, *arguments: str, stdin: int | None = None, stdout: int | None = subprocess.PIPE, **environment: str
    ) -> Iterator[subprocess.Popen[str]]:
        """Start `pulumi` in the same environment. The block reads its output; the end of the block waits for it."""
        given = variables(self.context, self.name) | environment
        try:
            with child.started(_pulumi(*arguments), env=given, stdin=stdin, stdout=stdout) as process:
                yield process
        except KeyboardInterrupt:
            # A second signal kills `pulumi`, which then leaves its providers and its lock behind.
            pulumi_processes.end_orphaned_plugins()
            state_lock.release_dead(self.name, self._backend_url)
            raise

    def kubectl(self, *arguments: str, timeout_s: float = _ANSWER_S) -> subprocess.CompletedProcess[str]:
        """Run `kubectl` on the cluster of this stack; the caller checks the exit code. A timeout is a failure."""
        command = [_wrapper("kubectl"), "--context", self.context, *arguments]
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
        try:
            return child.run(command, env=variables(self.context, self.name), timeout_s=timeout_s, **pipes)
        except subprocess.TimeoutExpired:
            problem = f"kubectl {arguments[0]} has no answer from {self.context} after {timeout_s:.0f} s"
            return subprocess.CompletedProcess(command, 1, "", problem)

    def select(self) -> bool:
        """Create the stack in its backend if it is new. Plain `pulumi` then uses it too, if it reads that backend."""
        file = stack_file(self.name)
        before = file.read_bytes()
        try:
            with nullcontext() if selection.is_in_reach(self.context) else selection.kept():
                return self.pulumi("stack", "select", "--create", self.name, capture=True).returncode == 0
        finally:
            if file.read_bytes() != before and not self._is_protected(document_of(file)):
                file.write_bytes(before)

    def remove(self, *, force: bool) -> int:
        """Remove the stack from its backend, with `force` even if it still has resources. Return the exit code.

        A run that was killed may have removed it.
        """
        listed = self.pulumi("stack", "ls", "--json", capture=True)
        if listed.returncode == 0 and self.name not in {each["name"] for each in json.loads(listed.stdout)}:
            return 0
        # Without --preserve-config Pulumi deletes the stack's file too, which is the user's.
        options = ("--yes", "--preserve-config", *(["--force"] if force else []))
        with selection.kept():
            return self.pulumi("stack", "rm", self.name, *options).returncode

    def configuration(self) -> list[str]:
        """Return the flags for a copy of the stack's file: with the context that overrides the file's, if any.

        Without a passphrase, Pulumi writes the salt of an empty one, which belongs to nobody, into the copy.
        """
        file = stack_file(self.name)
        document = document_of(file)
        keys = _config_of(document, file)
        config_size.check(file, keys)
        has_key = not _KEYS.isdisjoint(document)
        if not self.named and (has_key or self._is_protected(document)):
            return []
        document["config"] = keys | {CONTEXT_KEY: self.context}
        copy = private_state("stacks", quote(self.context, safe="")) / file.name
        copy.write_text(yaml.safe_dump(document, sort_keys=False))
        return ["--config-file", str(copy)]

    def _is_protected(self, document: Mapping[str, Any]) -> bool:
        from config.encryption import is_protected  # imports Pulumi's SDK, which takes a second

        return is_protected(document, variables(self.context, self.name))

    def release_lock(self) -> bool:
        """Remove the lock of a run that was killed. Tell whether there was one."""
        return state_lock.release_dead(self.name, self._backend_url)

    def recover(self) -> bool:
        """Bring what a killed run has begun into the state. Tell whether the state may differ from the cluster.

        An object of an unfinished creation becomes a resource if the cluster has it with the mark of this stack.
        Nothing on the cluster changes. Nor does the state while another run holds its lock: Pulumi then refuses the
        update. Raises UserError if an object is not deleted in time, or the state cannot be read or written.
        """
        released = self.release_lock()
        if state_lock.is_held(self.name, self._backend_url) or not unfinished.may_be(self.name, self._backend_url):
            return released
        state = self._state()
        if not unfinished.are_in(state):
            return released
        print(f"The state of the stack {self.name} has operations that no run has finished. This run completes them.")
        self._await_deletions(unfinished.deleted(state))
        marks = unfinished.marks(state)
        try:
            existing = self._existing(marks)
        except Unanswered as reason:
            objects = ", ".join(sorted(name.path for name in marks))
            print(f"It is not known whether the cluster has {objects}, which this run may leave there: {reason}")
            return True
        # A run on another machine may have begun and ended since.
        if self._state() != state:
            raise UserError(
                f"Another run has changed the state of the stack {self.name}.", "Type the same command again."
            )
        unfinished.complete(state, existing)
        self._import(state)
        return True

    def _existing(self, marks: Mapping[ObjectName, str]) -> set[ObjectName]:
        """Return the objects that the cluster has with these marks. Raises Unanswered if it does not say so for all."""
        if not marks:
            return set()
        live = list_objects(self.kubectl, marks)
        if live.unanswered:
            raise Unanswered("; ".join(live.unanswered))
        return {each.name for each in live.objects if marks.get(each.name) == each.stack}

    def _await_deletions(self, names: Sequence[ObjectName]) -> None:
        """Wait for the end of objects that are being deleted: a refresh would find them there.

        Raises UserError for the first one that is there after the time for all of them.
        """
        deadline = time.monotonic() + _DELETION_S
        for name in names:
            if self._deletion(name) is None:
                continue
            print(f"  ... wait for the end of {name}", flush=True)
            left_s = max(deadline - time.monotonic(), 1.0)
            limit = f"--timeout={left_s:.0f}s"
            done = self.kubectl("wait", "--for=delete", *_which(name), limit, timeout_s=left_s + _ANSWER_S)
            if done.returncode != 0 and (finalizers := self._deletion(name)) is not None:
                held = f"Its finalizers: {finalizers}." if finalizers else "It has no finalizers."
                raise UserError(
                    printable(f"{name} is still being deleted after {_DELETION_S:.0f} s. {held}"),
                    "See what it waits for, and type the same command again when it is gone: "
                    f"{self.typed_kubectl} get {shlex.join(_which(name))} -o yaml",
                )

    def _deletion(self, name: ObjectName) -> str | None:
        """Return the finalizers of an object that is being deleted; None if it is not, or if there is no answer."""
        fields = 'jsonpath={.metadata.deletionTimestamp}{"\\t"}{.metadata.finalizers[*]}'
        found = self.kubectl("get", *_which(name), "--ignore-not-found", f"--output={fields}")
        since, _, finalizers = found.stdout.partition("\t")
        return ", ".join(finalizers.split()) if found.returncode == 0 and since.strip() else None

    def has_resources(self) -> bool:
        """Tell whether the state has anything to delete."""
        return bool(self._state().get("deployment", {}).get("resources"))

    def _state(self) -> dict[str, Any]:
        """Return the state as Pulumi exports it; empty if there is none."""
        exported = self._read_state("export")
        return json.loads(exported.stdout) if exported.returncode == 0 else {}

    def _import(self, state: dict[str, Any]) -> None:
        with tempfile.TemporaryDirectory() as scratch:
            file = Path(scratch) / "state.json"
            file.write_text(json.dumps(state))
            command = ("stack", "import", "--stack", self.name, "--file", str(file))
            if self.pulumi(*command, capture=True).returncode != 0:
                raise UserError(
                    f"The state of the stack {self.name} could not be written.",
                    "Check its backend, and type the same command again.",
                )

    @property
    def _backend_url(self) -> str:
        return variables(self.context)["PULUMI_BACKEND_URL"]

    def outputs(self) -> dict[str, Any]:
        """Return the outputs of the last successful update; empty if there is none."""
        done = self._read_state("output", "--json")
        return json.loads(done.stdout) if done.returncode == 0 else {}

    def _read_state(self, *command: str) -> subprocess.CompletedProcess[str]:
        try:
            return self.pulumi("stack", *command, "--stack", self.name, capture=True, timeout_s=_STATE_S)
        except subprocess.TimeoutExpired as error:
            raise UserError(
                f"The state of the stack {self.name} could not be read within {_STATE_S:.0f} s.",
                f"Check that its backend answers: {self._backend_url}",
            ) from error


def own_config(file: Path) -> dict[str, Any]:
    """Return the keys that a stack's file sets. Raises UserError if it is not a stack file."""
    return _config_of(document_of(file), file)


def document_of(file: Path) -> dict[str, Any]:
    """Return the content of a stack's file; empty if there is no file. Raises UserError if it is not a stack file."""
    try:
        document = read_yaml(file.read_bytes() if file.exists() else b"") or {}
    except YamlError as error:
        raise UserError(printable(f"{file} {error}")) from error
    if not isinstance(document, dict):
        raise _not_a_stack_file(file)
    return document


def _config_of(document: Mapping[str, Any], file: Path) -> dict[str, Any]:
    """Return the config in the content of a stack's file."""
    config = document.get("config") or {}
    if not isinstance(config, dict):
        raise _not_a_stack_file(file)
    return config


def _not_a_stack_file(file: Path) -> UserError:
    return UserError(f"{file} is not a stack file: it needs a group of keys named config.")


def _which(name: ObjectName) -> tuple[str, ...]:
    """Return the arguments by which `kubectl` finds an object, in any version of its group."""
    # Without a version, `Service` may be one of another group.
    kind = f"{name.kind}.{name.group}" if name.group else f"{name.kind}.v1."
    return (kind, name.name, *((f"--namespace={name.namespace}",) if name.namespace else ()))


def _pulumi(*arguments: str) -> list[str]:
    return [_wrapper("pulumi"), "--cwd", str(REPOSITORY), *arguments]


def _wrapper(name: str) -> str:
    script = VENV / "bin" / name
    if not script.exists():
        without_cluster = ", or, without a cluster: make preview" if name == "pulumi" else ""
        raise UserError(f"There is no {name} here yet.", f"Type: make up{without_cluster}")
    return str(script)


def prepare(tools: Tools) -> None:
    """Install `pulumi` and `kubectl` into `.venv`, and the pinned provider where Pulumi looks for plugins."""
    write_wrappers(tools)
    plugin = pulumi_home() / "plugins" / f"resource-kubernetes-v{PULUMI_KUBERNETES}"
    if _complete(plugin, tools):
        return
    arguments = ["kubernetes", f"v{PULUMI_KUBERNETES}", "--file", str(tools.program("pulumi-resource-kubernetes"))]
    done = child.run(
        [VENV / "bin" / "pulumi", "plugin", "install", "resource", *arguments, "--reinstall"],
        env=variables(LOCAL_CONTEXT),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    if done.returncode != 0:
        if disk.is_full(done.stderr):
            raise disk.full(f"the kubernetes provider does not fit into {pulumi_home()}")
        raise UserError(f"Pulumi could not install the kubernetes provider: {done.stderr.strip()}")


def _complete(plugin: Path, tools: Tools) -> bool:
    """Tell whether the plugin is installed, byte for byte: it gets the credentials of the cluster.

    Pulumi marks a plugin whose installation was cut off as partial.
    """
    installed = plugin / "pulumi-resource-kubernetes"
    source = tools.program("pulumi-resource-kubernetes")
    partial = plugin.with_name(f"{plugin.name}.partial")
    return installed.is_file() and not partial.exists() and sha256_file(installed) == sha256_file(source)
