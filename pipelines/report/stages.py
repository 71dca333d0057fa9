"""Which stage runs, on standard error, and the seconds that each one took."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from .stage_log import logged

SLOW_STAGES = {
    "export": "a child process converts to float32 and int8, about 10 s",
    "peers": "plain models are fitted on the same rows, for comparison in the report",
    "comparison": "another model is trained, for comparison in the report",
}
SHORT_SECONDS = 0.05

_seconds: ContextVar[dict[str, float]] = ContextVar("seconds")


@contextmanager
def timed_run() -> Iterator[dict[str, float]]:
    """Collects the seconds of every `stage` inside the block: name → seconds."""
    token = _seconds.set({})
    try:
        yield _seconds.get()
    finally:
        _seconds.reset(token)


def stage_seconds() -> dict[str, float]:
    """Returns the seconds of the stages of the current run; empty outside of `timed_run`."""
    return dict(_seconds.get({}))


@contextmanager
def stage(name: str) -> Iterator[None]:
    """Reports when a stage starts and ends. A stage of no length, such as a slot that the recipe
    leaves empty, is not mentioned.
    """
    from rich.console import Console

    console = Console(stderr=True, highlight=False)
    if name in SLOW_STAGES:
        console.print(f"[dim]{name}: {SLOW_STAGES[name]}[/]")
    start = time.perf_counter()
    with logged(name):
        yield
    spent = time.perf_counter() - start
    _seconds.get({})[name] = round(spent, 2)
    if spent > SHORT_SECONDS:
        console.print(f"[green]✓[/] {name} [dim]{spent:.1f} s[/]")
