"""What the documents say is there, is there."""

import re
from pathlib import Path

import pytest

import config

ROOT = Path(__file__).resolve().parents[2]
PAGES = [ROOT / "README.md", *sorted(ROOT.glob("docs/**/*.md")), *sorted(ROOT.glob("local/**/README.md"))]
names = [str(page.relative_to(ROOT)) for page in PAGES]


@pytest.mark.parametrize("page", PAGES, ids=names)
def test_every_link_leads_to_a_file(page: Path) -> None:
    targets = re.findall(r"\]\((?!https?:)([^)#]+)(?:#[^)]*)?\)", page.read_text())
    assert [target for target in targets if not (page.parent / target).exists()] == []


@pytest.mark.parametrize("page", PAGES, ids=names)
def test_every_make_target_exists(page: Path) -> None:
    known = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    in_code = re.findall(r"(?:`|^\s*)make ([a-z]+)", page.read_text(), re.MULTILINE)
    assert set(in_code) - known == set()


@pytest.mark.parametrize("page", PAGES, ids=names)
def test_every_key_that_is_set_is_one_of_the_programs(page: Path) -> None:
    for path in re.findall(r"config set --path '?(?:synergychat:)?([A-Za-z.]+)", page.read_text()):
        head, _, tail = path.partition(".")
        section = next(field.default for field in config.StackConfig.model_fields.values() if field.alias == head)
        assert tail in [field.alias for field in type(section).model_fields.values()]


def test_the_readme_fits_on_two_screens() -> None:
    assert len((ROOT / "README.md").read_text().splitlines()) <= 100
