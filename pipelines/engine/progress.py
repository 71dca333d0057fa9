"""One bar for all tasks, with the time that is left."""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Self

from .bars import progress_bar

_SECONDS = 1.0


class Progress:
    """A bar on standard error. It appears with the first task that is waited for."""

    def __init__(self):
        self._bar = None
        self._num_skipped = 0
        self._shown_at = 0.0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        if self._bar is not None:
            self._bar.close()

    def skip(self) -> None:
        """Counts a task that was done before: it is no measure of the time that is left."""
        self._num_skipped += 1

    def show(self, num_done: int, num_tasks: int) -> None:
        """Shows how many of the tasks have ended."""
        if self._bar is None:
            self._bar = progress_bar(total=num_tasks, desc="tasks", unit="task")
            self._bar.initial = self._num_skipped
        is_due = sys.stderr.isatty() and time.monotonic() > self._shown_at + _SECONDS
        if (self._bar.n, self._bar.total) == (num_done, num_tasks) and not is_due:
            return
        self._bar.total = num_tasks
        self._bar.n = num_done
        self._bar.refresh()
        self._shown_at = time.monotonic()

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Takes the bar away for a line of text."""
        if self._bar is not None:
            self._bar.clear()
        yield
        if self._bar is not None:
            self._bar.refresh()
