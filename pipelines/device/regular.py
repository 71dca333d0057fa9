"""Regular files alone: a pipe, a socket or a device in a file's place is refused before a byte is
waited for. Standard library only.
"""

import errno
import os
import stat
from pathlib import Path
from typing import BinaryIO

# Windows has neither: there a pipe has no place among files.
_NOT_BLOCKING = getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_NOCTTY", 0)
_AS_BYTES = getattr(os, "O_BINARY", 0) | getattr(os, "O_CLOEXEC", 0)
_FLAGS = os.O_RDONLY | _NOT_BLOCKING | _AS_BYTES
_KINDS = (
    (stat.S_ISDIR, "a folder, not a file"),
    (stat.S_ISFIFO, "a named pipe, not a regular file"),
    (stat.S_ISSOCK, "a socket, not a regular file"),
    (stat.S_ISCHR, "a device, not a regular file"),
    (stat.S_ISBLK, "a device, not a regular file"),
)


def open_regular(path: str | os.PathLike, most: int | None = None) -> BinaryIO:
    """Opens a regular file for reading, links followed; never waits for a writer.

    Args:
        path: Of the file.
        most: Bytes that it may have.

    Raises:
        OSError: If it is another kind of thing, cannot be opened, or has more bytes; `strerror`
            names the reason.
    """
    descriptor = _open_descriptor(path)
    try:
        status = os.fstat(descriptor)
        _check_kind(status, path)  # another thing may stand there since
        num_bytes = status.st_size
        if most is not None and num_bytes > most:
            raise OSError(errno.EFBIG, f"{num_bytes:,} bytes, at most {most:,}", str(path))
        return os.fdopen(descriptor, "rb")
    except BaseException:
        os.close(descriptor)
        raise


def _open_descriptor(path):
    """Returns the descriptor of a file opened for reading."""
    try:
        # To open a device can have an effect, so that it is looked at first.
        status = os.stat(path)
        _check_kind(status, path)
        return os.open(path, _FLAGS)
    except ValueError as error:  # a name with a null character
        raise FileNotFoundError(errno.ENOENT, "no such file", repr(path)) from error


def read_regular(path: str | os.PathLike, most: int) -> bytes:
    """Returns the content of a regular file.

    Args:
        path: Of the file.
        most: Bytes that it may have.

    Raises:
        OSError: As `open_regular` does.
    """
    with open_regular(path, most) as file:
        content = file.read(most + 1)
    if len(content) > most:  # a file that grows, and those of /proc, which have no size
        raise OSError(errno.EFBIG, f"more than {most:,} bytes", str(Path(path)))
    return content


def kind_of(path: str | os.PathLike) -> str:
    """Returns what a path is: "a regular file", or what else, such as "a folder, not a file"."""
    status = os.stat(path)
    return _other_kind(status) or "a regular file"


def _other_kind(status):
    """Returns what a path is if it is no regular file, else ""."""
    for is_kind, words in _KINDS:
        if is_kind(status.st_mode):
            return words
    return ""


def _check_kind(status, path):
    words = _other_kind(status)
    if words:
        raise OSError(errno.EINVAL, words, str(path))


def is_hidden(name: str) -> bool:
    """Tests whether a file or folder of a data set is passed over by its name, such as .DS_Store; a
    class may be called "...".
    """
    return name.startswith(".") and not name.startswith("..")
