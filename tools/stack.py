"""Runs of the Pulumi program for the targets of make: always the program that a user runs, in the same surroundings."""

import json
import os
import socket
import subprocess
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast
from urllib.parse import quote

import yaml

from local import disk
from local.cluster.process import Process
from local.errors import UserError
from local.paths import REPOSITORY, state_root
from local.toolchain import Tools
from local.toolchain.pins import PULUMI_KUBERNETES
from local.venv import VENV
from tools import selection
from tools.environment import LOCAL_CONTEXT, backend, pulumi_home, stack_file, variables, write_wrappers

CONTEXT_KEY = "synergychat:context"
GATEWAY_KEY = "synergychat:gateway"
_PORTS = range(1, 65536)
_PLUGIN_GRACE_S = 2.0


@dataclass(frozen=True)
class Stack:
    """A stack and the Kubernetes context it goes to: the one that is named, else the one in the stack's own file."""

    name: str
    context: str
    named: bool

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
                f"{file.name} names no Kubernetes context.", f"Type: pulumi config set context NAME --stack {name}"
            )
        return cls(name, context or str(own), named=bool(context) and context != own)

    @property
    def on_local_cluster(self) -> bool:
        return self.context == LOCAL_CONTEXT

    @property
    def ports_to_serve(self) -> tuple[int, ...]:
        """Those that its load balancer will be asked for. What is no valid config counts as not set."""
        gateway = own_config(stack_file(self.name)).get(GATEWAY_KEY)
        settings: dict[str, Any] = {"exposure": "LoadBalancer", "port": 80}
        settings |= gateway if isinstance(gateway, dict) else {}
        listeners: Any = settings.get("listeners")
        further = cast(list[dict[str, Any]], listeners if isinstance(listeners, list) else [])
        ports = [settings["port"], *(each.get("port") for each in further if isinstance(each, dict))]
        return tuple(port for port in ports if port in _PORTS) if settings["exposure"] == "LoadBalancer" else ()

    @property
    def typed_kubectl(self) -> str:
        """What a person types, in this directory, to reach the same cluster."""
        return ".venv/bin/kubectl" if self.on_local_cluster else f"kubectl --context {self.context}"

    @property
    def typed_up(self) -> str:
        """What a person types to bring it up."""
        which = "" if self.name == "dev" else f" STACK={self.name}"
        return f"make up{which}{f' CONTEXT={self.context}' if self.named else ''}"

    def pulumi(self, *arguments: str, capture: bool = False) -> subprocess.CompletedProcess[str]:
        """Run `pulumi` on this stack; the caller looks at the exit code."""
        command = [_wrapper("pulumi"), "--cwd", str(REPOSITORY), *arguments]
        return subprocess.run(
            command, env=variables(self.context), text=True, check=False, stdout=subprocess.PIPE if capture else None
        )

    def kubectl(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        command = [_wrapper("kubectl"), "--context", self.context, *arguments]
        return subprocess.run(command, env=variables(self.context), text=True, check=False, capture_output=True)

    def select(self) -> bool:
        """Make the stack in its backend when it is new, and plain `pulumi`'s choice where that looks there."""
        with nullcontext() if selection.is_in_reach(self.context) else selection.kept():
            return self.pulumi("stack", "select", "--create", self.name, capture=True).returncode == 0

    def remove(self, *, force: bool) -> int:
        """Forget the stack, with `force` also one that still has resources; its file stays. Gives the exit code."""
        # Without the flag Pulumi takes the stack's file along, which is the user's.
        options = ("--yes", "--preserve-config", *(["--force"] if force else []))
        with selection.kept():
            return self.pulumi("stack", "rm", self.name, *options).returncode

    def configuration(self) -> list[str]:
        """Flags that lay a named context over the stack's file, which stays as it is."""
        if not self.named:
            return []
        document = yaml.safe_load(stack_file(self.name).read_text()) or {}
        document["config"] = own_config(stack_file(self.name)) | {CONTEXT_KEY: self.context}
        laid = state_root() / "stacks" / quote(self.context, safe="") / stack_file(self.name).name
        laid.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        laid.write_text(yaml.safe_dump(document, sort_keys=False))
        return ["--config-file", str(laid)]

    def release_dead_lock(self) -> None:
        """Pulumi's lock outlives a killed run, and its own cure would let go of a living run's too."""
        if os.environ.get("PULUMI_BACKEND_URL"):
            return
        for lock in (backend(self.context) / ".pulumi" / "locks").rglob(f"{self.name}/*.json"):
            holder = json.loads(lock.read_text())
            if holder["hostname"] == socket.gethostname() and not _is_pulumi(holder["pid"]):
                lock.unlink()

    def outputs(self) -> dict[str, Any]:
        done = self.pulumi("stack", "output", "--json", "--stack", self.name, capture=True)
        return json.loads(done.stdout) if done.returncode == 0 else {}


def own_config(file: Path) -> dict[str, Any]:
    """A stack file's own keys."""
    try:
        document = yaml.safe_load(file.read_text()) or {}
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise UserError(f"{file} is not YAML: {' '.join(str(error).split())}") from error
    config = document.get("config") or {} if isinstance(document, dict) else None
    if not isinstance(config, dict):
        raise UserError(f"{file} is no stack file: it needs a group of keys called config.")
    return config


def _wrapper(name: str) -> str:
    script = VENV / "bin" / name
    if not script.exists():
        without_cluster = ", or, without a cluster: make preview" if name == "pulumi" else ""
        raise UserError(f"There is no {name} here yet.", f"Type: make up{without_cluster}")
    return str(script)


def end_orphaned_plugins() -> None:
    """A provider outlives the `pulumi` that started it when that is killed: nobody will ever talk to it again."""
    ours = pulumi_home() / "plugins"
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if not (process / "exe").readlink().is_relative_to(ours):
                continue
            parent = int((process / "stat").read_text().rpartition(")")[2].split()[1])
            found = Process.of(int(process.name))
        except (FileNotFoundError, ProcessLookupError, PermissionError):
            continue  # ended meanwhile, or somebody else's
        if found is not None and not _is_pulumi(parent):
            found.end(_PLUGIN_GRACE_S)


def _is_pulumi(pid: int) -> bool:
    """A number that another program has got since counts as dead."""
    try:
        return Path(f"/proc/{pid}/comm").read_text().strip() == "pulumi"
    except FileNotFoundError:
        return False


def prepare(tools: Tools) -> None:
    """Put `pulumi` and `kubectl` into `.venv`, and the pinned provider where Pulumi looks for plugins."""
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
        raise UserError(f"Pulumi did not take the kubernetes provider: {done.stderr.strip()}")


def _complete(plugin: Path, tools: Tools) -> bool:
    """Pulumi marks a plugin whose installation did not end."""
    installed = plugin / "pulumi-resource-kubernetes"
    made = tools.program("pulumi-resource-kubernetes")
    partial = plugin.with_name(f"{plugin.name}.partial")
    return installed.exists() and not partial.exists() and installed.stat().st_size == made.stat().st_size
