"""The comment and the labels of a pull request, made of what its preview found.

The preview ran the code of the pull request. So whatever it wrote is text of a stranger: only its size, shape and
characters are checked here, and it decides nothing but the words of the comment and the labels.
"""

import io
import re
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from urllib.parse import quote

from local.errors import UserError
from tools.ci import untrusted
from tools.ci.github import BOT, LIMIT, GitHub
from tools.ci.result import CHANGES, COMMENT, LIMITS, Result

MARKER = "<!-- synergychat: preview -->"
DELETES, EXPOSES, NOTHING = "preview: deletes", "preview: exposes", "preview: no change"
LABELS = frozenset({DELETES, EXPOSES, NOTHING})
_ARTEFACT = re.compile(r"preview-([A-Za-z0-9_.-]{1,100})")
_ARTEFACT_BYTES = 20_000_000
_STACKS = 30


def run(event: Mapping[str, Any], github: GitHub) -> int:
    """Bring comment and labels of the pull request up to date. `event` is GitHub's `workflow_run`.

    Nothing is done for a run that is not the last one of its pull request. Raises UserError if GitHub refuses.
    """
    of_run = event["workflow_run"]
    if of_run["event"] != "pull_request" or of_run["conclusion"] not in ("success", "failure"):
        print(f"Nothing to comment on: a run of {of_run['event']} ended with {of_run['conclusion']}.")
        return 0
    number = pull_request(of_run, github)
    if number is None:
        print("Nothing to comment on: no open pull request has this commit as its head.")
        return 0
    results = _results(of_run, github)
    failed = of_run["conclusion"] == "failure"
    _comment(github, number, body(results, of_run, failed=failed), creates=bool(results) or failed)
    _label(github, number, labels(results, failed=failed))
    return 0


def pull_request(of_run: Mapping[str, Any], github: GitHub) -> int | None:
    """Return the number of the open pull request whose head is the commit of the run.

    The event lists none for a fork. Then GitHub is asked for those of the run's branch. Two of them are as good as
    none: their previews differ, and nothing says to which one the run belongs.
    """
    repository, sha = of_run["repository"]["id"], of_run["head_sha"]
    listed = [each["number"] for each in of_run["pull_requests"] if each["base"]["repo"]["id"] == repository]
    if listed:
        found = [github.get(f"pulls/{number}") for number in listed]
    else:
        head = f"{of_run['head_repository']['owner']['login']}:{of_run['head_branch']}"
        found = list(github.pages("pulls", state="open", head=head))
    current = {
        each["number"]
        for each in found
        if each["state"] == "open" and each["head"]["sha"] == sha and each["base"]["repo"]["id"] == repository
    }
    return current.pop() if len(current) == 1 else None


def _results(of_run: Mapping[str, Any], github: GitHub) -> list[Result]:
    """Return the results in the artefacts of a run: the last one of each stack, sorted by stack."""
    newest: dict[str, Mapping[str, Any]] = {}
    for artefact in github.pages(f"actions/runs/{of_run['id']}/artifacts", "artifacts"):
        name = _ARTEFACT.fullmatch(artefact["name"])
        # A repeated run has artefacts of every attempt.
        if name and not artefact["expired"]:
            newest[name[1]] = max(newest.get(name[1], artefact), artefact, key=lambda each: each["created_at"])
    return [_result(stack, artefact, github) for stack, artefact in sorted(newest.items())[:_STACKS]]


def _result(stack: str, artefact: Mapping[str, Any], github: GitHub) -> Result:
    try:
        content = github.download(f"actions/artifacts/{artefact['id']}/zip", _ARTEFACT_BYTES)
        return Result.of(stack, unpacked(content))
    except (UserError, zipfile.BadZipFile, NotImplementedError, RuntimeError) as error:
        return Result(stack, f"Its result cannot be read: {error}", None)


def unpacked(content: bytes) -> dict[str, bytes]:
    """Return the two files of an archive that the comment is made of, each up to the limit.

    Nothing is written to disk, and no more is decompressed, whatever sizes and paths the archive names. Raises the
    errors of `zipfile` for an archive that is damaged or encrypted.
    """
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        files: dict[str, bytes] = {}
        for name in {COMMENT, CHANGES} & set(archive.namelist()):
            with archive.open(name) as file:
                files[name] = file.read(LIMITS[name])
        return files


