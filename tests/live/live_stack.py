"""The Pulumi program on a cluster, driven as a user drives it: the CLI program, its stack file, the real engine."""

import os
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import yaml
from pulumi import automation

from local.paths import REPOSITORY, state_root
from local.venv import VENV
from tests.rooms import PROGRAM

_FILES = ("Pulumi.yaml", "Pulumi.dev.yaml", "__main__.py", "*.py", *PROGRAM)


class LiveStack:
    """The dev stack of a copy of the program, on the context of `kubeconfig`, with state of its own in `directory`."""

    def __init__(self, directory: Path, kubeconfig: Path, context: str) -> None:
        self.directory = directory / "program"
        self.kubeconfig = kubeconfig
        self.context = context
        self.file = self.directory / "Pulumi.dev.yaml"
        self.directory.mkdir()
        for pattern in _FILES:
            for source in REPOSITORY.glob(pattern):
                target = self.directory / source.name
                shutil.copytree(source, target, dirs_exist_ok=True) if source.is_dir() else shutil.copy(source, target)
        (self.directory / VENV.name).symlink_to(VENV)
        state = directory / "state"
        state.mkdir()
        environment = dict(os.environ) | {
            "PATH": f"{VENV / 'bin'}{os.pathsep}{os.environ['PATH']}",
            "PULUMI_BACKEND_URL": state.as_uri(),
            "PULUMI_CONFIG_PASSPHRASE": "of a test",
            "KUBECONFIG": str(kubeconfig),
        }
        self.environment = environment
        self._outputs: dict[str, Any] | None = None
        self.said = ""
        """Output of the last `up`."""
        # Pulumi makes another salt: the committed one is of the empty passphrase, under which secrets are refused.
        document = yaml.safe_load(self.file.read_text())
        del document["encryptionsalt"]
        self.file.write_text(yaml.safe_dump(document, sort_keys=False))
        self.configure(context=context)
        self.automation = automation.create_or_select_stack(
            stack_name="dev",
            work_dir=str(self.directory),
            opts=automation.LocalWorkspaceOptions(
                env_vars=environment, pulumi_command=automation.PulumiCommand(root=str(VENV))
            ),
        )

    def remember_first_answers(self) -> None:
        """Store the first answers of the page, of the API's health and of an unknown host, without retries."""
        urls = self.outputs["urls"]
        asked = (urls["web"], f"{urls['api']}/healthz", "http://unknown.internal")
        self.first_answers = tuple(self.request("GET", url) for url in asked)

    @property
    def outputs(self) -> dict[str, Any]:
        """Outputs of the last `up`. They are cached, because Pulumi takes a second for them."""
        if self._outputs is None:
            self._outputs = {name: output.value for name, output in self.automation.outputs().items()}
        return self._outputs

    @property
    def gateway_address(self) -> str:
        return self.outputs["gatewayAddress"]

    def configure(self, **settings: Any) -> None:
        """Set config keys in the stack's file, or take them out (None).

        A nested one is named with a dot: `configure(**{"web.port": 8081})`.
        """
        document = yaml.safe_load(self.file.read_text())
        for path, value in settings.items():
            head, *tail = path.split(".")
            section = document["config"]
            key = f"synergychat:{head}"
            for name in tail:
                section = section.setdefault(key, {})
                key = name
            if value is None:
                section.pop(key, None)
            else:
                section[key] = value
        self.file.write_text(yaml.safe_dump(document, sort_keys=False))

    def up(self) -> Mapping[str, int]:
        """Bring the stack up. Return how many resources were created, updated and left the same."""
        self._outputs = None
        with _diagnostics():
            done = self.automation.up()
        self.said = done.stdout
        return {str(kind): count for kind, count in (done.summary.resource_changes or {}).items()}

    def refresh(self) -> None:
        """Read the objects of the state from the cluster."""
        with _diagnostics():
            self.automation.refresh()

    def destroy(self) -> None:
        """Delete what the state has."""
        with _diagnostics():
            self.automation.destroy()

    def cli(self, *arguments: str, typed: str | None = None, **environment: str) -> subprocess.CompletedProcess[str]:
        """Plain `pulumi`, as typed in the program's directory; stdout and stderr together. `typed` is its stdin."""
        return subprocess.run(
            [VENV / "bin" / "pulumi", *arguments, "--stack", "dev", "--non-interactive"],
            cwd=self.directory,
            env=self.environment | environment,
            input=typed,
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            check=False,
            timeout=300,
        )

    def kubectl(self, *arguments: str, typed: str | None = None) -> str:
        """Run `kubectl` and return its output."""
        command = [VENV / "bin" / "kubectl", "--kubeconfig", self.kubeconfig, *arguments]
        try:
            return subprocess.run(command, input=typed, check=True, capture_output=True, text=True).stdout
        except subprocess.CalledProcessError as error:
            error.add_note(error.stderr)
            raise

    def apply(self, *objects: Mapping[str, Any]) -> None:
        """Apply objects beside the stack."""
        self.kubectl("apply", "--server-side", "-f", "-", typed=yaml.safe_dump_all(objects))

    def delete(self, *objects: Mapping[str, Any]) -> None:
        """Delete objects that were applied, the last one first, without waiting for their end."""
        self.kubectl("delete", "--wait=false", "-f", "-", typed=yaml.safe_dump_all(reversed(objects)))

    def client(self) -> httpx.Client:
        """A client for many requests, on connections that are kept alive."""
        return httpx.Client(base_url=f"http://{self.gateway_address}", timeout=10, trust_env=False)

    def request(self, method: str, url: str, **options: Any) -> httpx.Response:
        """Send a request for `url` to the gateway's address, as `curl --resolve` does."""
        target = httpx.URL(url)
        host = target.netloc.decode()
        direct = target.copy_with(host=self.gateway_address)
        return httpx.request(method, direct, headers={"Host": host}, timeout=10, trust_env=False, **options)


class PulumiFailed(AssertionError):
    """Pulumi ended with an error; the message has its diagnostics."""


@contextmanager
def _diagnostics() -> Iterator[None]:
    """Raise PulumiFailed with Pulumi's diagnostics only: its hundreds of events hide them in the output of a test."""
    try:
        yield
    except automation.CommandError as error:
        raise PulumiFailed(str(error).partition("Diagnostics:")[2] or str(error)) from None


@contextmanager
def live_stack(name: str, kubeconfig: Path, context: str) -> Iterator[LiveStack]:
    """A stack whose program and state are in a directory of this name. The directory is deleted with it."""
    directory = state_root() / name
    shutil.rmtree(directory, ignore_errors=True)  # what a killed run may have left
    directory.mkdir(mode=0o700)
    yield LiveStack(directory, kubeconfig, context)
    shutil.rmtree(directory)
