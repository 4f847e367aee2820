"""Exit codes and error messages of the command lines: a message replaces the traceback."""

import shutil
import signal
import sys
from collections.abc import Callable

from local import disk
from local.child import Interrupted, handled_signals
from local.errors import UserError


def exit_code(command: Callable[[], int]) -> int:
    """Run `command` and return its exit code; 1 when it fails, with the reason on stderr.

    An interrupted command ends with 128 and the number of the signal, as in a shell.
    """
    try:
        with handled_signals():
            return command()
    except UserError as error:
        reason = error
    except OSError as error:
        reason = explained(error)
    except KeyboardInterrupt as interrupt:
        print("interrupted: run the same command again to continue", file=sys.stderr)
        return 128 + (interrupt.number if isinstance(interrupt, Interrupted) else signal.SIGINT)
    print(f"error: {reason}", file=sys.stderr)
    return 1


def explained(error: OSError) -> UserError:
    """Return an error with the file's name and the operating system's reason. Any file access may raise an OSError."""
    if disk.is_full(str(error)):
        return disk.full(str(error.filename) if error.filename else "a file does not fit")
    if isinstance(error, shutil.Error):
        # shutil.copytree collects all failures, as tuples of source, target and reason.
        return UserError("; ".join(str(reason) for _, _, reason in error.args[0][:3]))
    if error.filename is None:
        return UserError(str(error))
    message = f"{error.filename}: {error.strerror}."
    if isinstance(error, PermissionError):
        return UserError(message, "Change its owner to your user, or run the command as its owner.")
    return UserError(message)
