"""Outputs: a comment, a page and JSON. Text from the config is shown and never acts."""

import json
import re
from collections.abc import Callable
from html.parser import HTMLParser

import jsonschema_rs
import pytest

from compare import Comparison
from compare.document import document
from compare.markdown import LONGEST, comment
from compare.page import page
from compare.text import sections
from tests.cases.builders import Manifest, backend, manifest, path, route, rule
from tests.unit.compare.plans_of import compared
from tests.unit.program import ROOT

HOSTILE = "</pre></details><script>alert(1)</script>\n```\n# [x](javascript:alert(1)) @everyone <img src=x onerror=y>"


def hostile() -> Comparison:
    """A comparison in which everything that a user chooses is hostile."""

    def config_map(value: str) -> Manifest:
        return manifest("ConfigMap", "settings", data={"text": value, value: "1"})

    before = route(rule(matches=[path("/a")]), hostnames=["a.example.com"])
    after = route(rule(backend(HOSTILE), matches=[path(f"/{HOSTILE}")], name=HOSTILE), hostnames=["a.example.com"])
    return compared([before, config_map("")], [after, config_map(HOSTILE)])


def large() -> Comparison:
    def routes(target: str) -> list[Manifest]:
        return [route(rule(backend(target)), name=f"r{at}", hostnames=[f"host-{at}.example.com"]) for at in range(600)]

    return compared([], routes("api"))


def test_the_document_follows_its_schema() -> None:
    validator = jsonschema_rs.validator_for(json.loads((ROOT / "compare" / "changes.schema.json").read_text()))
    for comparison in (hostile(), compared([route()], []), compared([], [])):
        validator.validate(document(comparison))


def test_equal_plans_list_nothing() -> None:
    comparison = compared([route()], [route()])
    made = document(comparison)
    assert not made["differs"]
    assert [made[name] for name in ("deletions", "replacements", "exposure", "clients", "objects")] == [[]] * 5
    assert "nothing changes (1 class of requests)" in comment(comparison)


def test_the_comment_starts_with_the_summary_and_has_deletions_first() -> None:
    text = comment(compared([route(hostnames=["old.example.com"])], []), said="Compared with main.")
    assert text.startswith("### `dev`: 1 to delete, 1 change for clients\n")
    headings = re.findall(r"^#### (.*)", text, re.MULTILINE)
    assert headings == ["Deleted, replaced or interrupted", "What changes for clients"]
    assert "gone: http://old.example.com/*: web:80 100 % -&gt; 404" in text


def test_a_long_comment_is_cut_in_its_details_and_keeps_its_summary() -> None:
    comparison = large()
    text = comment(comparison)
    assert len(text) <= LONGEST
    assert comparison.summary in text
    assert "more lines, see report.html" in text


def test_text_of_the_config_cannot_leave_the_blocks_of_a_comment() -> None:
    text = comment(hostile())
    # Outside of <pre> there is only our own text.
    outside = re.sub(r"<pre>.*?</pre>", "", text, flags=re.DOTALL)
    for part in ("alert", "everyone", "javascript", "<script", "<img", "```"):
        assert part not in outside
    assert text.count("<pre>") == text.count("</pre>")
    assert "<script" not in text
    assert "<img" not in text


class _Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes |= {name for name, _ in attrs}


@pytest.mark.parametrize("made", [hostile, large])
def test_the_page_has_only_tags_of_ours(made: Callable[[], Comparison]) -> None:
    read = _Tags()
    read.feed(page(made()))
    assert not {"script", "img", "a", "link", "iframe"} & set(read.tags)
    assert not [name for name in read.attributes if name.startswith("on") or name in ("href", "src")]
    assert read.tags.count("svg") == 2


def test_the_picture_marks_what_is_new_gone_and_changed() -> None:
    before = [route(name="web"), route(name="old")]
    text = page(compared(before, [route(rule(backend("api")), name="web"), route(name="new")]))
    first, second = (
        {name: mark for mark, name in re.findall(r'<g class="(\w*)">.*?<title>(.*?)</title>', part)}
        for part in text.split("<svg")[1:]
    )
    assert first["HTTPRoute chat/old"] == "gone"
    assert first["HTTPRoute chat/web"] == second["HTTPRoute chat/web"] == "changed"
    assert second["HTTPRoute chat/new"] == second["Service chat/api:80"] == "new"
    assert first["Gateway chat/gate"] == ""


def test_the_page_of_the_docs_shows_what_a_comparison_says() -> None:
    hosts = ["chat.example.com"]
    base = route(rule(matches=[path("/"), path("/api")]), hostnames=hosts)
    head = route(rule(matches=[path("/")]), rule(backend("api"), matches=[path("/api")]), hostnames=hosts)
    comparison = compared([base], [head])
    shown = (ROOT / "docs" / "compare.md").read_text().splitlines()
    assert f"prod: {comparison.summary}" in shown
    for section in sections(comparison):
        assert section.detail or {section.title, *(f"  {line}" for line in section.lines)} <= set(shown)
