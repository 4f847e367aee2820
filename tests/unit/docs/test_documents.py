"""Every file, target of make and config key that the documentation refers to exists."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from config import Section, StackConfig

ROOT = Path(__file__).resolve().parents[3]
_PATTERNS = ("README.md", "[!.]*/**/README.md", "docs/**/*.md")  # not those of packages in .venv
PAGES = sorted({page for pattern in _PATTERNS for page in ROOT.glob(pattern)})
every_page = pytest.mark.parametrize("page", PAGES, ids=[str(page.relative_to(ROOT)) for page in PAGES])
_PLACEHOLDER = "KEY"


@every_page
def test_every_relative_link_has_a_target(page: Path) -> None:
    links = re.findall(r"\]\((?!\w+:)([^)\s]+)\)", page.read_text())
    assert [link for link in links if not _leads_somewhere(page, link)] == []


@every_page
def test_every_target_of_make_exists(page: Path) -> None:
    targets = set(re.findall(r"^([a-z0-9]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    # A command is at the start of a line or of inline code, maybe after a prompt or a variable. Elsewhere "make" is a
    # plain verb.
    named = re.findall(r"(?:^|`)(?:\$ )?(?:[A-Z_]+=\S+ )*make ([a-z0-9]+)", page.read_text(), re.MULTILINE)
    assert set(named) <= targets


@every_page
def test_every_config_key_that_is_set_from_the_command_line_exists(page: Path) -> None:
    command = r"pulumi config (?:set|rm|get)(?: --stack \w+)?(?: --path)? (?!--)'?(?:synergychat:)?([\w.]+)"
    named = set(re.findall(command, page.read_text())) - {_PLACEHOLDER}
    assert named <= set(_keys(StackConfig))


@every_page
def test_every_config_key_in_code_exists(page: Path) -> None:
    """A key in inline code is the name of a group, a dot and a name, such as `web.hostname`. `api.py` is a file."""
    groups = "|".join(str(field.alias) for field in StackConfig.model_fields.values() if _is_group(field.annotation))
    named = set(re.findall(rf"`(?:synergychat:)?((?:{groups})\.(?!py`)[a-z]\w*)(?:\[\d+\])?`", page.read_text()))
    assert named <= set(_keys(StackConfig))


def test_the_readme_fits_on_two_screens() -> None:
    lines = (ROOT / "README.md").read_text().splitlines()
    assert len(lines) <= 100
    assert [line for line in lines if len(line) > 120] == []


def _leads_somewhere(page: Path, link: str) -> bool:
    name, _, anchor = link.partition("#")
    target = page.parent / name if name else page
    if not anchor or not target.is_file():
        return target.exists()
    headings = re.findall(r"^#+ (.*)$", target.read_text(), re.MULTILINE)
    return anchor in [re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings]


def _is_group(kind: object) -> bool:
    return isinstance(kind, type) and issubclass(kind, Section)


def _keys(model: type[Section], prefix: str = "") -> Iterator[str]:
    for field in model.model_fields.values():
        yield f"{prefix}{field.alias}"
        if isinstance(field.annotation, type) and issubclass(field.annotation, Section):
            yield from _keys(field.annotation, f"{prefix}{field.alias}.")
