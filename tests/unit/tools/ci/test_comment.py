"""The comment and the labels of a pull request."""

import io
import json
import zipfile
from typing import Any

import pytest

from compare import markdown
from compare.document import document
from tests.cases.builders import backend, route, rule
from tests.unit.compare.plans_of import compared
from tests.unit.tools.ci.fake_github import REPOSITORY_ID, FakeGitHub
from tools.ci import comment
from tools.ci.comment import DELETES, EXPOSES, MARKER, NOTHING
from tools.ci.github import BOT
from tools.ci.result import Changes, Result

SHA = "a" * 40
PLAN = "0123456789abcdef" * 4
SAME = {
    "stack": "prod",
    "differs": False,
    "deletions": [],
    "replacements": [],
    "exposure": [],
    "summary": "",
    "plan": PLAN,
}
DELETION = {**SAME, "differs": True, "deletions": [{"object": "Service chat/web"}], "summary": "1 object is deleted"}


@pytest.fixture
def github() -> FakeGitHub:
    fake = FakeGitHub()
    fake.pulls[5] = pull(5)
    return fake


def pull(number: int, **changed: Any) -> dict[str, Any]:
    head = {"sha": SHA, "label": "ada:topic"}
    return {"number": number, "state": "open", "head": head, "base": {"repo": {"id": REPOSITORY_ID}}, **changed}


def event(*numbers: int, **changed: Any) -> dict[str, Any]:
    """GitHub's `workflow_run`, with the fields that are read. It lists no pull request for a fork."""
    return {
        "workflow_run": {
            "id": 99,
            "event": "pull_request",
            "conclusion": "success",
            "head_sha": SHA,
            "head_branch": "topic",
            "head_repository": {"owner": {"login": "ada"}},
            "repository": {"id": REPOSITORY_ID},
            "html_url": "https://github.example.com/example/chat/actions/runs/99",
            "pull_requests": [{"number": number, "base": {"repo": {"id": REPOSITORY_ID}}} for number in numbers],
            **changed,
        }
    }


def add(github: FakeGitHub, stack: str, changes: Any = None, text: str = "text", **changed: Any) -> None:
    """Add an artefact as preview.yml uploads it."""
    number = len(github.artefacts) + 1
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("comment.md", text)
        archive.writestr("report.html", "<script>")
        archive.writestr("../../etc/passwd", "out")
        if changes is not None:
            archive.writestr("changes.json", json.dumps(changes))
    github.archives[number] = content.getvalue()
    created = f"2026-01-01T00:00:{number:02}Z"
    github.artefacts.append(
        {"id": number, "name": f"preview-{stack}", "expired": False, "created_at": created, **changed}
    )


def test_what_make_compare_writes_is_shown_as_it_is(github: FakeGitHub) -> None:
    before, after = route(hostnames=["old.example.com"]), route(rule(backend("api")), hostnames=["new.example.com"])
    comparison = compared([before], [after])
    add(github, "prod", document(comparison), markdown.comment(comparison))
    comment.run(event(5), github.api)
    text = github.comments[0]["body"]
    assert f"| prod | {comparison.summary} | 0 | 0 | **1** | `{comparison.plan}` |" in text
    assert "<pre>gone: http://old.example.com/*: web:80 100 % -&gt; 404" in text
    assert text.count("<pre>") == text.count("</pre>") > 1
    assert github.labels == [EXPOSES]


def test_a_comment_is_created_once_and_then_updated(github: FakeGitHub) -> None:
    others = ["hello", f"{MARKER} copied", "a", "b"]
    github.comments = [{"id": n, "user": {"login": "ada"}, "body": body} for n, body in enumerate(others, 1)]
    github.comments[0] = {"id": 1, "user": {"login": BOT}, "body": f"of another workflow {MARKER}"}
    add(github, "prod", DELETION)
    comment.run(event(5), github.api)
    assert github.writes == [("POST", "issues/5/comments"), ("POST", "issues/5/labels")]
    assert f"| prod | 1 object is deleted | **1** | 0 | 0 | `{PLAN}` |" in github.comments[4]["body"]

    github.writes.clear()
    comment.run(event(5), github.api)
    assert github.writes == []

    add(github, "prod", SAME)
    comment.run(event(5), github.api)
    assert len(github.comments) == 5
    assert f"| prod | nothing | 0 | 0 | 0 | `{PLAN}` |" in github.comments[4]["body"]
    assert github.labels == [NOTHING]


def test_the_pull_request_of_a_fork_is_found_by_its_head(github: FakeGitHub) -> None:
    assert comment.pull_request(event()["workflow_run"], github.api) == 5


@pytest.mark.parametrize(
    "pulls",
    [
        [pull(5, head={"sha": "b" * 40, "label": "ada:topic"})],
        [pull(5, state="closed")],
        [pull(5, base={"repo": {"id": 8}})],
        [pull(5), pull(6), pull(7)],
        [],
    ],
    ids=["newer commit", "closed", "of another repository", "several", "none"],
)
def test_nothing_is_written_unless_one_open_pull_request_has_this_head(
    github: FakeGitHub, pulls: list[dict[str, Any]]
) -> None:
    github.pulls = {each["number"]: each for each in pulls}
    add(github, "prod", DELETION)
    comment.run(event(), github.api)
    assert github.writes == []


