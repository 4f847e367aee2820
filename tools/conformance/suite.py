"""Run the suite's binary and read its output."""

import subprocess
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO

from local import child
from tools.conformance.results import Result, finished, plain


def follow(
    command: Sequence[str], environment: Mapping[str, str], log: Path, report: Callable[[Result], None]
) -> tuple[tuple[Result, ...], int]:
    """Run the suite and return its results and exit code. Each result is reported at once; all output goes to `log`."""
    results: list[Result] = []
    with (
        log.open("w") as lines,
        child.started(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as process,
    ):
        for result in finished(_copied(process.stdout or (), lines)):
            results.append(result)
            report(result)
    return tuple(results), process.returncode


def _copied(lines: Iterable[str], log: IO[str]) -> Iterator[str]:
    for line in lines:
        log.write(plain(line))
        yield line
