"""What a run does, for other programs: a line of JSON a stage."""

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TextIO

from ..engine.machine import peak_mib
from ..errors import PipelineError, RecipeError

_log: ContextVar[TextIO | None] = ContextVar("log", default=None)


@contextmanager
def logged_stages(file: str) -> Iterator[None]:
    """Appends a line of JSON to a file for each stage that ends inside the block.

    A line holds "time" (UTC, ISO 8601), "stage", "status" ("done" or "failed"), "seconds",
    "peak_mib" (of this process since its start, null on Windows) and, of one that failed, "error".

    Args:
        file: its path; "" writes none.

    Raises:
        RecipeError: the file cannot be written.
    """
    if not file:
        yield
        return
    with _opened(Path(file)) as stream:
        token = _log.set(stream)
        try:
            yield
        finally:
            _log.reset(token)


def _opened(path):
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        return path.open("a", encoding="utf-8", buffering=1)
    except OSError as error:
        raise RecipeError(
            f"--log-json {path}: {error.strerror or error}",
            expected="a file that can be written",
            fix="--log-json stages.jsonl",
        ) from error


@contextmanager
def logged(stage: str) -> Iterator[None]:
    """Writes how a stage ended, if lines are wanted."""
    start = time.perf_counter()
    try:
        yield
    except BaseException as error:
        _write(stage, start, status="failed", error=_in_words(error))
        raise
    _write(stage, start, status="done")


def log_facts(stage: str, **facts: Any) -> None:
    """Writes a line of a stage's own facts, if lines are wanted."""
    stream = _log.get()
    if stream is None:
        return
    now = datetime.now(UTC).isoformat(timespec="milliseconds")
    stream.write(json.dumps({"time": now, "stage": stage, **facts}) + "\n")


def _write(stage, start, **facts):
    spent = time.perf_counter() - start
    log_facts(stage, **facts, seconds=round(spent, 3), peak_mib=peak_mib())


def _in_words(error):
    if isinstance(error, PipelineError):
        return error.received
    return str(error) or type(error).__name__
