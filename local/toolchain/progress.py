"""Progress output of long tasks: live on a terminal, plain lines elsewhere."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import Progress as RichProgress
from rich.progress import SpinnerColumn, TextColumn, TimeElapsedColumn


class Progress:
    """Steps with their times. Use it as a context manager around all steps, which may run in parallel."""

    def __init__(self, console: Console | None = None) -> None:
        self.console = console or Console(highlight=False)
        self._live = RichProgress(
            SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn(), console=self.console, transient=True
        )

    def __enter__(self) -> "Progress":
        if self.console.is_terminal:
            self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self.console.is_terminal:
            self._live.stop()

    def say(self, text: str) -> None:
        self.console.print(text, markup=False, soft_wrap=True)

    @contextmanager
    def step(self, title: str, parts: int | None = None) -> Iterator[Callable[[str], None]]:
        """Print a line when the step begins and one with its time when it ends.

        With `parts`, the block gets a function to call once per finished part; a terminal shows the count.
        """
        started = time.monotonic()
        task = self._live.add_task(title, total=parts)
        done = 0

        def advance(_: str) -> None:
            nonlocal done
            done += 1
            self._live.update(task, description=f"{title} ({done}/{parts})")

        if not self.console.is_terminal:
            self.say(f"  ... {title}")
        try:
            yield advance
        except BaseException:
            self.say(f"  failed {title} ({time.monotonic() - started:.1f} s)")
            raise
        finally:
            self._live.remove_task(task)
        self.say(f"  done {title} ({time.monotonic() - started:.1f} s)")
