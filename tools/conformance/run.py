"""`make conformance`: the suite from start to end, and the cluster afterwards as it was before."""

import difflib
import os
import subprocess
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO
from urllib.parse import quote

from rich.console import Console

from local.cluster.cluster import Cluster
from local.cluster.logs import tail
from local.errors import UserError
from local.files import write_whole
from local.images import archives, tools_for
from local.lock import locked
from local.paths import state_root
from local.toolchain import ensure
from local.toolchain.progress import Progress
from tools.conformance import images, leftovers
from tools.conformance.arguments import arguments
from tools.conformance.description import Description
from tools.conformance.outcome import Outcome
from tools.conformance.report import Report
from tools.conformance.results import Result, finished, plain
from tools.conformance.target import Target
from tools.stack import Stack


def run(stack: Stack, only: str, report: str) -> int:
    """Run all of the suite, or the test called `only`, and print what came of it; 0 when all of it passed.

    The report is kept in the file `report`, without a name below the state directory; a test alone makes none.
    """
    place = state_root() / "conformance" / quote(stack.context, safe="")
    place.mkdir(mode=0o700, parents=True, exist_ok=True)
    kept = Path(report) if report else place / "report.yaml"
    if not kept.parent.is_dir():
        raise UserError(f"The report cannot go to {kept}: {kept.parent} is no directory.")
    console, log = Console(highlight=False), place / "suite.log"
    with (
        locked(place / "lock", lambda holder: print(f"Another make conformance ({holder}) runs: waiting for it.")),
        tempfile.TemporaryDirectory() as scratch,
    ):
        written = Path(scratch) / "report.yaml"
        outcome = _outcome(stack, only, written, log)
        outcome.print(console)
        if outcome.report is not None:
            write_whole(kept, written.read_bytes(), mode=0o644)
            console.print(f"Report: {kept}", soft_wrap=True)
    if not outcome.well and not outcome.failed:
        raise UserError(
            f"The suite failed outside of its tests, with exit code {outcome.exit_code}. It said last:\n{tail(log)}",
            f"The whole log is {log}",
        )
    return 0 if outcome.well else 1


def _outcome(stack: Stack, only: str, written: Path, log: Path) -> Outcome:
    with Progress() as progress:
        suite = ensure(["conformance"], progress).program("conformance")
        description = Description.of(suite)
        if only and only not in description.tests:
            raise _unknown(only, description.tests)
        target = Target.of(stack, description.version)
        if stack.on_local_cluster:
            _bring_images(description, progress)
        if leftovers.found(stack, description):
            with progress.step("remove what an earlier run left"):
                leftovers.remove(stack, description)
        environment = os.environ | {"KUBECONFIG": str(_kubeconfig(stack, written.parent))}
        command = [str(suite), *arguments(target, only, written, leftovers.mark(stack))]
        progress.say(f"The suite says more in {log}")
        try:
            with progress.step(f"test {target.gateway_class} of {stack.context}", len(description.tests)) as advance:
                results, exit_code = _follow(command, environment, log, lambda result: _tell(result, progress, advance))
        finally:
            with progress.step("remove what the suite made"):
                leftovers.remove(stack, description)
    return Outcome(results=results, report=Report.read(written) if written.exists() else None, exit_code=exit_code)


def _bring_images(description: Description, progress: Progress) -> None:
    """The local cluster's node reaches no registry."""
    entries = images.entries(description.images)
    tools = ensure(tools_for(progress, entries), progress)
    for archive in archives(tools, progress, entries):
        Cluster().load_image(archive, by_user=False)


def _kubeconfig(stack: Stack, directory: Path) -> Path:
    """The suite takes no context: a kubeconfig with no other."""
    done = stack.kubectl("config", "view", "--raw", "--minify", "--flatten")
    if done.returncode != 0:
        raise UserError(f"The context {stack.context} cannot be read: {done.stderr.strip()}")
    file = directory / "kubeconfig"
    write_whole(file, done.stdout)
    return file


def _follow(
    command: Sequence[str], environment: Mapping[str, str], log: Path, tell: Callable[[Result], None]
) -> tuple[tuple[Result, ...], int]:
    """Run the suite; each result is told at once. What it says goes to `log`."""
    results: list[Result] = []
    with (
        log.open("w") as lines,
        subprocess.Popen(
            command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace"
        ) as process,
    ):
        try:
            for result in finished(_copied(process.stdout or (), lines)):
                results.append(result)
                tell(result)
        except BaseException:
            process.kill()  # interrupted: it would not clean up either
            raise
    return tuple(results), process.returncode


def _copied(lines: Iterable[str], log: IO[str]) -> Iterator[str]:
    for line in lines:
        log.write(plain(line))
        yield line


def _tell(result: Result, progress: Progress, advance: Callable[[str], None]) -> None:
    advance(result.name)
    if result.verdict != "SKIP":
        progress.say(f"  {result.verdict:<4} {result.name} ({result.seconds:.1f} s)")
    for reason in result.reasons if result.verdict == "FAIL" else ():
        progress.say(f"       {reason}")


def _unknown(name: str, tests: Sequence[str]) -> UserError:
    close = difflib.get_close_matches(name, tests) or tests
    return UserError(f"The conformance suite has no test {name}.", f"It has: {', '.join(close)}")
