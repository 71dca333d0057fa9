"""One run of a name at a time, by a lock that ends with its process."""

import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ..errors import BundleError

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
        os.ftruncate(file, 0)
        os.write(
            file,
            json.dumps({"process": os.getpid(), "since": int(time.time())}).encode(),
        )
        yield
    finally:
        path.unlink(missing_ok=True)
        os.close(file)


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
        BundleError: another process is making it.
    """
    path = folder / ".cache" / f"{name}.lock"
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        with locked(path):
            yield
    except HeldError as error:
        process, age_seconds = _holder(path)
        raise BundleError(
            f"{name!r} is being made already, by process {process}, since {age_seconds:,} s",
            expected="one run of a name at a time",
            fix=f"wait for it, end it (kill {process}), or give another --name",
        ) from error


def _holder(path):
    """Returns the process that holds a lock, as it wrote it down, and for how long."""
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
        return int(values["process"]), max(int(time.time()) - int(values["since"]), 0)
    except (ValueError, KeyError, TypeError):  # it is just being written
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
