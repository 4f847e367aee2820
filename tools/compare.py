"""`make compare BASE=main`: what a change of the repository changes for clients and in a cluster, without a cluster."""

import hashlib
import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from compare import Comparison, compare
from compare.document import document
from compare.markdown import comment, without_plan
from compare.on_envoy import OnEnvoy
from compare.page import page
from compare.text import one_line, sections
from kube.atomic_write import write_whole
from local import supplies, venv
from local.command import explained
from local.errors import UserError
from local.lock import locked
from local.paths import REPOSITORY, private_cache
from local.toolchain import Tools
from local.toolchain.progress import Progress
from plans import Plan, PlanError, plan
from tools import compare_on_envoy
from tools.git import try_git
from tools.stack import check_name

SAME, DIFFERS, MISTAKE, NO_PLAN = 0, 1, 2, 3
_FILES = ("comment.md", "changes.json", "report.html")
_REQUIREMENTS = "requirements.txt"


@dataclass(frozen=True)
class Base:
    """The plan of the base. Without one, `reason` says why in one line."""

    revision: str
    plan: Plan
    reason: str = ""
    is_broken: bool = False


def command(base: str, stack: str, out: str, *, with_envoy: bool = False) -> int:
    """Run the comparison. A failure ends with 3, as without a plan: 1 would say that something differs."""
    try:
        try:
            return run(base, stack, out, with_envoy=with_envoy)
        except UserError as error:
            _fail(str(error), stack, out)
    except OSError as error:
        print(f"error: {explained(error)}", file=sys.stderr)
    return NO_PLAN


def run(base: str, stack: str, out: str, *, with_envoy: bool = False, repository: Path = REPOSITORY) -> int:
    """Print what changes between the base revision and the working tree, and write it to files in `out`.

    `with_envoy` also asks a real Envoy, before and after, and says whether it does the same. Envoy Gateway's own
    translator may then refuse the working tree's objects, as in `up`.

    Return 0 if nothing changes, 1 if something does, 2 for a mistake in the working tree's config, 3 if either side
    cannot be planned.
    """
    check_name(stack)
    revision = _revision(base, repository)
    with Progress() as progress:
        supplies.for_plan(progress)
        asking = _for_asking(progress) if with_envoy else None
    with _worktree(revision, repository) as directory, ThreadPoolExecutor(1) as other:
        python = _python(directory, repository)
        before = other.submit(_base, directory, stack, revision, python)
        try:
            judge = asking.program("judge") if isinstance(asking, Tools) else None
            head = plan(repository, stack, judge=judge)
        except PlanError as error:
            _fail(str(error), stack, out)
            return MISTAKE if error.is_mistake else NO_PLAN
        made = before.result()
    file = repository / f"exposure.{stack}.txt"
    accepted = file.read_text(encoding="utf-8").splitlines() if file.exists() else None
    found = compare(made.plan, head, accepted_exposure=accepted)
    if asking is not None:
        on_envoy = OnEnvoy(reason=asking) if isinstance(asking, str) else compare_on_envoy.run(found, asking)
        found = replace(found, on_envoy=on_envoy)
    said = f"Compared with {base} ({revision[:12]})." if not made.reason else made.reason
    _print(found, said, file)
    if out:
        _write(found, said, Path(out))
    if made.is_broken:
        return NO_PLAN
    return DIFFERS if found.differs else SAME


def _for_asking(progress: Progress) -> Tools | str:
    """The judge and Envoy, or why they are not there: the comparison goes on without them."""
    try:
        return supplies.for_asking(progress)
    except UserError as error:
        return str(error)


def _base(directory: Path, stack: str, revision: str, python: Path | str) -> Base:
    """The plan of the base, or an empty one with the reason."""
    nothing = Plan(stack=stack, objects=())
    short = revision[:12]
    if isinstance(python, str):
        reason = f"The base {short} cannot be planned, so everything is new: {python}"
        return Base(revision, nothing, reason, is_broken=True)
    if not (directory / f"Pulumi.{stack}.yaml").exists():
        return Base(revision, nothing, f"The base {short} has no stack {stack}, so everything is new.")
    try:
        return Base(revision, plan(directory, stack, python=python))
    except PlanError as error:
        why = one_line(str(error).strip().splitlines()[-1])
        reason = f"The base {short} cannot be planned, so everything is new: {why}"
        return Base(revision, nothing, reason, is_broken=True)


