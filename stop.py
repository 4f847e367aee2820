"""How the program ends when something is wrong: one message, no traceback."""

import asyncio
import os
import signal
import warnings
from contextlib import suppress
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


def end_quietly_when_cancelled() -> None:
    """Once an object has failed, Pulumi interrupts the program: Python's answer to that would be a traceback.

    The user has been told of the object, and nothing more can be registered.
    """
    with suppress(NotImplementedError):  # on Windows
        asyncio.get_running_loop().add_signal_handler(signal.SIGINT, os._exit, _ALREADY_EXPLAINED)
