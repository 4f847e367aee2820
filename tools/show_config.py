"""`make config`: what a stack's config comes to, and where each value comes from. Needs neither tools nor a cluster."""

from typing import TYPE_CHECKING

import yaml
from rich.console import Console

from local.errors import UserError
from local.paths import REPOSITORY
from tools.environment import stack_file
from tools.stack import CONTEXT_KEY, Stack, own_config

if TYPE_CHECKING:
    from tools.effective_config import Entry


def run(stack: Stack) -> int:
    from config import ConfigError, explain  # with Pulumi's SDK, which nothing else here needs
    from tools.effective_config import PROJECT, Layer, declared_defaults, effective

    file = stack_file(stack.name)
    named = [Layer(name="CONTEXT=", values={CONTEXT_KEY: stack.context})] if stack.named else []
    project = yaml.safe_load((REPOSITORY / "Pulumi.yaml").read_text())
    layers = [*named, Layer(name=file.name, values=own_config(file)), declared_defaults(project)]
    try:
        entries = effective(layers)
    except ConfigError as error:
        raise UserError(explain(error, PROJECT, stack.name)) from error
    _print(entries, Console(highlight=False))
    return 0


def _print(entries: "list[Entry]", console: Console) -> None:
    """What the stack's own file says stands out; the value comes last, unbroken."""
    rows = [("key", "from", "value"), *((each.key, each.origin, each.value) for each in entries)]
    key, origin = (max(len(row[column]) for row in rows) for column in (0, 1))
    for row in rows:
        line = f"{row[0]:<{key}}  {row[1]:<{origin}}  {row[2]}"
        console.print(line, style="dim" if row[1] in _DEFAULTS else None, markup=False, soft_wrap=True)


_DEFAULTS = ("program", "Pulumi.yaml")
