"""One run of a name at a time, by a lock that ends with its process."""

import contextlib
import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ..errors import BundleError
from .store import open_store, unwritable_error

if os.name == "posix":
    import fcntl


class HeldError(OSError):
    """Another process holds the lock."""


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Holds the lock of a file, which is made if it is missing.

    The system gives it up when the process ends, killed or not. A child process does not inherit
    it.

    Raises:
        HeldError: another process holds it.
    """
    file = _open_and_take(path)
    try:
        _write_holder(file)
        yield
    finally:
        with contextlib.suppress(OSError):  # the folder may have become read-only meanwhile
            path.unlink(missing_ok=True)
        os.close(file)


def _write_holder(file):
    """Writes down who holds a lock. It holds without that on a full disk."""
    values = {"process": os.getpid(), "since": int(time.time())}
    with contextlib.suppress(OSError):
        os.ftruncate(file, 0)
        os.write(file, json.dumps(values).encode())


def _open_and_take(path):
    """Returns the descriptor of a file under `path` whose lock is held.

    A file whose lock is free may be removed by its last holder before it is taken here.
    """
    while True:
        file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        if not _take(file):
            os.close(file)
            raise HeldError(path)
        if _is_at(path, file):
            return file
        os.close(file)


def _is_at(path, file):
    try:
        return os.path.samestat(os.stat(path), os.fstat(file))
    except FileNotFoundError:
        return False


def is_free(path: Path) -> bool:
    """Tests whether no process holds the lock of a file."""
    try:
        file = os.open(path, os.O_RDWR | os.O_CLOEXEC)
    except FileNotFoundError:
        return False
    except PermissionError:  # of another user
        return False
    try:
        return _take(file)
    finally:
        os.close(file)


@contextmanager
def one_run_of(folder: Path, name: str) -> Iterator[None]:
    """Keeps other runs of a bundle's name out.

    Args:
        folder: where bundles are written.
        name: of the bundle.

    Raises:
        BundleError: another process is making it, or nothing can be written there.
    """
    path = open_store(folder / ".cache").folder / f"{name}.lock"
    with contextlib.ExitStack() as stack:
        _enter(stack, path, name)
        yield


def _enter(stack, path, name):
    """Takes the lock until the end of `stack`."""
    try:
        stack.enter_context(locked(path))
    except HeldError as error:
        process, age_seconds = _holder(path)
        raise BundleError(
            f"{name!r} is being made already, by process {process}, since {age_seconds:,} s",
            expected="one run of a name at a time",
            fix=f"wait for it, end it (kill {process}), or give another --name",
        ) from error
    except OSError as error:
        raise unwritable_error(path.parent, error) from error


def _holder(path):
    """Returns the process that holds a lock, as it wrote it down, and for how long."""
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
        return int(values["process"]), max(int(time.time()) - int(values["since"]), 0)
    except (OSError, ValueError, KeyError, TypeError):  # it is just being written, or removed
        return "unknown", 0


def _take(file):
    if os.name != "posix":
        import msvcrt

        try:
            msvcrt.locking(file, msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
