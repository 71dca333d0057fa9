"""What surrounds every command that makes something: it ends on signals, and goes on when nobody
reads what it prints.
"""

import contextlib
import errno
import io
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from ..device.door import ends_on_signals

# The reader has ended, or the terminal is closed.
_NO_READER = (errno.EPIPE, errno.EIO)


@contextmanager
def making_command(stopped: str) -> Iterator[None]:
    """Surrounds the work of a command and what it prints about the result.

    Args:
        stopped: the line for a signal that ends it.

    Raises:
        OSError: what was printed is not all there, such as on a full disk; raised at the end.
    """
    with ends_on_signals(stopped), lasting_output():
        yield


@contextmanager
def lasting_output() -> Iterator[None]:
    """Lets the block print to its end, whatever becomes of its output.

    `run birds_mlp | head -1` is no reason to throw a training away.
    """
    before = sys.stdout, sys.stderr
    outputs = []
    for name, stream in (("stdout", before[0]), ("stderr", before[1])):
        output = _output_of(stream)
        if output is not None:
            outputs.append(output)
            setattr(sys, name, _text_to(output, stream))
    try:
        yield
    finally:
        for stream in (sys.stdout, sys.stderr):
            stream.flush()
        sys.stdout, sys.stderr = before
    for output in outputs:
        if output.error is not None and output.error.errno not in _NO_READER:
            raise output.error


class _LastingOutput(io.RawIOBase):
    """Writes to a descriptor, from the first error on to nowhere.

    Attributes:
        error: the first one, or None.
    """

    def __init__(self, number: int):
        self.error: OSError | None = None
        self._number = number

    def writable(self) -> bool:
        return True

    def fileno(self) -> int:
        return self._number

    def isatty(self) -> bool:
        return os.isatty(self._number)

    def write(self, content) -> int:
        try:
            return os.write(self._number, content)
        except OSError as error:
            self.error = error
        # What others print, such as TensorFlow, goes nowhere either.
        with contextlib.suppress(OSError), open(os.devnull, "wb") as nothing:
            os.dup2(nothing.fileno(), self._number)
        return len(content)


def _output_of(stream):
    """Returns the lasting output behind a stream; None for one that is no file, as in tests."""
    try:
        stream.flush()
        return _LastingOutput(stream.fileno())
    except BrokenPipeError:
        return _LastingOutput(stream.fileno())
    except (OSError, ValueError, AttributeError):
        return None


def _text_to(output, stream):
    return io.TextIOWrapper(
        io.BufferedWriter(output),
        encoding=stream.encoding,
        errors="backslashreplace",
        line_buffering=True,
    )
