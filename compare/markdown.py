"""Markdown: a comparison as a comment of a pull request. Text of the config is shown as it is and never acts."""

from html import escape

from compare.comparison import Comparison
from compare.text import Section, one_line, sections

LONGEST = 60_000
"""Number of characters of a comment. GitHub accepts 65,536."""
_LINE = 400
_SHOWN = 40
"""Lines of a section that stay when a comment is cut."""


def comment(comparison: Comparison, *, said: str = "") -> str:
    """The comment. `said` is a line about how the plans were made.

    If it gets too long, details are cut first, from the last section to the first; the summary stays.
    """
    head = [f"### `{_name(comparison.stack)}`: {comparison.summary}", ""]
    if said:
        head += [_pre([said]), ""]
    found = sections(comparison)
    blocks = [_block(section) for section in found]
    for index in reversed(range(len(blocks))):
        text = "\n".join([*head, *blocks])
        if len(text) <= LONGEST:
            return text
        blocks[index] = _block(found[index], most=0 if found[index].detail else _SHOWN)
    text = "\n".join([*head, *blocks])
    while len(text) > LONGEST and blocks:
        blocks.pop()
        text = "\n".join([*head, *blocks, "More in report.html."])
    return text


def without_plan(stack: str, reason: str) -> str:
    """The comment on a stack that cannot be planned."""
    return f"### `{_name(stack)}` cannot be planned\n\n{_pre(reason.splitlines())}\n"


def _name(stack: str) -> str:
    return "".join(one for one in stack if one.isalnum() or one in "-_.")


def _block(section: Section, most: int | None = None) -> str:
    lines = list(section.lines)
    if most is not None and len(lines) > most:
        left = len(lines) - most
        lines = [*lines[:most], f"... {left} more lines, see report.html"]
    if section.detail:
        return f"<details><summary>{section.title}</summary>\n\n{_pre(lines)}\n\n</details>\n"
    return f"#### {section.title}\n\n{_pre(lines)}\n"


def _pre(lines: list[str]) -> str:
    """Lines between tags that only the escaped text could end: no Markdown, no mention and no HTML acts in there."""
    return f"<pre>{chr(10).join(escape(_cut(one_line(line)), quote=False) for line in lines)}</pre>"


def _cut(line: str) -> str:
    return line if len(line) <= _LINE else f"{line[: _LINE - 3]}..."
