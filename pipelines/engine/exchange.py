"""A file or folder that takes the place of another: at every moment its name holds the old or the
new.
"""

import contextlib
import ctypes
import errno
import os
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path

from ..device.checksums import SUMS, checksums

_HERE = -100  # AT_FDCWD
_EXCHANGE = 2  # RENAME_EXCHANGE of Linux, RENAME_SWAP of macOS
_NOT_HERE = (errno.ENOSYS, errno.EINVAL, errno.ENOTSUP)


def put_in_place(new: Path, place: Path) -> None:
    """Renames a folder to `place`; what stood there is removed.

    Where the system can exchange two names at once, `place` is never without a folder. Elsewhere it
    is, between two renames; a failure of the second puts the old folder back.

    Args:
        new: a folder on the same file system.
        place: where it goes.
    """
    if not os.path.lexists(place):
        os.rename(new, place)
    elif not _exchanged(new, place):
        _one_after_the_other(new, place)
    if new.exists():  # the old folder, under the name of the new one
        shutil.rmtree(new, ignore_errors=True)


def write_checked(folder: Path, files: Mapping[str, bytes]) -> None:
    """Writes files with their checksums in SHA256SUMS, and waits until they are on the disk.

    Without room for all of them none is left: what was written would take the room of what comes.

    Args:
        folder: for them; it is made if it is missing.
        files: relative name → content.
    """
    try:
        for name, content in {**files, SUMS: checksums(files).encode()}.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
            sync(path)
        sync(folder)
    except OSError:
        shutil.rmtree(folder, ignore_errors=True)
        raise


def replace_file(path: Path, content: bytes, *, workspace: Path) -> None:
    """Writes a file; at every moment its name holds the old content or the new.

    Args:
        path: of the file; its folder is made if it is missing.
        content: of the file.
        workspace: a folder on the same file system for what is unfinished.
    """
    partial = workspace / f"{path.parent.name}.{path.name}"
    try:
        partial.write_bytes(content)
        sync(partial)
        path.parent.mkdir(parents=True, exist_ok=True)
        os.replace(partial, path)
    except OSError:
        with contextlib.suppress(OSError):
            partial.unlink()
        raise


def sync(path: Path) -> None:
    """Waits until a file, or the names in a folder, are on the disk."""
    file = os.open(path, os.O_RDONLY)
    try:
        os.fsync(file)
    except OSError as error:
        if error.errno not in (errno.EINVAL, errno.EBADF):  # not every system syncs a folder
            raise
    finally:
        os.close(file)


def _exchanged(new, place):
    """Exchanges two names at once; returns False where the system cannot."""
    if sys.platform.startswith("linux"):
        call = ["renameat2", _HERE, os.fsencode(new), _HERE, os.fsencode(place), _EXCHANGE]
    elif sys.platform == "darwin":
        call = ["renamex_np", os.fsencode(new), os.fsencode(place), _EXCHANGE]
    else:
        return False
    try:
        function = ctypes.CDLL(None, use_errno=True)[call[0]]
    except AttributeError:  # an older C library
        return False
    if function(*call[1:]) == 0:
        return True
    number = ctypes.get_errno()
    if number in _NOT_HERE:  # an older kernel, or a file system that cannot
        return False
    raise OSError(number, os.strerror(number), str(place))


def _one_after_the_other(new, place):
    old = new.with_name(f"{new.name}.old")
    os.rename(place, old)
    try:
        os.rename(new, place)
    except OSError:
        os.rename(old, place)
        raise
    shutil.rmtree(old, ignore_errors=True)
