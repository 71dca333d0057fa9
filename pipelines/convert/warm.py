"""Conversions in forks of one process that has TensorFlow loaded, for those who convert many times:
the imports are most of what a small conversion takes.

A fork ends alone, as a child of its own does: what kills the converter kills neither this process
nor the one that forks. Linux only: elsewhere a fork of a process with threads is not to be relied
on.
"""

import atexit
import contextlib
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path

from ..engine.starter import ending_with_this
from .child import LOOK_SECONDS, Ended, Limits, Watch

# Without a conversion, after which the process ends.
IDLE_SECONDS = 60
_MODULE = f"{__package__}.warm_process"
_is_wanted: ContextVar[bool] = ContextVar("warm", default=False)
_lock = threading.Lock()


@contextmanager
def kept_warm() -> Iterator[None]:
    """Lets the conversions of the block be done in forks of one process, which stays for a minute
    after the last of them.
    """
    token = _is_wanted.set(sys.platform.startswith("linux"))
    try:
        yield
    finally:
        _is_wanted.reset(token)


def is_kept_warm() -> bool:
    """Returns whether conversions are to be done in forks now."""
    return _is_wanted.get()


class _Process:
    """The process that forks, of this process."""

    def __init__(self, environment: Mapping[str, str]):
        self.owner = os.getpid()
        self._thread = threading.get_ident()
        self._process = subprocess.Popen(
            ending_with_this([sys.executable, "-m", _MODULE, str(IDLE_SECONDS)]),
            env=dict(environment),
            text=True,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )

    def is_ours(self) -> bool:
        """Returns whether it ends with this thread, and not with another that ends before."""
        return (self.owner, self._thread) == (os.getpid(), threading.get_ident())

    def begin(self, folder: Path) -> int:
        """Returns the process id of the fork that converts what is in a folder.

        Raises:
            OSError, ValueError: The process has ended.
        """
        self._process.stdin.write(f"{folder}\n")
        self._process.stdin.flush()
        return int(self._process.stdout.readline())

    def end(self) -> int:
        """Waits for the fork, and returns its code; that of a killed one if this process ended."""
        code = self._process.stdout.readline()
        if not code:
            return -signal.SIGKILL
        return int(code)

    def close(self) -> None:
        """Ends the process, if it has not ended by itself."""
        if self.owner != os.getpid():  # that of the process that this one was forked from
            return
        self._process.kill()
        with contextlib.suppress(OSError):  # what was not written yet goes nowhere
            self._process.stdin.close()
        self._process.stdout.close()
        self._process.wait()


_current: list[_Process] = []


def run_in_fork(
    folder: Path,
    limits: Limits,
    *,
    environment: Mapping[str, str],
    look: Callable[[], None] = lambda: None,
) -> Ended:
    """Does as `child.run_watched`, of the converter.

    Args:
        folder: Of the conversion.
        limits: Of the fork.
        environment: Of the process that forks, if it is not there yet.
        look: Is called now and then.
    """
    with _lock:
        process, fork = _begin(folder, environment)
        watch = Watch(fork, limits)
        codes: list[int] = []
        waiting = threading.Thread(target=lambda: codes.append(process.end()), daemon=True)
        waiting.start()
        try:
            while waiting.is_alive() and not watch.limit:
                watch.look()
                look()
                waiting.join(LOOK_SECONDS)
        finally:
            if waiting.is_alive():
                with contextlib.suppress(ProcessLookupError):
                    os.kill(fork, signal.SIGKILL)
                waiting.join()
    return Ended(codes[0], _written(folder), watch.limit)


def _begin(folder, environment):
    """Returns the process that forks, started anew if there is none, and the fork."""
    if _current and _current[0].is_ours():
        with contextlib.suppress(OSError, ValueError):
            return _current[0], _current[0].begin(folder)
    _end()
    _current.append(_Process(environment))
    return _current[0], _current[0].begin(folder)


@atexit.register
def _end():
    """Ends the process that forks, if there is one."""
    while _current:
        _current.pop().close()


def _written(folder):
    """Returns what the fork wrote to standard error."""
    path = folder / "stderr"
    if not path.exists():
        return ""
    return path.read_text(encoding="utf-8", errors="replace")
