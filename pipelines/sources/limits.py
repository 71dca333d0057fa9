"""How much a file may become in memory, counted before the memory is taken: a small file can unpack
to a large one.
"""

import gzip
import io
import zipfile
from pathlib import Path
from typing import BinaryIO

from ..device.regular import open_regular
from ..errors import LoadError

MAX_TABLE_BYTES = 4 * 2**30  # of text or of typed cells
MAX_CELLS = 100_000_000  # of a table: an empty cell of text takes 8 bytes, a short one 58
MAX_ARRAY_BYTES = 4 * 2**30  # of one array
MAX_ARCHIVE_BYTES = 16 * 2**30  # of all arrays in one file
MAX_MEMBERS = 10_000  # of a zip file
# A smaller part of the size than this has never been seen in honest files: gzip cannot pack more
# than 1:1032.
MAX_EXPANSION = 1100
FREE_BYTES = 2**20


class UnpackedTooLarge(ValueError):
    """What a file unpacks to is more than allowed; the text is in words that a user can read."""


class CountedReader(io.RawIOBase):
    """A reader that counts what comes out of another one.

    Args:
        source: The other reader; it is closed with this one.
        most: How many bytes may come out.
        name: Of the file, for the error.

    Raises:
        UnpackedTooLarge: Once more bytes than `most` came out.
    """

    def __init__(self, source: BinaryIO, most: int, name: str):
        super().__init__()
        self._source = source
        self._most = most
        self._name = name
        self._count = 0

    def readable(self):
        return True

    def readinto(self, buffer):
        content = self._source.read(len(buffer))
        num_read = len(content)
        self._count += num_read
        if self._count > self._most:
            raise UnpackedTooLarge(f"{self._name!r} unpacks to more than {self._most:,} bytes")
        buffer[:num_read] = content
        return num_read

    def close(self):
        if not self.closed:
            self._source.close()
        super().close()


def open_unpacked(path: Path, most: int) -> BinaryIO:
    """Opens a regular file, unpacked if its name ends in .gz.

    Args:
        path: Of the file.
        most: How many unpacked bytes can be read; further on the reader raises UnpackedTooLarge.

    Raises:
        OSError: For what is no regular file.
    """
    file = open_regular(path)
    if path.suffix.lower() != ".gz":
        return file
    # gzip closes nothing that it was given.
    counted = CountedReader(_Gzip(file), most, path.name)
    return io.BufferedReader(counted)


class _Gzip(gzip.GzipFile):
    def __init__(self, file):
        super().__init__(fileobj=file)
        self._file = file

    def close(self):
        super().close()
        self._file.close()


def check_cells(num_rows: int, num_columns: int, name: str) -> None:
    """Raises LoadError for a table of more cells than memory should hold."""
    num_cells = num_rows * num_columns
    if num_cells > MAX_CELLS:
        raise LoadError(
            f"{name!r} holds {num_rows:,} rows of {num_columns:,} columns, more than "
            f"{MAX_CELLS:,} cells",
            expected=f"at most {MAX_CELLS:,} cells",
            fix="take fewer rows or columns",
        )


def check_members(archive: zipfile.ZipFile, most: int) -> None:
    """Checks the members of a zip file before one is unpacked.

    Args:
        archive: The zip file.
        most: How many bytes the members may unpack to together.

    Raises:
        UnpackedTooLarge: If the members are too many, or unpack to more than `most`, or one to more
            than its packed bytes can hold.
        ValueError: If two have one name, or one is encrypted or has a name that leads out of a
            folder.
    """
    members = archive.infolist()
    if len(members) > MAX_MEMBERS:
        raise UnpackedTooLarge(f"{len(members):,} members, at most {MAX_MEMBERS:,}")
    total = sum(member.file_size for member in members)
    if total > most:
        raise UnpackedTooLarge(f"its members unpack to {total:,} bytes, at most {most:,}")
    names = {member.filename for member in members}
    if len(names) < len(members):
        raise ValueError("two members have one name")
    for member in members:
        _check_member(member)


def _check_member(member):
    """Raises what `check_members` raises for one member."""
    name = repr(member.filename[:60])
    if _leads_out(member.filename):
        raise ValueError(f"the member {name} leads out of the file")
    size = member.file_size
    packed_size = member.compress_size
    if size > FREE_BYTES and size > MAX_EXPANSION * packed_size:
        raise UnpackedTooLarge(f"the member {name} declares {size:,} bytes of {packed_size:,}")
    is_encrypted = member.flag_bits & 1
    if is_encrypted:
        raise ValueError(f"the member {name} is encrypted")


def _leads_out(name):
    """Tests whether the name of a member is absolute, names a drive or goes up."""
    if name.startswith(("/", "\\")):
        return True
    parts = name.replace("\\", "/").split("/")
    return ".." in parts or ":" in parts[0]


def read_member(archive: zipfile.ZipFile, name: str, most: int) -> bytes:
    """Reads a member of a zip file, whatever size it declares.

    Args:
        archive: The zip file.
        name: Of the member.
        most: How many bytes it may unpack to.

    Raises:
        UnpackedTooLarge: Above `most` bytes.
        KeyError: If there is no such member.
        Exception: What zipfile raises for a damaged one.
    """
    with archive.open(name) as file:
        content = file.read(most + 1)
    if len(content) > most:
        raise UnpackedTooLarge(f"the member {name!r} unpacks to more than {most:,} bytes")
    return content
