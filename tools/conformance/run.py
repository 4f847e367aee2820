"""`make conformance`: run the suite, and leave the cluster as it was before."""

import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote

from rich.console import Console

from kube.atomic_write import write_whole
from local.cluster.cluster import Cluster
from local.cluster.logs import tail
from local.errors import UserError
from local.images import archives, tools_for
from local.lock import locked
from local.paths import private_state
from local.toolchain import ensure
from local.toolchain.progress import Progress
from tools.conformance import images, leftovers
from tools.conformance.arguments import arguments
from tools.conformance.description import Description
from tools.conformance.outcome import Outcome
from tools.conformance.report import Report
from tools.conformance.results import Result
from tools.conformance.suite import follow
from tools.conformance.target import Target
from tools.stack import Stack


def run(stack: Stack, only: str, report: str) -> int:
    """Run the whole suite, or only the test `only`, and print the results. Return 0 if all tests passed.

    The report goes to the file `report`, by default in the state directory. A single test has no report.
    """
    place = private_state("conformance", quote(stack.context, safe=""))
    kept = Path(report) if report else place / "report.yaml"
    if not kept.parent.is_dir():
        raise UserError(f"The report cannot be written to {kept}: {kept.parent} is not a directory.")
    console, log = Console(highlight=False), place / "suite.log"
    with (
        locked(
            place / "lock", lambda holder: print(f"Another make conformance ({holder}) is running: waiting for it.")
        ),
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
            f"The suite failed outside of its tests, with exit code {outcome.exit_code}. Its last lines:\n{tail(log)}",
            f"The whole log is in {log}",
        )
    return 0 if outcome.well else 1


def _outcome(stack: Stack, only: str, written: Path, log: Path) -> Outcome:
    with Progress() as progress:
        suite = ensure(["conformance"], progress).program("conformance")
        description = Description.of(suite)
        if only:
            description.check_test(only)
        target = Target.of(stack, description.version)
        if stack.on_local_cluster:
            _load_images(description, progress)
        if leftovers.found(stack, description):
            with progress.step("remove the objects of an earlier run"):
                leftovers.remove(stack, description)
        environment = os.environ | {"KUBECONFIG": str(_kubeconfig(stack, written.parent))}
        command = [str(suite), *arguments(target, only, written, leftovers.mark(stack))]
        progress.say(f"The suite's own log is {log}")
        try:
            with progress.step(f"test {target.gateway_class} of {stack.context}", len(description.tests)) as advance:
                results, exit_code = follow(
                    command, environment, log, lambda result: _report(result, progress, advance)
                )
        finally:
            with progress.step("remove the objects of the suite"):
                leftovers.remove(stack, description)
    return Outcome(results=results, report=Report.read(written) if written.exists() else None, exit_code=exit_code)


def _load_images(description: Description, progress: Progress) -> None:
    """Import the suite's images into the local cluster, whose node reaches no registry."""
    entries = images.entries(description.images)
    tools = ensure(tools_for(progress, entries), progress)
    for archive in archives(tools, progress, entries):
        Cluster().load_image(archive, by_user=False)


def _kubeconfig(stack: Stack, directory: Path) -> Path:
    """Write a kubeconfig with only the context of the stack, as the suite has no option for a context."""
    done = stack.kubectl("config", "view", "--raw", "--minify", "--flatten")
    if done.returncode != 0:
        raise UserError(f"The context {stack.context} cannot be read: {done.stderr.strip()}")
    file = directory / "kubeconfig"
    write_whole(file, done.stdout)
    return file


def _report(result: Result, progress: Progress, advance: Callable[[str], None]) -> None:
    advance(result.name)
    if result.verdict != "SKIP":
        progress.say(f"  {result.verdict:<4} {result.name} ({result.seconds:.1f} s)")
    for reason in result.reasons if result.verdict == "FAIL" else ():
        progress.say(f"       {reason}")
