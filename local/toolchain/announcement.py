"""The announcement of a long set-up: what is downloaded, what is built, and how long it takes."""

import os
from collections.abc import Sequence

from kube.xdg_directories import cache_root
from local.toolchain.pins import Artefact, GoProgram
from local.toolchain.progress import Progress


def announce(from_release: Sequence[Artefact], built: Sequence[Artefact], progress: Progress) -> None:
    """Print which tools are downloaded and which are built, with an estimate of the time."""
    if from_release:
        progress.say(f"Downloading the releases of {', '.join(artefact.name for artefact in from_release)}.")
    programs = [step for artefact in built for step in artefact.recipe if isinstance(step, GoProgram)]
    if programs:
        cores = os.cpu_count() or 1
        duration = _in_minutes(sum(program.cpu_s for program in programs) / cores)
        names = ", ".join(artefact.name for artefact in built if any(isinstance(s, GoProgram) for s in artefact.recipe))
        progress.say(
            f"Building {names} from Go modules.\n"
            f"{duration} on {cores} CPU cores, only this time: {cache_root()} keeps the result for later runs."
        )


def _in_minutes(seconds: float) -> str:
    minutes = round(seconds / 60)
    if minutes < 1:
        return "Less than a minute"
    return "About one minute" if minutes == 1 else f"About {minutes} minutes"
