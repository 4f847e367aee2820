"""How the program ends on a user's mistake: one message, no traceback."""

import warnings
from typing import NoReturn

import pulumi

_ALREADY_EXPLAINED = 32


def stop(message: str) -> NoReturn:
    """Show `message` as an error and end the program, so that `pulumi` fails with nothing registered.

    With any other exit code Pulumi's language host would add a line about an unhandled error; it is given the code by
    which Pulumi's own runtime says that the user has been told.
    """
    pulumi.log.error(message)
    # The stack's own registration has not been sent yet, and now never is: Python would print a warning about it.
    warnings.filterwarnings("ignore", message="coroutine .* was never awaited", category=RuntimeWarning)
    raise SystemExit(_ALREADY_EXPLAINED)
