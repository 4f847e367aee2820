"""Columns for a person to read and to copy from."""

from collections.abc import Sequence


def aligned(rows: Sequence[Sequence[str]]) -> list[str]:
    """Return one text per row, with every cell but the last padded to the width of its column.

    The last cell stays as it is: whoever copies a command or a value from it gets it in one piece.
    """
    widths = [max(map(len, column)) for column in list(zip(*rows, strict=True))[:-1]]
    lines: list[str] = []
    for *cells, last in rows:
        padded = "  ".join(cell.ljust(width) for cell, width in zip(cells, widths, strict=True))
        lines.append(f"{padded}  {last}" if last else padded.rstrip())
    return lines
