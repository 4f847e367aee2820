"""The plan of a stack of this repository, for the targets of make that do without an engine."""

from pathlib import Path

from local.errors import UserError
from local.paths import REPOSITORY
from plans import Plan, PlanError, plan
from tools.stack import CONTEXT_KEY, Stack


def planned(stack: Stack, *, judge: Path | None = None, with_tests: bool = True) -> Plan:
    """Return everything that the stack declares. Raises UserError with what is wrong in it, also by the `judge`.

    `with_tests` a broken one of the stack's `tests` is wrong, too.
    """
    config = {CONTEXT_KEY: stack.context}
    try:
        return plan(REPOSITORY, stack.name, config=config, judge=judge, with_tests=with_tests)
    except PlanError as error:
        raise UserError(str(error)) from None
