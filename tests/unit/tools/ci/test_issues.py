"""One issue per stack and subject."""

from tests.unit.tools.ci.fake_github import FakeGitHub
from tools.ci import issues
from tools.ci.github import BOT


def test_an_issue_is_opened_updated_closed_and_opened_again() -> None:
    github = FakeGitHub()
    states: list[list[tuple[str, str]]] = []
    for text in ("one", "one", "two", None, None, "three"):
        issues.keep(github.api, "drift", "prod", "Title", text)
        states.append([(each["state"], each["body"].splitlines()[-1]) for each in github.issues])
    assert states == [
        [("open", "one")],
        [("open", "one")],
        [("open", "two")],
        [("closed", "two")],
        [("closed", "two")],
        [("closed", "two"), ("open", "three")],
    ]
    assert [method for method, _ in github.writes] == ["POST", "PATCH", "PATCH", "POST"]


def test_issues_of_people_other_stacks_and_other_subjects_stay() -> None:
    github = FakeGitHub()
    marker = "<!-- synergychat: drift of prod -->"
    people = {"number": 1, "state": "open", "user": {"login": "ada"}, "body": f"{marker}\n"}
    bots_pull = {"number": 2, "state": "open", "user": {"login": BOT}, "body": marker, "pull_request": {}}
    empty = {"number": 3, "state": "open", "user": {"login": BOT}, "body": None}
    github.issues = [people, bots_pull, empty]
    for subject, stack in (("drift", "staging"), ("pending", "prod"), ("drift", "prod")):
        issues.keep(github.api, subject, stack, "Title", "text")
    assert [each["state"] for each in github.issues] == ["open"] * 6
    issues.keep(github.api, "drift", "prod", "Title", None)
    assert [each["number"] for each in github.issues if each["state"] == "closed"] == [6]
