"""How the program ends when something is wrong: one message, no traceback."""

import asyncio
import os
import signal
import sys
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
    sys.stdout.flush()
    sys.stderr.flush()
    # No exception: newer SDKs send what has been declared before they let one out.
    os._exit(_ALREADY_EXPLAINED)


def end_quietly_when_cancelled() -> None:
    """Once an object has failed, Pulumi interrupts the program: Python's answer to that would be a traceback.

    The user has been told of the object, and nothing more can be registered.
    """
    with suppress(NotImplementedError):  # on Windows
        asyncio.get_running_loop().add_signal_handler(signal.SIGINT, os._exit, _ALREADY_EXPLAINED)
