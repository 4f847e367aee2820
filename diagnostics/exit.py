"""Exit: how the Pulumi program ends when something is wrong. One message, no traceback."""

import asyncio
import os
import signal
import sys
from contextlib import suppress
from typing import NoReturn

import pulumi

_ALREADY_EXPLAINED = 32


def stop(message: str) -> NoReturn:
    """Log `message` as an error and end the program, so that `pulumi` fails with nothing registered.

    The exit code is the one by which Pulumi's own runtime says that the user has seen an explanation. With any other
    code the language host adds a line about an unhandled error.
    """
    pulumi.log.error(message)
    sys.stdout.flush()
    sys.stderr.flush()
    # Newer SDKs register the declared resources before they let an exception out.
    os._exit(_ALREADY_EXPLAINED)


def exit_silently_on_interrupt() -> None:
    """End without a traceback when Pulumi interrupts the program, which it does once an object has failed."""
    with suppress(NotImplementedError):  # on Windows
        asyncio.get_running_loop().add_signal_handler(signal.SIGINT, os._exit, _ALREADY_EXPLAINED)
