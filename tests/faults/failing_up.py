"""`pulumi up` of a stack on a cluster with a fault."""

from collections.abc import Iterator
from contextlib import contextmanager

from tests.live.live_stack import LiveStack


@contextmanager
def restored(stack: LiveStack) -> Iterator[None]:
    """Restore the stack's config at the end of the block, which has ended its fault, and apply it."""
    text = stack.file.read_text()
    try:
        yield
    finally:
        stack.file.write_text(text)
        stack.up()


def up(stack: LiveStack, *, fails: bool, **environment: str) -> str:
    """The diagnostics of an `up` that must fail, or the output of one that must succeed."""
    done = stack.cli("up", "--yes", "--skip-preview", **environment)
    assert (done.returncode != 0) == fails, done.stdout
    assert "Traceback" not in done.stdout
    return done.stdout.partition("Diagnostics:")[2] if fails else done.stdout


def about(said: str, what: str) -> str:
    """The explanation of one object. `what` is its kind and name, and what is said of it."""
    assert f"{what}:" in said, said
    lines = said.partition(f"{what}:\n")[2].splitlines()
    own = next((n for n, line in enumerate(lines) if line.strip().endswith((" is refused:", " is not ready:"))), None)
    return "\n".join(lines[:own])
