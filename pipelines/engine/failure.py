"""The error of a task as data, on its way from a worker to the driver."""

import signal
import traceback
from collections import deque
from dataclasses import dataclass
from pathlib import Path

from .. import errors
from ..errors import EngineError, PipelineError

_TAIL_LINES = 8
_TAIL_BYTES = 20_000


@dataclass(frozen=True)
class Failure:
    """What went wrong with a task, as texts.

    Attributes:
        kind: the name of the error's class.
        received: what happened.
        expected: what was expected.
        fix: how to fix it.
        stage: of the run.
    """

    kind: str
    received: str
    expected: str
    fix: str
    stage: str

    @classmethod
    def of(cls, error: BaseException) -> "Failure":
        """Returns an error as data. One that is not of this package is a fault."""
        kind = type(error).__name__
        if isinstance(error, PipelineError):
            return cls(kind, error.received, error.expected, error.fix, error.stage)
        words = traceback.format_exception_only(error)[-1].strip()
        return cls(
            kind,
            words,
            "a task that ends",
            "see what the worker wrote",
            "engine",
        )

    def error(self, *, about: str, log: Path | None, kept: str) -> PipelineError:
        """Returns the error for the driver.

        Args:
            about: the task in words.
            log: what the worker wrote on standard error; None if the user has seen it.
            kept: what remains of the task, in words.
        """
        received = f"{about}: {self.received}"
        if log is not None:
            received += f"\n{tail(log)}"
        return error_class(self.kind)(
            received,
            expected=self.expected,
            fix=f"{self.fix}\n{kept}",
            stage=self.stage,
        )


def error_class(name: str) -> type[PipelineError]:
    """Returns the class of errors of a name, EngineError for one of another package."""
    found = vars(errors).get(name)
    if isinstance(found, type) and issubclass(found, PipelineError):
        return found
    return EngineError


def ending_in_words(code: int | None) -> str:
    """Returns how a process ended.

    Args:
        code: as `subprocess` has it; None if it lives but reads and writes no more.
    """
    if code is None:
        return "closing its pipe"
    if code < 0:
        return signal.Signals(-code).name
    return f"exit code {code}"


def end_of(log: Path) -> str:
    """Returns the last 20,000 bytes of a log, "" if there is none."""
    try:
        return log.read_bytes()[-_TAIL_BYTES:].decode(errors="replace")
    except OSError:
        return ""


def tail(log: Path) -> str:
    """Returns the last lines of what a worker wrote, each behind a bar."""
    # A bar writes one line many times, with a carriage return between.
    lines = [line.rpartition("\r")[2] for line in end_of(log).split("\n")]
    last = deque((line for line in lines if line.strip()), maxlen=_TAIL_LINES)
    return "\n".join(f"  | {line}" for line in last) or "  | (it wrote nothing)"
