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
    """The exit code of a command. Nothing but SystemExit leaves it as an exception: see the table
    above.
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
        words = error_of_the_system(error)
        if not words and os.environ.get(RAISE_NAME):
            raise
        _flush_or_drop()
        _print_error(str(words or _fault(error)))
        if words:
            return REFUSED
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
    """Ctrl-C, SIGTERM and SIGHUP end what runs here with one line, `words`, and the exit code 130,
    143 or 129; what it opened is closed as in any other error. Yields the numbers of the signals
    that came.

    While TensorFlow traces a graph it may turn the interrupt into an error of its own, or lose it:
    so what counts is that it came, and it comes again until the work has ended.
    """
    if (
        threading.current_thread() is not threading.main_thread()
    ):  # signals reach the main thread alone
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

    numbers = [
        number for number in _ENDING_SIGNALS if signal.getsignal(number) is not signal.SIG_IGN
    ]
    before = {number: signal.signal(number, note) for number in numbers}
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
            signal.signal(number, signal.SIG_DFL if handler is None else handler)


def _show_any_text():
    """A letter that the terminal's encoding lacks is shown as its escape, \\xe9, and ends
    nothing.
    """
    for name, number in (("stdout", 1), ("stderr", 2)):
        if (
            getattr(sys, name) is None
        ):  # closed by whoever started us: the next file that is opened would stand there
            nothing = os.open(os.devnull, os.O_WRONLY)
            if nothing != number:
                os.dup2(nothing, number)
                os.close(nothing)
            setattr(sys, name, open(number, "w", encoding="utf-8", closefd=False))
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):  # what stands in for a stream may be plainer than one
            stream.reconfigure(errors="backslashreplace")


def error_of_the_system(error: BaseException) -> PipelineError | None:
    """A PipelineError where the system, not this package, could not go on; else None."""
    words = str(error)
    if isinstance(error, MemoryError) or any(each in words.lower() for each in _NO_MEMORY):
        return PipelineError(
            f"no memory is left: {_shown(words) or type(error).__name__}",
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
        return PipelineError(
            f"the system refused: {error.strerror}{_place_of(error)}",
            stage="system",
            expected="room where the output and temporary files go, and files that can be opened",
            fix=f"free some space, write to another place, or set TMPDIR (now "
            f"{_shown(_temporary_folder())})",
        )
    if isinstance(error, RuntimeError) and "can't start new thread" in words:
        return PipelineError(
            "the system starts no more threads",
            stage="system",
            expected="a few threads",
            fix="end other programs, or raise `ulimit -u`",
        )
    return None


def _place_of(error):
    if error.filename:
        return f" ({_shown(str(error.filename))})"
    return ""


def _fault(error):
    """The fault in words, once its details are in a file."""
    place = traceback.extract_tb(error.__traceback__)[-1]
    path = _write_details(error)
    if path:
        fix = f"report it with the file {path}, which holds no data"
    else:
        fix = f"report it with this place: {os.path.basename(place.filename)}, line {place.lineno}"
    return PipelineError(
        f"a fault of this package: {type(error).__name__}: {_shown(str(error))}",
        stage="fault",
        expected="an answer, or an error that names what to change",
        fix=fix,
    )


def _write_details(error):
    """The path of a new file with the stack and the versions, in the temporary or the current
    folder; "" where none can be written. No text of an error is in it, and no argument but options'
    names: those could hold data.
    """
    options = [word.partition("=")[0] for word in sys.argv[1:] if word.startswith("--")]
    lines = [
        f"Python {platform.python_version()} on {platform.platform()}",
        *map(_version, _PACKAGES),
        f"options: {' '.join(options)}",
        "",
        "The texts of errors are left out: they can hold data.",
    ]
    each = error
    seen = []
    while each is not None and each not in seen:
        lines += [
            "",
            f"{type(each).__module__}.{type(each).__name__}",
            *traceback.format_tb(each.__traceback__),
        ]
        seen.append(each)
        each = each.__cause__ or each.__context__
    name = f"pipelines-fault-{time.strftime('%Y%m%d-%H%M%S')}-{os.getpid()}.txt"
    for folder in (_temporary_folder(), os.curdir):
        path = os.path.join(folder, name)
        try:
            with open(
                path,
                "x",
                encoding="utf-8",
                errors="backslashreplace",
            ) as file:
                file.write("\n".join(lines) + "\n")
            return path
        except OSError:
            continue  # the next place, or none: a full disk must not hide the fault itself
    return ""


def _version(package):
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
    plain = "".join(letter if letter.isprintable() else "?" for letter in words)
    if len(plain) <= _MAX_WORDS:
        return plain
    return f"{plain[:_MAX_WORDS]}..."


def _print_error(words):
    """On standard error, where there is one that takes it."""
    with contextlib.suppress(OSError, ValueError, AttributeError):
        print(words, file=sys.stderr, flush=True)


def _flush_or_drop():
    try:
        sys.stdout.flush()
    except (OSError, ValueError):
        _drop_output()


def _drop_output():
    """What is still to be flushed goes nowhere: Python would try again at its end, and fail
    again.
    """
    with contextlib.suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
