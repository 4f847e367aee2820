"""kubectl, for a context, where it is on the PATH."""

import shutil
import subprocess

from health.kubectl import Kubectl

_PATIENCE_S = 20


def kubectl(context: str) -> Kubectl | None:
    """None where there is none. What it gives up waiting for, it answers with a failure."""
    program = shutil.which("kubectl")
    if program is None:
        return None

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        command = [program, "--context", context, *arguments]
        try:
            return subprocess.run(command, capture_output=True, text=True, check=False, timeout=_PATIENCE_S)
        except (OSError, subprocess.TimeoutExpired) as error:
            return subprocess.CompletedProcess(command, 1, stdout="", stderr=str(error))

    return run
