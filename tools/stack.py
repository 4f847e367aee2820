"""Run the Pulumi program and kubectl for the targets of make, in the same environment that a user has."""

import json
import os
import socket
import subprocess
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import yaml

from local import disk
from local.cluster.process import Process
from local.errors import UserError
from local.paths import REPOSITORY, private_state
from local.toolchain import Tools
from local.toolchain.pins import PULUMI_KUBERNETES
from local.toolchain.store import sha256_file
from local.venv import VENV
from tools import selection
from tools.environment import LOCAL_CONTEXT, backend, pulumi_home, stack_file, variables, write_wrappers

CONTEXT_KEY = "synergychat:context"
_PLUGIN_GRACE_S = 2.0


@dataclass(frozen=True)
class Stack:
    """A stack and its Kubernetes context: the one given on the command line, else the one in the stack's file."""

    name: str
    context: str
    named: bool
    """Whether the command line overrides the context of the stack's file."""

    @classmethod
    def of(cls, name: str, context: str) -> "Stack":
        file = stack_file(name)
        if not file.exists():
            known = ", ".join(sorted(path.name.split(".")[1] for path in REPOSITORY.glob("Pulumi.*.yaml")))
            raise UserError(
                f"There is no stack {name}: {file.name} does not exist.", f"Stacks here: {known}. Copy one."
            )
        own = own_config(file).get(CONTEXT_KEY)
        if not context and not own:
            raise UserError(
                f"{file.name} sets no Kubernetes context.", f"Type: pulumi config set context NAME --stack {name}"
            )
        return cls(name, context or str(own), named=bool(context) and context != own)

    @property
    def on_local_cluster(self) -> bool:
        return self.context == LOCAL_CONTEXT

    @property
    def typed_kubectl(self) -> str:
        """Return the kubectl command to type in this directory to reach the same cluster."""
        return ".venv/bin/kubectl" if self.on_local_cluster else f"kubectl --context {self.context}"

    @property
    def typed_up(self) -> str:
        """Return the command to type to bring the stack up."""
        which = "" if self.name == "dev" else f" STACK={self.name}"
        return f"make up{which}{f' CONTEXT={self.context}' if self.named else ''}"

    def pulumi(self, *arguments: str, capture: bool = False) -> subprocess.CompletedProcess[str]:
        """Run `pulumi` in the environment of this stack; the caller checks the exit code."""
        return subprocess.run(
            _pulumi(*arguments),
            env=variables(self.context),
            text=True,
            check=False,
            stdout=subprocess.PIPE if capture else None,
        )

    def start_pulumi(self, *arguments: str) -> subprocess.Popen[str]:
        """Start `pulumi` in the same environment, with its output in a pipe that the caller reads."""
        return subprocess.Popen(
            _pulumi(*arguments), env=variables(self.context), encoding="utf-8", stdout=subprocess.PIPE
        )

    def kubectl(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run `kubectl` on the cluster of this stack; the caller checks the exit code."""
        command = [_wrapper("kubectl"), "--context", self.context, *arguments]
        return subprocess.run(command, env=variables(self.context), text=True, check=False, capture_output=True)

    def select(self) -> bool:
        """Create the stack in its backend if it is new. Plain `pulumi` then uses it too, if it reads that backend."""
        with nullcontext() if selection.is_in_reach(self.context) else selection.kept():
            return self.pulumi("stack", "select", "--create", self.name, capture=True).returncode == 0

    def remove(self, *, force: bool) -> int:
        """Remove the stack from its backend, with `force` even if it still has resources. Return the exit code."""
        # Without --preserve-config Pulumi deletes the stack's file too, which is the user's.
        options = ("--yes", "--preserve-config", *(["--force"] if force else []))
        with selection.kept():
            return self.pulumi("stack", "rm", self.name, *options).returncode

    def configuration(self) -> list[str]:
        """Return the flags that override the context of the stack's file, without changing the file."""
        if not self.named:
            return []
        document = yaml.safe_load(stack_file(self.name).read_text()) or {}
        document["config"] = own_config(stack_file(self.name)) | {CONTEXT_KEY: self.context}
        copy = private_state("stacks", quote(self.context, safe="")) / stack_file(self.name).name
        copy.write_text(yaml.safe_dump(document, sort_keys=False))
        return ["--config-file", str(copy)]

    def release_dead_lock(self) -> None:
        """Remove the lock of a run that was killed. `pulumi cancel` would also remove the lock of a live run."""
        if os.environ.get("PULUMI_BACKEND_URL"):
            return
        for lock in (backend(self.context) / ".pulumi" / "locks").rglob(f"{self.name}/*.json"):
            holder = json.loads(lock.read_text())
            if holder["hostname"] == socket.gethostname() and not _is_pulumi(holder["pid"]):
                lock.unlink()

    def outputs(self) -> dict[str, Any]:
        """Return the outputs of the last successful update; empty if there is none."""
        done = self.pulumi("stack", "output", "--json", "--stack", self.name, capture=True)
        return json.loads(done.stdout) if done.returncode == 0 else {}


def own_config(file: Path) -> dict[str, Any]:
    """Return the keys that a stack's file sets. Raises UserError if it is not a stack file."""
    try:
        document = yaml.safe_load(file.read_text()) or {}
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise UserError(f"{file} is not YAML: {' '.join(str(error).split())}") from error
    config = document.get("config") or {} if isinstance(document, dict) else None
    if not isinstance(config, dict):
        raise UserError(f"{file} is not a stack file: it needs a group of keys named config.")
    return config


def _pulumi(*arguments: str) -> list[str]:
    return [_wrapper("pulumi"), "--cwd", str(REPOSITORY), *arguments]


def _wrapper(name: str) -> str:
    script = VENV / "bin" / name
    if not script.exists():
        without_cluster = ", or, without a cluster: make preview" if name == "pulumi" else ""
        raise UserError(f"There is no {name} here yet.", f"Type: make up{without_cluster}")
    return str(script)


def end_orphaned_plugins() -> None:
    """Stop the providers that a killed `pulumi` left running."""
    ours = pulumi_home() / "plugins"
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if not (process / "exe").readlink().is_relative_to(ours):
                continue
            parent = int((process / "stat").read_text().rpartition(")")[2].split()[1])
            found = Process.of(int(process.name))
        except (FileNotFoundError, ProcessLookupError, PermissionError):
            continue  # it has ended, or belongs to another user
        if found is not None and not _is_pulumi(parent):
            found.end(_PLUGIN_GRACE_S)


def _is_pulumi(pid: int) -> bool:
    """Tell whether the process is a `pulumi`. The system may have given its number to another program since."""
    try:
        return Path(f"/proc/{pid}/comm").read_text().strip() == "pulumi"
    except FileNotFoundError:
        return False


def prepare(tools: Tools) -> None:
    """Install `pulumi` and `kubectl` into `.venv`, and the pinned provider where Pulumi looks for plugins."""
    write_wrappers(tools)
    plugin = pulumi_home() / "plugins" / f"resource-kubernetes-v{PULUMI_KUBERNETES}"
    if _complete(plugin, tools):
        return
    arguments = ["kubernetes", f"v{PULUMI_KUBERNETES}", "--file", str(tools.program("pulumi-resource-kubernetes"))]
    done = subprocess.run(
        [VENV / "bin" / "pulumi", "plugin", "install", "resource", *arguments, "--reinstall"],
        env=variables(LOCAL_CONTEXT),
        capture_output=True,
        text=True,
        check=False,
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
