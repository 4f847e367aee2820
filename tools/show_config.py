"""`make config`: the whole config of a stack, and where each value comes from. Needs neither tools nor a cluster."""

from typing import TYPE_CHECKING

from rich.console import Console

from diagnostics.terminal import printable
from local.errors import UserError
from tools.columns import aligned
from tools.environment import PROJECT
from tools.stack import Stack

if TYPE_CHECKING:
    from tools.effective_config import Entry

_DEFAULTS = ("program", "Pulumi.yaml")


def run(stack: Stack) -> int:
    from config import ConfigError, explain  # imports Pulumi's SDK, which takes a second
    from tools.effective_config import effective, layers

    try:
        entries = effective(layers(stack))
    except ConfigError as error:
        raise UserError(explain(error, PROJECT, stack.name)) from error
    _print(entries, Console(highlight=False))
    return 0


def _print(entries: "list[Entry]", console: Console) -> None:
    """Print a line per key; defaults are dimmed, so that the values of the stack's own file stand out."""
    cells = (tuple(map(printable, (entry.key, entry.origin, entry.value))) for entry in entries)
    rows = [("key", "from", "value"), *cells]
    for (_, origin, _), line in zip(rows, aligned(rows), strict=True):
        console.print(line, style="dim" if origin in _DEFAULTS else None, markup=False, soft_wrap=True)