@pytest.mark.parametrize("changed", [{"conclusion": "cancelled"}, {"event": "push"}], ids=str)
def test_other_runs_are_left_alone(github: FakeGitHub, changed: dict[str, str]) -> None:
    add(github, "prod", DELETION)
    comment.run(event(5, **changed), github.api)
    assert github.writes == []


def test_the_token_is_not_sent_to_the_storage_of_artefacts(github: FakeGitHub) -> None:
    add(github, "prod", SAME)
    comment.run(event(5), github.api)
    assert github.tokens_of_storage == [None]


@pytest.mark.parametrize(
    ("changes", "failed", "labels"),
    [
        ([SAME], False, {NOTHING}),
        ([], False, {NOTHING}),
        ([{**SAME, "differs": True}], False, set()),
        ([SAME, DELETION], False, {DELETES}),
        ([{**SAME, "differs": True, "replacements": [{}, {}], "exposure": [{}]}], False, {DELETES, EXPOSES}),
        ([SAME], True, set()),
        ([SAME, None], False, set()),
        ([], True, set()),
    ],
    ids=["same", "no stack", "differs", "deletes", "replaces and exposes", "failed", "no plan", "failed, no stack"],
)
def test_labels(changes: list[Any], failed: bool, labels: set[str]) -> None:
    results = [Result("prod", "", None if each is None else Changes.model_validate(each)) for each in changes]
    assert comment.labels(results, failed=failed) == labels


def test_only_labels_of_the_preview_are_removed(github: FakeGitHub) -> None:
    github.labels = ["bug", DELETES, "docs", EXPOSES]
    add(github, "prod", {**SAME, "differs": True, "exposure": [{}]})
    comment.run(event(5), github.api)
    assert github.labels == ["bug", "docs", EXPOSES]


def test_a_change_of_documentation_creates_no_comment_but_updates_one(github: FakeGitHub) -> None:
    comment.run(event(5), github.api)
    assert github.comments == []
    github.comments = [{"id": 1, "user": {"login": BOT}, "body": f"{MARKER} old"}]
    comment.run(event(5), github.api)
    assert "No stack reads the files" in github.comments[0]["body"]


def test_a_preview_that_failed_is_said_to_have_failed(github: FakeGitHub) -> None:
    comment.run(event(5, conclusion="failure"), github.api)
    assert "The preview failed." in github.comments[0]["body"]


@pytest.mark.parametrize(
    "changes",
    [
        None,
        [],
        {**SAME, "plan": "x"},
        {**SAME, "deletions": -1},
        {**SAME, "differs": "no"},
        {**SAME, "exposure": 10**9},
    ],
    ids=str,
)
def test_a_stack_without_valid_numbers_cannot_be_planned(github: FakeGitHub, changes: Any) -> None:
    add(github, "prod", changes, "[unknown-key] gateways")
    comment.run(event(5, conclusion="failure"), github.api)
    text = github.comments[0]["body"]
    assert "| prod | **cannot be planned** |" in text
    assert "[unknown-key] gateways" in text
    assert github.labels == []


def test_strange_artefacts_are_survived(github: FakeGitHub) -> None:
    add(github, "dev", SAME)
    add(github, "prod")
    github.archives[2] = b"no archive"
    add(github, "a b", SAME)
    add(github, "old", SAME, expired=True)
    comment.run(event(5), github.api)
    text = github.comments[0]["body"]
    assert "| dev | nothing |" in text
    assert "| prod | **cannot be planned** |" in text
    assert "a b" not in text
    assert "old" not in text


def test_an_archive_is_unpacked_up_to_the_limit() -> None:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in ("comment.md", "changes.json", "report.html"):
            archive.writestr(name, b"x" * 30_000_000)
    sizes = {name: len(data) for name, data in comment.unpacked(content.getvalue()).items()}
    assert sizes == {"comment.md": 1_000_000, "changes.json": 20_000_000}


@pytest.mark.parametrize("text", ["x" * 900_000, "line\n" * 100_000, "<b>\n" * 200_000, "```\n" + "<b>@a\n" * 90_000])
def test_the_comment_is_cut_in_the_texts_and_never_in_the_table(text: str) -> None:
    results = [Result(f"s{n}", text, Changes.model_validate(DELETION)) for n in range(29)]
    results.append(Result("short", "a short text", Changes.model_validate(SAME)))
    body = comment.body(results, event()["workflow_run"], failed=False)
    assert len(body) <= comment.LIMIT
    assert body.startswith(MARKER)
    assert body.count("1 object is deleted") == 29
    assert "a short text" in body
    assert body.count("The rest is in the report") == 29
    assert body.count("<details>") == body.count("</details>") == 30
    assert body.rstrip().endswith("runs/99).")


def test_the_words_of_the_stranger_stay_in_their_place() -> None:
    changes = Changes.model_validate({**DELETION, "summary": "all | is\nwell <!--"})
    text = "</details>\n<!-- hidden\n@ada"
    body = comment.body([Result("prod", text, changes)], event()["workflow_run"], failed=False)
    assert body.count("<!--") == 1
    assert body.count("</details>") == 1
    assert "@ada" not in body
    assert "| all \\| is well <" in body
