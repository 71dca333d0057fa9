"""The door of every command: what leaves a command is an answer, an error that helps, or a fault of
ours with a file of details. Standard library only.

    0    done                         2    a PipelineError, or a system without room or memory
    1    some rows have no answer     70   a fault of this package; its details are in a file
    130  Ctrl-C                       143  SIGTERM         129  SIGHUP
"""

import contextlib
import errno
import os
import platform
import signal
import sys
import tempfile
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from importlib.metadata import PackageNotFoundError, version
from typing import NoReturn

from .errors import PipelineError

REFUSED = 2
FAULT = 70
# Where this variable is set, faults are raised as they are: tests and developers want to see them.
RAISE_NAME = "PIPELINES_RAISE_FAULTS"
_NO_ROOM = (
    errno.ENOSPC,
    errno.EROFS,
    errno.EIO,
    errno.EFBIG,
    errno.EMFILE,
    errno.ENFILE,
    getattr(errno, "EDQUOT", errno.ENOSPC),
)  # Windows has no quota of its own
_NO_PERMISSION = (errno.EACCES, errno.EPERM)
_NO_MEMORY = (
    "failed to map segment",
    "cannot allocate memory",
    "not enough memory",
    "oom when allocating",
    "bad_alloc",
)
_PACKAGES = (
    "pipelines",
    "numpy",
    "ai-edge-litert",
    "tensorflow",
    "keras",
    "pandas",
    "pyarrow",
    "pillow",
)
# Windows has no SIGHUP.
_ENDING_SIGNALS = [each for each in signal.Signals if each.name in ("SIGINT", "SIGTERM", "SIGHUP")]
_CODES_OF_SIGNALS = [128 + number for number in _ENDING_SIGNALS]
_REPEAT_SECONDS = 1.0
_MAX_WORDS = 300


def through_door(work: Callable[[], int | None]) -> int:
    """Runs a command; nothing but SystemExit leaves it as an exception.

    Args:
        work: The command. It returns an exit code, or None for 0.

    Returns:
        The exit code, see the table above.
    """
    _show_any_text()
    try:
        with ends_on_signals("stopped") as came:
            code = _code_of(work)
            if came:  # typer answers Ctrl-C by an exit of its own
                raise KeyboardInterrupt
            sys.stdout.flush()
        return code
    except BrokenPipeError:  # whoever reads the answers has seen enough
        _drop_output()
        return 1
    except PipelineError as error:
        _flush_or_drop()
        _print_error(str(error))
        return REFUSED
    except Exception as error:
        refusal = error_of_the_system(error)
        if refusal is not None:
            _flush_or_drop()
            _print_error(str(refusal))
            return REFUSED
        if os.environ.get(RAISE_NAME):
            raise
        _flush_or_drop()
        fault = _fault(error)
        _print_error(str(fault))
        return FAULT


def leave(code: int) -> NoReturn:
    """Ends the process with the exit code of a command.

    After a signal at once: TensorFlow takes a second or more to unload. What was open is closed.
    """
    if code in _CODES_OF_SIGNALS:
        _flush_or_drop()
        os._exit(code)
    raise SystemExit(code)


def _code_of(work):
    """Returns the exit code of a command, whether it returns or raises it."""
    try:
        return work() or 0
    except SystemExit as stop:  # of typer and argparse, which have printed why
        if isinstance(stop.code, str):
            _print_error(stop.code)
        if isinstance(stop.code, int):
            return stop.code
        return int(stop.code is not None)


@contextlib.contextmanager
def ends_on_signals(words: str) -> Iterator[list[int]]:
    """Ends what runs here on Ctrl-C, SIGTERM and SIGHUP, with one line and 128 and its number.

    What it opened is closed as in any other error. While TensorFlow traces a graph it may turn the
    interrupt into an error of its own, or lose it: so what counts is that it came, and it comes
    again until the work has ended.

    Args:
        words: The line.

    Yields:
        The numbers of the signals that came.
    """
    is_main = threading.current_thread() is threading.main_thread()
    if not is_main:  # signals reach the main thread alone
        yield []
        return
    came: list[int] = []
    repeats = getattr(signal, "SIGALRM", None)  # Windows has no alarm

    def note(number, frame):
        came.append(number)
        if repeats is not None:
            signal.signal(repeats, note)
            signal.setitimer(signal.ITIMER_REAL, _REPEAT_SECONDS)
        raise KeyboardInterrupt

    before = {}
    for number in _ENDING_SIGNALS:
        if signal.getsignal(number) is not signal.SIG_IGN:
            before[number] = signal.signal(number, note)
    if repeats is not None:
        before[repeats] = signal.getsignal(repeats)
    try:
        yield came
    except BaseException:
        if not came:
            raise
        if repeats is not None:
            signal.setitimer(signal.ITIMER_REAL, 0)
        _print_error(f"\n{words}")
        raise SystemExit(128 + came[0]) from None
    finally:
        for number, handler in before.items():
            if handler is None:
                handler = signal.SIG_DFL
            signal.signal(number, handler)


def _show_any_text():
    """Shows a letter that the terminal's encoding lacks as its escape, \\xe9, and ends nothing."""
    if sys.stdout is None:
        sys.stdout = _into_nothing(1)
    if sys.stderr is None:
        sys.stderr = _into_nothing(2)
    for stream in (sys.stdout, sys.stderr):
        # What stands in for a stream may be plainer than one.
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")


