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
MAX_ARRAY_BYTES, MAX_ARCHIVE_BYTES = 4 * 2**30, 16 * 2**30  # of one array, of all in one file
MAX_MEMBERS = 10_000  # of a zip file
# A smaller part of the size than this has never been seen in honest files: gzip cannot pack more
# than 1:1032.
MAX_EXPANSION = 1100
FREE_BYTES = 2**20


class UnpackedTooLarge(ValueError):
    """What a file unpacks to is more than allowed; the text is in words that a user can read."""


class CountedReader(io.RawIOBase):
    """A reader of another reader that raises UnpackedTooLarge once more than `most` bytes came out
    of it.
    """

    def __init__(self, source: BinaryIO, most: int, name: str):
        super().__init__()
        self._source, self._most, self._name, self._count = source, most, name, 0

    def readable(self):
        return True

    def readinto(self, buffer):
        content = self._source.read(len(buffer))
        self._count += len(content)
        if self._count > self._most:
            raise UnpackedTooLarge(f"{self._name!r} unpacks to more than {self._most:,} bytes")
        buffer[: len(content)] = content
        return len(content)

    def close(self):
        if not self.closed:
            self._source.close()
        super().close()


def open_unpacked(path: Path, most: int) -> BinaryIO:
    """A regular file, unpacked if its name ends in .gz, of which at most `most` bytes can be read:
    further on it raises UnpackedTooLarge. Raises OSError for what is no regular file.
    """
    file = open_regular(path)
    if path.suffix.lower() != ".gz":
        return file
    # gzip closes nothing that it was given.
    return io.BufferedReader(CountedReader(_Gzip(file), most, path.name))


class _Gzip(gzip.GzipFile):
    def __init__(self, file):
        super().__init__(fileobj=file)
        self._file = file

    def close(self):
        super().close()
        self._file.close()


def check_cells(num_rows: int, num_columns: int, name: str) -> None:
    """Raises LoadError for a table of more cells than memory should hold."""
    if num_rows * num_columns > MAX_CELLS:
        raise LoadError(
            f"{name!r} holds {num_rows:,} rows of {num_columns:,} columns, more than "
            f"{MAX_CELLS:,} cells",
            expected=f"at most {MAX_CELLS:,} cells",
            fix="take fewer rows or columns",
        )


def check_members(archive: zipfile.ZipFile, most: int) -> None:
    """Raises UnpackedTooLarge where the members of a zip file are too many, or unpack to more than
    `most` bytes together, or one to more than its packed bytes can hold; ValueError where one is
    encrypted or has a name that leads out of a folder.
    """
    members = archive.infolist()
    if len(members) > MAX_MEMBERS:
        raise UnpackedTooLarge(f"{len(members):,} members, at most {MAX_MEMBERS:,}")
    total = sum(member.file_size for member in members)
    if total > most:
        raise UnpackedTooLarge(f"its members unpack to {total:,} bytes, at most {most:,}")
    names = [member.filename for member in members]
    if len(set(names)) < len(names):
        raise ValueError("two members have one name")
    for member in members:
        parts = member.filename.replace("\\", "/").split("/")
        if ".." in parts or member.filename.startswith(("/", "\\")) or ":" in parts[0]:
            raise ValueError(f"the member {member.filename[:60]!r} leads out of the file")
        if (
            member.file_size > FREE_BYTES
            and member.file_size > MAX_EXPANSION * member.compress_size
        ):
            raise UnpackedTooLarge(
                f"the member {member.filename[:60]!r} declares {member.file_size:,} bytes of "
                f"{member.compress_size:,}"
            )
        if member.flag_bits & 1:
            raise ValueError(f"the member {member.filename[:60]!r} is encrypted")


def read_member(archive: zipfile.ZipFile, name: str, most: int) -> bytes:
    """The content of a member of a zip file, whatever size it declares. Raises UnpackedTooLarge
    above `most` bytes, KeyError where there is none, and what zipfile raises for a damaged one.
    """
    with archive.open(name) as file:
        content = file.read(most + 1)
    if len(content) > most:
        raise UnpackedTooLarge(f"the member {name!r} unpacks to more than {most:,} bytes")
    return content
