"""The environment of `pulumi` and `kubectl`: the same for the targets of make and for a user inside `.venv`."""

import os
import shlex
from pathlib import Path
from typing import Any
from urllib.parse import quote

from kube.yaml_text import read_yaml
from local.cluster.directory import DEFAULT_NAME, Directory
from local.paths import REPOSITORY, private_state, state_root
from local.toolchain import Tools
from local.venv import VENV

PROJECT = "synergychat"
"""The name in Pulumi.yaml."""
LOCAL_CONTEXT = Directory(DEFAULT_NAME).context
_HOME = "pulumi-home"
_PROJECT_FILE = REPOSITORY / "Pulumi.yaml"

# The wrappers read XDG_STATE_HOME at each call, so that one `.venv` works with any value of it.
_HEAD = """#!/bin/sh
# Written by set-up. Variables that are already set stay as they are.
state="$HOME/.local/state/synergychat"
case "${{XDG_STATE_HOME:-}}" in /*) state="$XDG_STATE_HOME/synergychat" ;; esac
export KUBECONFIG="$state/{kubeconfig}:${{KUBECONFIG:-$HOME/.kube/config}}"
"""
_PULUMI = (
    _HEAD
    + """# For callers who have not activated `.venv`: the language host runs the first `python` on the PATH.
export PATH={tools}:{venv}:"$PATH"
export PULUMI_HOME="${{PULUMI_HOME:-$state/{home}}}"
export PULUMI_SKIP_UPDATE_CHECK="${{PULUMI_SKIP_UPDATE_CHECK:-true}}"
# `destroy` and `refresh` run the program too: it checks that the cluster is the stack's.
export PULUMI_RUN_PROGRAM="${{PULUMI_RUN_PROGRAM:-true}}"
# Previews and updates ask it what Envoy Gateway would refuse. Empty: do not ask.
[ -n "${{ENVOY_GATEWAY_JUDGE+set}}" ] || export ENVOY_GATEWAY_JUDGE={judge}
if [ -z "${{PULUMI_BACKEND_URL:-}}" ]; then
  export PULUMI_BACKEND_URL="file://$state/{backend}"
  # The program refuses secrets under an empty passphrase, except on the local cluster.
  [ -n "${{PULUMI_CONFIG_PASSPHRASE_FILE:-}}" ] || export PULUMI_CONFIG_PASSPHRASE="${{PULUMI_CONFIG_PASSPHRASE-}}"
fi
case " $* " in
  *" config "*" --secret"*) PYTHONPATH={repository} {python} -P -m tools.pulumi_guard {pulumi} "$@" || exit 1 ;;
esac
exec {pulumi} "$@"
"""
)
_KUBECTL = _HEAD + 'exec {kubectl} "$@"\n'


def pulumi_home() -> Path:
    """Return the directory for Pulumi's plugins and credentials."""
    given = os.environ.get("PULUMI_HOME")
    return Path(given) if given else state_root() / _HOME


def backend(context: str) -> Path:
    """Return the Pulumi backend of a Kubernetes context. Each has its own, so that clusters never share state."""
    return private_state(*_backend(context))


def has_backend(context: str) -> bool:
    """Tell whether there is a backend for a context: the user's own for all, or a local one that `backend` created."""
    return bool(os.environ.get("PULUMI_BACKEND_URL")) or state_root().joinpath(*_backend(context)).exists()


def _backend(context: str) -> tuple[str, str]:
    return "pulumi", quote(context, safe="")  # the contexts of clouds contain slashes and colons


def write_wrappers(tools: Tools) -> None:
    """Put wrappers for the pinned `pulumi`, and for `kubectl` if `tools` has it, into `.venv/bin`."""
    of_state = {
        "kubeconfig": Directory(DEFAULT_NAME).kubeconfig,
        "home": state_root() / _HOME,
        "backend": backend(LOCAL_CONTEXT),
    }
    of_tools = {
        "tools": tools.directory("pulumi"),
        "venv": VENV / "bin",
        "pulumi": tools.program("pulumi"),
        "python": VENV / "bin" / "python",
        "repository": REPOSITORY,
        "judge": tools.program("judge") if "judge" in tools.directories else "",
    }
    templates = {"pulumi": _PULUMI}
    if "kubernetes" in tools.directories:
        of_tools["kubectl"] = tools.program("kubectl")
        templates["kubectl"] = _KUBECTL
    values = {name: str(path.relative_to(state_root())) for name, path in of_state.items()}
    values |= {name: shlex.quote(str(path)) for name, path in of_tools.items()}
    for name, template in templates.items():
        script = VENV / "bin" / name
        text = template.format(**values)
        if not script.exists() or script.read_text() != text:
            scratch = script.with_suffix(".part")
            scratch.write_text(text)
            scratch.chmod(0o755)
            scratch.rename(script)


def passphrase_file(stack: str) -> Path:
    """Return the file with the passphrase of a stack that `make passphrase` writes."""
    return state_root() / "passphrases" / f"{stack}.passphrase"


def variables(context: str, stack: str = "") -> dict[str, str]:
    """Return the environment for a run against `context`, with the user's own backend or else a local one.

    The passphrase is the user's own, else the one that `make passphrase` wrote for `stack`, else empty.
    """
    environment = dict(os.environ)
    environment["PATH"] = f"{VENV / 'bin'}{os.pathsep}{environment.get('PATH', os.defpath)}"
    given = "PULUMI_CONFIG_PASSPHRASE" in environment or environment.get("PULUMI_CONFIG_PASSPHRASE_FILE")
    if stack and not given and passphrase_file(stack).exists():
        environment["PULUMI_CONFIG_PASSPHRASE_FILE"] = str(passphrase_file(stack))
    if not environment.get("PULUMI_BACKEND_URL"):
        environment["PULUMI_BACKEND_URL"] = backend(context).as_uri()
        if not environment.get("PULUMI_CONFIG_PASSPHRASE_FILE"):
            environment.setdefault("PULUMI_CONFIG_PASSPHRASE", "")
    return environment


def declared_defaults() -> dict[str, Any]:
    """Return the keys that Pulumi.yaml declares with a default. Pulumi passes them with those of a stack's file."""
    project = read_yaml(_PROJECT_FILE.read_bytes())
    return {f"{PROJECT}:{key}": of["default"] for key, of in project["config"].items() if "default" in of}


def stack_file(stack: str) -> Path:
    """Return the file with the config of a stack."""
    return REPOSITORY / f"Pulumi.{stack}.yaml"