def _into_nothing(number):
    """Returns a stream that goes nowhere, under the number of one that was closed.

    Whoever started us closed it: the next file that is opened would be written to in its place.
    """
    nothing = os.open(os.devnull, os.O_WRONLY)
    if nothing != number:
        os.dup2(nothing, number)
        os.close(nothing)
    return open(number, "w", encoding="utf-8", closefd=False)


def error_of_the_system(error: BaseException) -> PipelineError | None:
    """Returns a PipelineError if the system, not this package, could not go on; else None."""
    words = str(error)
    if _is_out_of_memory(error):
        problem = _shown(words) or type(error).__name__
        return PipelineError(
            f"no memory is left: {problem}",
            stage="system",
            expected="memory for the rows and the model",
            fix="end other programs, raise `ulimit -v`, or give fewer rows",
        )
    if isinstance(error, OSError) and error.errno in _NO_PERMISSION:
        return PipelineError(
            f"the system refused: {error.strerror}{_place_of(error)}",
            stage="system",
            expected="files and folders that this user may read, and write where output goes",
            fix="change their permissions, or name another place",
        )
    if isinstance(error, OSError) and error.errno in _NO_ROOM:
        return _no_room(error)
    if isinstance(error, RuntimeError) and "can't start new thread" in words:
        return PipelineError(
            "the system starts no more threads",
            stage="system",
            expected="a few threads",
            fix="end other programs, or raise `ulimit -u`",
        )
    return None


def _is_out_of_memory(error):
    if isinstance(error, MemoryError):
        return True
    words = str(error).lower()
    return any(phrase in words for phrase in _NO_MEMORY)


def _no_room(error):
    """Returns the PipelineError of an OSError for want of space or of files."""
    temporary = _shown(_temporary_folder())
    return PipelineError(
        f"the system refused: {error.strerror}{_place_of(error)}",
        stage="system",
        expected="room where the output and temporary files go, and files that can be opened",
        fix=f"free some space, write to another place, or set TMPDIR (now {temporary})",
    )


def _place_of(error):
    """Returns the file of an OSError in parentheses, or ""."""
    if error.filename:
        return f" ({_shown(str(error.filename))})"
    return ""


def _fault(error):
    """Returns the fault in words, once its details are in a file."""
    path = _write_details(error)
    if path:
        fix = f"report it with the file {path}, which holds no data"
    else:
        frames = traceback.extract_tb(error.__traceback__)
        place = frames[-1]
        file_name = os.path.basename(place.filename)
        fix = f"report it with this place: {file_name}, line {place.lineno}"
    kind = type(error).__name__
    words = _shown(str(error))
    return PipelineError(
        f"a fault of this package: {kind}: {words}",
        stage="fault",
        expected="an answer, or an error that names what to change",
        fix=fix,
    )


def _write_details(error):
    """Writes the stack and the versions to a new file, in the temporary or the current folder.

    No text of an error is in it, and no argument but options' names: those could hold data.

    Returns:
        The path, or "" if none can be written.
    """
    details = "\n".join(_details(error))
    moment = time.strftime("%Y%m%d-%H%M%S")
    name = f"pipelines-fault-{moment}-{os.getpid()}.txt"
    for folder in (_temporary_folder(), os.curdir):
        path = os.path.join(folder, name)
        try:
            with open(path, "x", encoding="utf-8", errors="backslashreplace") as file:
                file.write(f"{details}\n")
            return path
        except OSError:
            continue  # the next place, or none: a full disk must not hide the fault itself
    return ""


def _details(error):
    """Returns the lines of a file of details."""
    options = []
    for argument in sys.argv[1:]:
        if argument.startswith("--"):
            option, _, _ = argument.partition("=")
            options.append(option)
    lines = [
        f"Python {platform.python_version()} on {platform.platform()}",
        *map(_version, _PACKAGES),
        f"options: {' '.join(options)}",
        "",
        "The texts of errors are left out: they can hold data.",
    ]
    seen = []
    while error is not None and error not in seen:
        kind = type(error)
        lines.append("")
        lines.append(f"{kind.__module__}.{kind.__name__}")
        lines += traceback.format_tb(error.__traceback__)
        seen.append(error)
        error = error.__cause__ or error.__context__
    return lines


def _version(package):
    """Returns a package with its version."""
    try:
        return f"{package} {version(package)}"
    except PackageNotFoundError:
        return f"{package}: not installed"


def _temporary_folder():
    try:
        return tempfile.gettempdir()
    except OSError:
        return os.curdir


def _shown(words):
    """Returns words from elsewhere, short, with "?" for what is not printable."""
    letters = []
    for letter in words[: _MAX_WORDS + 1]:
        if not letter.isprintable():
            letter = "?"
        letters.append(letter)
    plain = "".join(letters)
    if len(plain) <= _MAX_WORDS:
        return plain
    return f"{plain[:_MAX_WORDS]}..."


def _print_error(words):
    """Prints on standard error, if there is one that takes it."""
    with contextlib.suppress(OSError, ValueError, AttributeError):
        print(words, file=sys.stderr, flush=True)


def _flush_or_drop():
    try:
        sys.stdout.flush()
    except (OSError, ValueError):
        _drop_output()


def _drop_output():
    """Sends what is still to be flushed nowhere.

    Python would try again at its end, and fail again.
    """
    with contextlib.suppress(OSError, ValueError):
        nothing = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nothing, sys.stdout.fileno())
