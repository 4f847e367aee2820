"""Run a command line of the project: it ends with an exit code, and with a message in place of a traceback."""

import shutil
import sys
from collections.abc import Callable

from local import disk
from local.errors import UserError


def exit_code(command: Callable[[], int]) -> int:
    """Run `command` and return its exit code; 1 when it fails, with the reason on stderr."""
    try:
        return command()
    except UserError as error:
        reason = error
    except OSError as error:
        reason = explained(error)
    except KeyboardInterrupt:
        print("interrupted: type the same command again to go on", file=sys.stderr)
        return 1
    print(f"error: {reason}", file=sys.stderr)
    return 1


def explained(error: OSError) -> UserError:
    """Return an error that names the file and the reason of the system. Any file access may raise an OSError."""
    if disk.is_full(str(error)):
        return disk.full(str(error.filename) if error.filename else "what was being written does not fit")
    if isinstance(error, shutil.Error):
        # A directory's copy gathers what failed: source, target and reason of each.
        return UserError("; ".join(str(reason) for _, _, reason in error.args[0][:3]))
    if error.filename is None:
        return UserError(str(error))
    message = f"{error.filename}: {error.strerror}."
    if isinstance(error, PermissionError):
        return UserError(message, "Make it yours, or type the command as its owner.")
    return UserError(message)
