"""Regular files alone: a pipe, a socket or a device in a file's place is refused before a byte is
waited for. Standard library only.
"""

import os
import stat
from pathlib import Path
from typing import BinaryIO

# Windows has neither: there a pipe has no place among files.
_NOT_BLOCKING = getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_NOCTTY", 0)
_AS_BYTES = getattr(os, "O_BINARY", 0) | getattr(os, "O_CLOEXEC", 0)
_KINDS = (
    (stat.S_ISDIR, "a folder, not a file"),
    (stat.S_ISFIFO, "a named pipe, not a regular file"),
    (stat.S_ISSOCK, "a socket, not a regular file"),
    (stat.S_ISCHR, "a device, not a regular file"),
    (stat.S_ISBLK, "a device, not a regular file"),
)


def open_regular(path: str | os.PathLike, most: int | None = None) -> BinaryIO:
    """Opens a regular file, links followed, for reading. Raises OSError, whose `strerror` names the
    reason, where it is another kind of thing, cannot be opened, or has more bytes than `most`;
    never waits for a writer.
    """
    try:
        found = os.stat(path)  # to open a device can have an effect
        _check_kind(found, path)
        descriptor = os.open(path, os.O_RDONLY | _NOT_BLOCKING | _AS_BYTES)
    except ValueError as error:  # a name with a null character
        raise FileNotFoundError(2, "no such file", repr(path)) from error
    try:
        found = os.fstat(descriptor)  # another thing may stand there since
        _check_kind(found, path)
        if most is not None and found.st_size > most:
            raise OSError(27, f"{found.st_size:,} bytes, at most {most:,}", str(path))
        return os.fdopen(descriptor, "rb")
    except BaseException:
        os.close(descriptor)
        raise


def read_regular(path: str | os.PathLike, most: int) -> bytes:
    """The content of a regular file of at most `most` bytes. Raises OSError as
    `open_regular` does.
    """
    with open_regular(path, most) as file:
        content = file.read(most + 1)
    if len(content) > most:  # a file that grows, and those of /proc, which have no size
        raise OSError(27, f"more than {most:,} bytes", str(Path(path)))
    return content


def kind_of(path: str | os.PathLike) -> str:
    """What a path is where it is no regular file, such as "a folder, not a file"; else "a regular
    file".
    """
    return _kind(os.stat(path)) or "a regular file"


def _kind(found):
    return next((words for is_kind, words in _KINDS if is_kind(found.st_mode)), "")


def _check_kind(found, path):
    if _kind(found):
        raise OSError(22, _kind(found), str(path))
