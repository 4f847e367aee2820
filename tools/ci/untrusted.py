"""Markdown that the code of a pull request wrote, made safe to post in the name of the repository.

It keeps its headings, tables and code, and may have `<details>` and `<pre>`. It loses every other HTML tag and comment,
images, and mentions and references, which would reach people and other issues.
"""

import re

from diagnostics.terminal import printable

_BREAK = "\u2060"
"""A word joiner: it is not visible, and ends what Markdown would read as one token. In code it changes nothing."""
_TOKEN = re.compile(
    r"""(?P<open><(?:details|pre)>) | (?P<close></(?:details|pre)>) | (?P<kept></?summary>|<br>|&(?:lt|gt|amp|quot);)
    | <(?=[A-Za-z/!?])          # any other tag or comment
    | &(?=[#A-Za-z0-9]+;)       # an entity, which may stand for one of these
    | !(?=\[)                   # an image becomes a link
    | (?<![A-Za-z0-9])@(?=\w)   # a mention of a user or a team; not the digest of an image
    | \#(?=\d)                  # a reference, which shows up in the other issue""",
    re.VERBOSE | re.IGNORECASE,
)
_FENCE = re.compile(r" {0,3}(`{3,}|~{3,})(.*)")


def markdown(text: str) -> str:
    """Return the text without what could act on the page or on people, and with every block closed."""
    closing: list[str] = []

    def neutral(match: re.Match[str]) -> str:
        found = match.group()
        if match["open"]:
            closing.append(f"</{found[1:].lower()}")
            return found
        if match["close"] and closing and closing[-1] == found.lower():
            closing.pop()
            return found
        return found if match["kept"] else f"{found[0]}{_BREAK}{found[1:]}"

    safe = _TOKEN.sub(neutral, printable(text.replace("\r\n", "\n")))
    return _with_closed_fence(safe.strip()) + "".join(f"\n\n{tag}" for tag in reversed(closing))


def line(text: str, limit: int = 200) -> str:
    """Return the text as one line for a table's cell, cut at a number of characters."""
    flat = " ".join(text.split())
    return markdown(flat if len(flat) <= limit else f"{flat[: limit - 1]}…").replace("|", "\\|").replace("`", "'")


def cut(text: str, limit: int) -> str:
    """Return whole lines of the text that fit in a number of characters."""
    if len(text) <= limit:
        return text
    return text[: max(text.rfind("\n", 0, max(limit, 0) + 1), 0)]


def _with_closed_fence(text: str) -> str:
    fence = ""
    for each in text.splitlines():
        found = _FENCE.fullmatch(each)
        if not found:
            continue
        if not fence:
            fence = found[1]
        elif found[1].startswith(fence) and not found[2].strip():
            fence = ""
    return f"{text}\n{fence}" if fence else text
