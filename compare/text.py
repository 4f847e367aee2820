"""Text: a comparison as sections of lines, the most important first. Terminal, comment and page show the same ones."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from compare.comparison import Comparison
from compare.object_changes import ObjectChange
from diagnostics.terminal import printable


@dataclass(frozen=True)
class Section:
    """A heading and its lines, which may hold any text of the config. With `detail` it is folded, or left out."""

    title: str
    lines: Sequence[str]
    detail: bool = False


def sections(comparison: Comparison) -> list[Section]:
    """Everything to say, apart from the summary; empty sections are left out."""
    found = [
        Section("Deleted, replaced or interrupted", list(_losses(comparison))),
        Section("More reachable or less guarded", list(_exposure(comparison))),
        Section("What changes for clients", list(_clients(comparison))),
        Section("What Envoy does otherwise", list(comparison.on_envoy.differences if comparison.on_envoy else ())),
        Section("New problems", [f"+ {line}" for line in comparison.new_problems]),
        Section("Problems that end", [f"- {line}" for line in comparison.ended_problems]),
        Section("Notes", list(comparison.notes)),
        Section("Objects and their fields", list(_objects(comparison.objects)), detail=True),
    ]
    return [section for section in found if section.lines]


def one_line(text: str) -> str:
    """The text without line ends and without characters that a terminal acts on."""
    return printable(text).replace("\n", "\\n").replace("\t", "\\t")


def _losses(comparison: Comparison) -> Iterator[str]:
    for loss in comparison.losses:
        yield str(loss)
        if loss.cure:
            yield f"    {loss.cure}"


def _exposure(comparison: Comparison) -> Iterator[str]:
    for one in comparison.exposure:
        yield str(one)
        if one.command:
            yield f"    {one.command}"


def _clients(comparison: Comparison) -> Iterator[str]:
    for change in comparison.clients:
        yield str(change)
        yield f"    {change.command}"
    yield comparison.nothing_else
    if comparison.on_envoy:
        yield comparison.on_envoy.text


def _objects(changes: Sequence[ObjectChange]) -> Iterator[str]:
    for change in changes:
        yield str(change)
        yield from (f"    {field}" for field in change.fields)