def _python(base: Path, head: Path) -> Path | str:
    """The Python for the base's program: this one, or with the packages of the base if these differ.

    The reason if the base's packages cannot be installed.
    """
    wanted = base / _REQUIREMENTS
    if not wanted.exists() or _content(wanted) == _content(head / _REQUIREMENTS):
        return Path(sys.executable)
    digest = hashlib.sha256(wanted.read_bytes() + repr(sys.version_info[:2]).encode()).hexdigest()[:16]
    directory = private_cache("plans") / digest
    with locked(directory.with_suffix(".lock"), lambda holder: print(f"Waiting for another set-up ({holder}).")):
        if not venv.install((str(wanted),), directory):
            return "its packages cannot be installed, see above"
    return directory / "bin" / "python"


def _content(file: Path) -> bytes:
    return file.read_bytes() if file.exists() else b""


def _revision(base: str, repository: Path) -> str:
    """The commit at which the working tree's branch left the base."""
    if not base:
        raise UserError("There is no revision to compare with.", "Type: make compare BASE=main")
    if try_git("rev-parse", "--git-dir", directory=repository).returncode != 0:
        raise UserError(f"{repository} is not a git repository.", "Compare in a clone.")
    for name in (base, f"origin/{base}"):
        found = try_git(
            "rev-parse", "--verify", "--quiet", "--end-of-options", f"{name}^{{commit}}", directory=repository
        )
        if found.returncode == 0:
            tip = found.stdout.strip()
            common = try_git("merge-base", tip, "HEAD", directory=repository)
            return common.stdout.strip() if common.returncode == 0 and common.stdout.strip() else tip
    shallow = try_git("rev-parse", "--is-shallow-repository", directory=repository).stdout.strip() == "true"
    why = ", and this clone is shallow" if shallow else ""
    raise UserError(f"There is no revision {base!a} here{why}.", "Type: git fetch origin main")


@contextmanager
def _worktree(revision: str, repository: Path) -> Iterator[Path]:
    """The files of a revision in a temporary directory, which goes when the block ends, also by a signal."""
    with tempfile.TemporaryDirectory(prefix="compare-") as temporary:
        directory = Path(temporary, "base")
        try:
            made = try_git("worktree", "add", "--detach", "--quiet", str(directory), revision, directory=repository)
            if made.returncode != 0:
                lines = made.stderr.strip().splitlines() or ["no reason given"]
                raise UserError(f"git cannot check {revision[:12]} out: {lines[-1]}")
            yield directory
        finally:
            # Not by local.child: after a signal it would start nothing.
            command = ["git", "-C", str(repository), "worktree", "remove", "--force", str(directory)]
            subprocess.run(command, capture_output=True, check=False)


def _print(found: Comparison, said: str, file: Path) -> None:
    print(one_line(f"{found.stack}: {found.summary}"))
    print(one_line(said))
    for section in sections(found):
        if section.detail:
            print(f"\n{section.title}: with OUT=directory")
            continue
        print(f"\n{section.title}")
        for line in section.lines:
            print(f"  {one_line(line)}")
    if found.exposure:
        print(f"\nTo accept what becomes reachable, write it to {file.name} with OUT=directory, and commit:")
        print(f"  cp DIRECTORY/{file.name} {file.name}")


def _fail(reason: str, stack: str, out: str) -> None:
    """Print why there is no comparison, and write it as the comment. The files of an earlier run go."""
    print(f"error: {reason}", file=sys.stderr)
    if out:
        directory = Path(out)
        directory.mkdir(parents=True, exist_ok=True)
        for file in (*map(directory.joinpath, _FILES), *directory.glob("exposure.*.txt")):
            file.unlink(missing_ok=True)
        write_whole(directory / "comment.md", without_plan(stack, reason).encode("utf-8", "replace"), mode=0o644)


def _write(found: Comparison, said: str, directory: Path) -> None:
    directory.mkdir(parents=True, exist_ok=True)
    files = {
        "comment.md": comment(found, said=said),
        "changes.json": json.dumps(document(found), indent=2, ensure_ascii=False) + "\n",
        "report.html": page(found, said=said),
        f"exposure.{found.stack}.txt": "\n".join(found.exposure_lines) + "\n",
    }
    for name, text in files.items():
        write_whole(directory / name, text.encode("utf-8", "replace"), mode=0o644)
    print(f"\nWritten to {one_line(str(directory))}: {', '.join(files)}")