def body(results: Sequence[Result], of_run: Mapping[str, Any], *, failed: bool) -> str:
    """Return the comment: a table of all stacks, and the text of each one, cut where it has no room."""
    url, sha = of_run["html_url"], of_run["head_sha"]
    head = [MARKER, "## Preview", *_overview(results, failed=failed)]
    foot = f"Commit {sha[:12]}. The code of this pull request wrote these texts: [its run and the reports]({url})."
    room = LIMIT - len("\n\n".join([*head, foot]))
    # Each text may take an equal share of the room that shorter ones leave.
    texts: dict[str, str] = {}
    for left, result in zip(
        range(len(results), 0, -1), sorted(results, key=lambda each: len(each.comment)), strict=True
    ):
        texts[result.stack] = _details(result, room // left)
        room -= len(texts[result.stack]) + 2
    return "\n\n".join([*head, *(texts[result.stack] for result in results), foot])


def _overview(results: Sequence[Result], *, failed: bool) -> list[str]:
    if not results:
        return ["The preview failed." if failed else "No stack reads the files that this pull request changes."]
    broken = any(result.changes is None for result in results)
    rows = ["| stack | what changes | deletes | replaces | exposes | plan |", "| --- | --- | --- | --- | --- | --- |"]
    for result in results:
        name, changes = untrusted.line(result.stack), result.changes
        if changes is None:
            rows.append(f"| {name} | **cannot be planned** | | | | |")
            continue
        what = untrusted.line(changes.summary) if changes.differs else "nothing"
        lists = (changes.deletions, changes.replacements, changes.exposure)
        numbers = " | ".join(f"**{len(found)}**" if found else "0" for found in lists)
        rows.append(f"| {name} | {what} | {numbers} | `{changes.plan}` |")
    note = ["The preview did not end for every stack."] if failed and not broken else []
    return [*note, "\n".join(rows)]


def _details(result: Result, room: int) -> str:
    opened = f"<details><summary>{untrusted.line(result.stack)}</summary>\n\n"
    closed = "\n\n</details>"
    left = max(room - len(opened) - len(closed) - 80, 0)
    note = ""
    if len(result.comment) > left or len(untrusted.markdown(result.comment)) > left:
        note = "\n\nThe rest is in the report of the run."
    limit = left
    # The safe text is longer than the original one: cut that until both fit.
    while len(text := untrusted.markdown(untrusted.cut(result.comment, limit))) > left:
        limit = limit * left // (len(text) + 1)
    text += note
    return f"{opened}{text}{closed}"


def labels(results: Iterable[Result], *, failed: bool) -> frozenset[str]:
    """Return the labels for the results. A result that is missing or broken never means that nothing changes."""
    results = list(results)
    changes = [result.changes for result in results if result.changes is not None]
    wanted: set[str] = set()
    if any(each.deletions or each.replacements for each in changes):
        wanted.add(DELETES)
    if any(each.exposure for each in changes):
        wanted.add(EXPOSES)
    whole = not failed and len(changes) == len(results)
    if whole and not wanted and not any(each.differs for each in changes):
        wanted.add(NOTHING)
    return frozenset(wanted)


def _comment(github: GitHub, number: int, text: str, *, creates: bool) -> None:
    """Update the comment of an earlier run, or create one."""
    for comment in github.pages(f"issues/{number}/comments"):
        if comment["user"]["login"] == BOT and comment["body"].startswith(MARKER):
            if comment["body"] != text:
                github.send("PATCH", f"issues/comments/{comment['id']}", {"body": text})
            return
    if creates:
        github.send("POST", f"issues/{number}/comments", {"body": text})


def _label(github: GitHub, number: int, wanted: frozenset[str]) -> None:
    """Add and remove labels of the preview; all others stay."""
    present = {label["name"] for label in github.pages(f"issues/{number}/labels")} & LABELS
    for label in sorted(present - wanted):
        github.send("DELETE", f"issues/{number}/labels/{quote(label)}")
    if added := sorted(wanted - present):
        github.send("POST", f"issues/{number}/labels", {"labels": added})
