"""Names of files: a reader who searches for one finds at most two."""

from collections import Counter

from local.paths import REPOSITORY
from tests.rooms import PROGRAM

_ROOMS = (*PROGRAM, "compare", "local", "plans", "render", "tools")
_EVERY_PACKAGE_HAS = {"__init__.py", "__main__.py"}


def test_no_file_name_stands_in_three_packages() -> None:
    files = [file for room in _ROOMS for file in (REPOSITORY / room).rglob("*.py")]
    names = Counter(file.name for file in files if file.name not in _EVERY_PACKAGE_HAS)
    assert {name for name, count in names.items() if count > 2} == set()
