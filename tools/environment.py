"""The surroundings of `pulumi` and `kubectl`: the same for make's targets and for a user inside `.venv`."""

import os
import shlex
from pathlib import Path
from urllib.parse import quote

from local.cluster.directory import DEFAULT_NAME, Directory
from local.paths import REPOSITORY, state_root
from local.toolchain import Tools
from local.venv import VENV

LOCAL_CONTEXT = Directory(DEFAULT_NAME).context
_HOME = "pulumi-home"

# Where state lies is looked up at each call, so that one `.venv` serves every XDG_STATE_HOME.
_HEAD = """#!/bin/sh
# Written by set-up. What is set already stays as it is.
state="$HOME/.local/state/synergychat"
case "${{XDG_STATE_HOME:-}}" in /*) state="$XDG_STATE_HOME/synergychat" ;; esac
export KUBECONFIG="$state/{kubeconfig}:${{KUBECONFIG:-$HOME/.kube/config}}"
"""
_PULUMI = (
    _HEAD
    + """# For callers who have not activated `.venv`: the language host takes the first `python` of the path.
export PATH={tools}:{venv}:"$PATH"
export PULUMI_HOME="${{PULUMI_HOME:-$state/{home}}}"
export PULUMI_SKIP_UPDATE_CHECK="${{PULUMI_SKIP_UPDATE_CHECK:-true}}"
if [ -z "${{PULUMI_BACKEND_URL:-}}" ]; then
  export PULUMI_BACKEND_URL="file://$state/{backend}"
  # State on this machine's own disk holds no secret of anybody's: its passphrase is empty unless one is set.
  [ -n "${{PULUMI_CONFIG_PASSPHRASE_FILE:-}}" ] || export PULUMI_CONFIG_PASSPHRASE="${{PULUMI_CONFIG_PASSPHRASE-}}"
fi
exec {pulumi} "$@"
"""
)
_KUBECTL = _HEAD + 'exec {kubectl} "$@"\n'


def pulumi_home() -> Path:
    given = os.environ.get("PULUMI_HOME")
    return Path(given) if given else state_root() / _HOME


def backend(context: str) -> Path:
    """One Pulumi backend per Kubernetes context, so that no stack's state is ever taken for another cluster's."""
    directory = state_root() / "pulumi" / quote(context, safe="")  # a cloud's contexts have slashes and colons
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    return directory


def write_wrappers(tools: Tools) -> None:
    """Put `pulumi`, and `kubectl` where it is among the tools, of the pinned versions on the path of `.venv`."""
    of_state = {
        "kubeconfig": Directory(DEFAULT_NAME).kubeconfig,
        "home": state_root() / _HOME,
        "backend": backend(LOCAL_CONTEXT),
    }
    of_tools = {
        "tools": tools.directory("pulumi"),
        "venv": VENV / "bin",
        "pulumi": tools.program("pulumi"),
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


def variables(context: str) -> dict[str, str]:
    """The environment for a run against `context`: the user's own backend when one is set, else a local one."""
    environment = dict(os.environ)
    environment["PATH"] = f"{VENV / 'bin'}{os.pathsep}{environment.get('PATH', os.defpath)}"
    if not environment.get("PULUMI_BACKEND_URL"):
        environment["PULUMI_BACKEND_URL"] = backend(context).as_uri()
        if not environment.get("PULUMI_CONFIG_PASSPHRASE_FILE"):
            environment.setdefault("PULUMI_CONFIG_PASSPHRASE", "")
    return environment


def stack_file(stack: str) -> Path:
    return REPOSITORY / f"Pulumi.{stack}.yaml"
