"""The report of `make compare` as a reviewer opens it: a file, in a browser, without a network."""

from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from compare.page import page as report
from tests.cases.builders import backend, gateway, listener, path, route, rule
from tests.unit.compare.plans_of import compared

HOSTILE = "</pre><script>document.title='taken'</script><img src=x onerror=\"document.title='taken'\">"
LONG = "a-name-of-a-route-that-is-longer-than-any-box-in-the-picture-has-room-for"


@pytest.fixture
def opened(page: Page, tmp_path: Path) -> Page:
    """The page of a change that moves a route, adds one with a long name, and removes one."""
    gate = gateway(listener(), listener("https", 443, "HTTPS", hostname="*.shop.example.com"))
    before = [gate, route(), route(name="old", hostnames=["old.example.com"])]
    after = [
        gate,
        route(rule(backend("api"), matches=[path(f"/{HOSTILE}")], name=HOSTILE)),
        route(rule(backend("api")), name=LONG, hostnames=["new.example.com"]),
    ]
    file = tmp_path / "report.html"
    file.write_text(report(compared(before, after), said=f"Compared with main. {HOSTILE}"))
    requests: list[str] = []
    page.on("request", lambda request: requests.append(request.url))
    page.on("pageerror", lambda error: pytest.fail(str(error)))
    page.goto(file.as_uri())
    assert requests == [file.as_uri()]
    return page


def test_the_picture_shows_what_is_new_gone_and_changed(opened: Page) -> None:
    before, after = opened.locator("svg").all()
    expect(before.locator("g.gone", has_text="HTTPRoute chat/old")).to_be_visible()
    expect(before.locator("g.new")).to_have_count(0)
    expect(after.locator("g.gone")).to_have_count(0)
    expect(after.locator("g.changed", has_text="HTTPRoute chat/web")).to_be_visible()
    new = after.locator("g.new", has_text="HTTPRoute chat/a-name")
    expect(new).to_be_visible()
    # The whole name is in the tooltip.
    assert LONG in (new.locator("title").text_content() or "")


def test_every_text_of_the_picture_fits_into_its_box_and_no_boxes_overlap(opened: Page) -> None:
    for picture in opened.locator("svg").all():
        boxes: list[tuple[float, float, float, float]] = []
        for group in picture.locator("g").all():
            outer, inner = group.locator("rect").bounding_box(), group.locator("text").bounding_box()
            assert outer is not None
            assert inner is not None
            assert inner["x"] >= outer["x"]
            assert inner["x"] + inner["width"] <= outer["x"] + outer["width"], group.text_content()
            boxes.append((outer["x"], outer["y"], outer["x"] + outer["width"], outer["y"] + outer["height"]))
        for number, (left, top, right, bottom) in enumerate(boxes):
            for other_left, other_top, other_right, other_bottom in boxes[:number]:
                assert right <= other_left or other_right <= left or bottom <= other_top or other_bottom <= top


@pytest.mark.parametrize("width", [1280, 400])
def test_the_page_does_not_scroll_sideways(opened: Page, width: int) -> None:
    opened.set_viewport_size({"width": width, "height": 800})
    assert opened.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")


def test_the_fields_are_folded_and_open_with_a_click(opened: Page) -> None:
    fields = opened.locator("details pre")
    expect(fields).to_be_hidden()
    opened.locator("summary").click()
    expect(fields).to_contain_text("spec.rules")


def test_text_of_the_config_is_shown_and_not_run(opened: Page) -> None:
    expect(opened.locator("body")).to_contain_text("onerror=")
    assert opened.title().startswith("dev: ")
    expect(opened.locator("script, img")).to_have_count(0)
