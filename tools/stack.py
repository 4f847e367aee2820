"""Run the Pulumi program and kubectl for the targets of make, in the same environment that a user has."""

import json
import re
import shlex
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import yaml

from diagnostics.terminal import printable
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


@dataclass(frozen=True)
class Stack:
    """A stack and its Kubernetes context: the one given on the command line, else the one in the stack's file."""

    name: str
    context: str
    named: bool
    """Whether the command line overrides the context of the stack's file."""

    @classmethod
    def of(cls, name: str, context: str) -> "Stack":
        # Pulumi's own rule. The name is part of file names and of commands to type.
        if not _NAME.fullmatch(name):
            raise UserError(
                f"{name!a} is not the name of a stack: a name has up to 100 letters, digits, hyphens, underscores and "
                "periods."
            )
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

    def recover(self) -> bool:
        """Remove the lock of a run that was killed. Tell whether a run was, and may have left its work unfinished."""
        released = state_lock.release_dead(self.name, self._backend_url)
        return released or (
            unfinished.may_be(self.name, self._backend_url)
            and bool(self._state().get("deployment", {}).get("pending_operations"))
        )

    def await_deletions(self) -> None:
        """Wait for the end of the objects that a killed run was deleting. Otherwise they would seem to be there."""
        for which in unfinished.deleted(self._state()):
            found = self.kubectl("get", *which, "--ignore-not-found", "--output=jsonpath={.metadata.deletionTimestamp}")
            if found.returncode == 0 and found.stdout.strip():
                print(f"  ... wait for the end of {' '.join(which[:2])}", flush=True)
                timeout = f"--timeout={_DELETION_S:.0f}s"
                self.kubectl("wait", "--for=delete", *which, timeout, timeout_s=_DELETION_S + _ANSWER_S)

    def keep_unfinished(self) -> bool:
        """Let the state have the objects that unfinished creations may have made. Tell whether it had to get any.

        Without that, Pulumi would not delete them. It forgets the unfinished operations. Raises UserError if the state
        cannot be written.
        """
        if not unfinished.may_be(self.name, self._backend_url):
            return False
        state = self._state()
        deployment = state.get("deployment", {})
        if not deployment.get("pending_operations"):
            return False
        found = list(unfinished.created(state))
        del deployment["pending_operations"]
        deployment["resources"] = [*(deployment.get("resources") or ()), *found]
        self._import(state)
        return bool(found)

    def has_resources(self) -> bool:
        """Tell whether the state has anything to delete."""
        return bool(self._state().get("deployment", {}).get("resources"))

    def _state(self) -> dict[str, Any]:
        """Return the state as Pulumi exports it; empty if there is none."""
        exported = self.pulumi("stack", "export", "--stack", self.name, capture=True)
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
        command = ("stack", "output", "--json", "--stack", self.name)
        try:
            done = self.pulumi(*command, capture=True, timeout_s=_STATE_S)
        except subprocess.TimeoutExpired as error:
            raise UserError(
                f"The state of the stack {self.name} could not be read within {_STATE_S:.0f} s.",
                f"Check that its backend answers: {self._backend_url}",
            ) from error
        return json.loads(done.stdout) if done.returncode == 0 else {}


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
