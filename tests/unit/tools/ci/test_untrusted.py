"""Markdown of a stranger, before it is posted in the name of the repository."""

import pytest

from tools.ci import untrusted

J = "\u2060"


@pytest.mark.parametrize(
    ("text", "safe"),
    [
        ("<img src=x>", f"<{J}img src=x>"),
        ("<!-- synergychat: preview -->", f"<{J}!-- synergychat: preview -->"),
        ("<details open>", f"<{J}details open>"),
        ("<details onclick=x>", f"<{J}details onclick=x>"),
        ("</td>", f"<{J}/td>"),
        ("a < b, 3<4", "a < b, 3<4"),
        ("![tracked](https://example.com/a.png)", f"!{J}[tracked](https://example.com/a.png)"),
        ("by @ada, @team/ops", f"by @{J}ada, @{J}team/ops"),
        ("_@ada_ .@ada", f"_@{J}ada_ .@{J}ada"),
        ("&#64;ada &commat;ada", f"&{J}#{J}64;ada &{J}commat;ada"),
        ("web@sha256:00 &lt;b&gt;", "web@sha256:00 &lt;b&gt;"),
        ("see #12 and other/place#3", f"see #{J}12 and other/place#{J}3"),
        ("\x1b[2J\u202etxt", "\\x1b[2J\\u202etxt"),
    ],
)
def test_it_loses_what_acts_on_the_page_or_on_people(text: str, safe: str) -> None:
    assert untrusted.markdown(text) == safe


@pytest.mark.parametrize(
    "text",
    [
        "# Title\n\n| a | b |\n| --- | --- |\n| `x` | 1 |",
        "<details><summary>All</summary>\n\n```diff\n- a\n+ b\n```\n\n</details>",
        "````md\n```\n````",
        "<details><summary>All</summary>\n\n<pre>web -&gt; &lt;b&gt;\n\n    a</pre>\n\n</details>",
    ],
)
def test_it_keeps_headings_tables_code_and_folded_text(text: str) -> None:
    assert untrusted.markdown(text) == text


@pytest.mark.parametrize(
    ("text", "safe"),
    [
        ("<details>\na", "<details>\na\n\n</details>"),
        ("a\n</details>\n</details>", f"a\n<{J}/details>\n<{J}/details>"),
        ("<details>\n<pre>a", "<details>\n<pre>a\n\n</pre>\n\n</details>"),
        ("<details><pre>a</details>", f"<details><pre>a<{J}/details>\n\n</pre>\n\n</details>"),
        ("```\ncode", "```\ncode\n```"),
        ("~~~~ sh\n```\n~~~", "~~~~ sh\n```\n~~~\n~~~~"),
    ],
)
def test_no_block_stays_open(text: str, safe: str) -> None:
    assert untrusted.markdown(text) == safe


def test_a_line_stays_in_its_cell() -> None:
    assert untrusted.line("a | b\n`c`  <b>") == f"a \\| b 'c' <{J}b>"
    assert len(untrusted.line("x" * 500)) == 200


def test_a_text_is_cut_between_lines() -> None:
    assert untrusted.cut("one\ntwo\nthree", 9) == "one\ntwo"
    assert untrusted.cut("one\ntwo", 7) == "one\ntwo"
    assert untrusted.cut("x" * 10, 9) == ""
