"""A cache with tools, and a state directory that knows nothing of them."""

import io
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from rich.console import Console

from local.paths import state_root
from local.toolchain.adoption import adopt
from local.toolchain.progress import Progress
from local.toolchain.store import CHECKSUMS, Store


@pytest.fixture
def store() -> Store:
    """A store with a tool of an earlier set-up, as a CI job restores it."""
    store = Store("tools")
    with store.making("tool-1", lambda _: None) as directory:
        assert directory is not None
        (directory / "tool").write_text("works")
        (directory / "link").symlink_to("tool")
        (directory / "below").mkdir()
        (directory / "below" / "file").write_text("below")
    shutil.rmtree(state_root() / "checksums")
    return Store("tools")


def adoption(store: Store, *keys: str) -> str:
    """Adopt the keys, and return what is printed."""
    console = Console(file=io.StringIO(), highlight=False, soft_wrap=True)
    adopt([(store, key) for key in keys], Progress(console))
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def test_a_cache_that_nobody_else_can_change_is_used_and_named_once(store: Store) -> None:
    assert store.find("tool-1") is None
    printed = adoption(store, "tool-1", "tool-2")
    assert printed == "Using what the cache has, because nobody else could change it: tool-1.\n"
    assert store.find("tool-1") is not None
    assert adoption(store, "tool-1") == ""
    (store.root / "tool-1" / "tool").write_text("w0rks")
    assert adoption(store, "tool-1") == ""
    assert store.find("tool-1") is None


def _move_behind_a_link(root: Path) -> None:
    """Put the cache into a directory that others may write to, and a link where it was."""
    home, shared = root.parents[2], root.parents[2] / "shared"
    shared.mkdir()
    (home / "cache").rename(shared / "cache")
    (home / "cache").symlink_to("shared/cache")
    shared.chmod(0o777)


OPEN: dict[str, tuple[Callable[[Path], object], str]] = {
    "a file": (lambda root: (root / "tool-1" / "tool").chmod(0o666), "tool has mode 0666"),
    "a directory of a file": (lambda root: (root / "tool-1" / "below").chmod(0o775), "below has mode 0775"),
    "the directory": (lambda root: (root / "tool-1").chmod(0o777), "tool-1 has mode 0777"),
    "a directory that only looks like /tmp": (lambda root: (root / "tool-1").chmod(0o1777), "tool-1 has mode 1777"),
    "a directory on the way": (lambda root: root.parents[1].chmod(0o777), "cache has mode 0777"),
    "a directory on the way to the target of a link": (_move_behind_a_link, "shared has mode 0777"),
    "the target of a link": (
        lambda root: (root / "tool-1" / "other").symlink_to("/etc/hosts"),
        "other is a link out of the directory",
    ),
    "a link to nothing": (lambda root: (root / "tool-1" / "other").symlink_to("nothing"), "No such file"),
}
ROOTS = {
    "a file of another user": lambda root: root / "tool-1" / "tool",
    "a link of another user": lambda root: root / "tool-1" / "link",
    "a directory of another user on the way": lambda root: root.parents[1],
}


@pytest.mark.parametrize("what", OPEN)
def test_what_others_could_change_is_not_used_and_named(store: Store, what: str) -> None:
    harm, reason = OPEN[what]
    harm(store.root)
    printed = adoption(store, "tool-1")
    assert "These are made again, because others could change them (" in printed
    assert f"{reason}" in printed
    assert printed.count("tool-1.\n") == 1
    assert store.find("tool-1") is None


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file to another user")
@pytest.mark.parametrize("what", ROOTS)
def test_what_belongs_to_another_user_is_not_used(store: Store, what: str) -> None:
    os.chown(ROOTS[what](store.root), 65534, 65534, follow_symlinks=False)
    assert "belongs to another user, UID 65534" in adoption(store, "tool-1")
    assert store.find("tool-1") is None


def test_a_way_over_links_that_nobody_else_can_change_is_trusted(store: Store) -> None:
    _move_behind_a_link(store.root)
    (store.root.parents[2] / "shared").chmod(0o1777)
    adoption(store, "tool-1")
    assert store.find("tool-1") is not None


@pytest.mark.parametrize("harm", ["truncated", "removed", "no checksums", "damaged checksums", "added"])
def test_a_damaged_tool_is_not_recorded(store: Store, harm: str) -> None:
    directory = store.root / "tool-1"
    {
        "truncated": lambda: (directory / "tool").write_text("wor"),
        "removed": lambda: (directory / "below" / "file").unlink(),
        "no checksums": lambda: (directory / CHECKSUMS).unlink(),
        "damaged checksums": lambda: (directory / CHECKSUMS).write_text("{"),
        "added": lambda: (directory / "another").write_text(""),
    }[harm]()
    assert adoption(store, "tool-1") == ""
    assert store.find("tool-1") is None
