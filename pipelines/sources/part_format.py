"""What a file of a table in parts has to offer: how its parts are found, and read by themselves."""

from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from ..device.cells import shorten
from ..errors import LoadError

CHUNK_ROWS = 65_536
# What else than UTF-8 with quotes around whole cells can be read, for errors.
OR_AS_A_WHOLE = (
    "; a table that is one file on this machine can be read as a whole: --set "
    "load.memory.way=whole, perhaps with --read encoding=NAME"
)


@dataclass(frozen=True)
class TablePart:
    """A piece of a table that is read by itself.

    Attributes:
        file: Its path on the filesystem of the table.
        start: Where it begins in the file: a row group of Parquet, a byte of text.
        first_row: The place of its first row in the table.
        num_rows: How many it has.
        folders: Column → value, of the hive partition that it lies in.
        num_bytes: Of text, -1 for all of a packed file; 0 of Parquet.
        version: Of the file when it was found, as `version_of` gives it; () if it is not known.
    """

    file: str
    start: int
    first_row: int
    num_rows: int
    folders: tuple[tuple[str, str | None], ...]
    num_bytes: int = 0
    version: tuple = ()


@dataclass(frozen=True)
class FoundFile:
    """What a look through a file shows.

    Attributes:
        parts: Its parts, whose rows are counted from 0.
        schema: Of its columns, of pyarrow.
        mark: What decides its rows, next to its name, size and time.
        num_bytes: Of its text, 0 of Parquet.
    """

    parts: tuple[TablePart, ...]
    schema: Any
    mark: str
    num_bytes: int = 0


@dataclass(frozen=True)
class ReadColumns:
    """The columns of a file, and those that are read.

    Attributes:
        schema: Of all columns, of pyarrow; None if it is not known yet.
        names: Of those that are read.
    """

    schema: Any
    names: tuple[str, ...] = ()


@dataclass(frozen=True)
class PartFormat(ABC):
    """A way to write tables in files."""

    @property
    @abstractmethod
    def name(self) -> str:
        """What files of it are called."""

    @property
    def separator(self) -> str:
        """What parts the cells of a row, "" if nothing does."""
        return ""

    @property
    def may_lack_columns(self) -> bool:
        """Whether files may have other columns than each other."""
        return False

    def joined(self, schema: Any, found: Any) -> Any:
        """Returns the schema of rows and of later ones, both of pyarrow."""
        return schema

    @abstractmethod
    def find(self, filesystem: Any, info: Any) -> FoundFile:
        """Looks through a file.

        Args:
            filesystem: Of pyarrow.
            info: pyarrow.fs.FileInfo of the file.

        Raises:
            LoadError: It cannot be read as a table.
        """

    @abstractmethod
    def batches(self, filesystem: Any, part: TablePart, columns: ReadColumns) -> Iterator[Any]:
        """Reads a part as pyarrow.RecordBatch of CHUNK_ROWS at most.

        Args:
            filesystem: Of pyarrow.
            part: A part of a file.
            columns: Of the table.

        Raises:
            LoadError: The file is gone or damaged.
        """


def is_text(kind: Any) -> bool:
    """Tests whether a type of pyarrow is text."""
    import pyarrow

    return pyarrow.types.is_string(kind) or pyarrow.types.is_large_string(kind)


def are_alike(one: Any, other: Any) -> bool:
    """Tests whether columns of two types of pyarrow are read alike: a column of empty cells has no
    type, a dictionary is a way to write its texts, and of times the second in UTC is read.
    """
    from pyarrow import types

    one = _of_values(one)
    other = _of_values(other)
    if one == other or types.is_null(one) or types.is_null(other):
        return True
    if types.is_timestamp(one) and types.is_timestamp(other):
        # A time without a zone may be of any.
        return bool(one.tz) == bool(other.tz)
    kinds = (is_text, _is_number, types.is_decimal, types.is_date)
    return any(is_kind(one) and is_kind(other) for is_kind in kinds)


def _of_values(kind):
    """Returns the type of the values of a dictionary, another type as it is."""
    from pyarrow import types

    if types.is_dictionary(kind):
        return kind.value_type
    return kind


def _is_number(kind):
    from pyarrow import types

    return types.is_integer(kind) or types.is_floating(kind)


def version_of(info: Any) -> tuple:
    """Returns what changes with a file, of its pyarrow.fs.FileInfo."""
    return (info.size, info.mtime_ns)


def refuse_changed(filesystem: Any, part: TablePart) -> None:
    """Raises LoadError if the file of a part is another one than the one that was found."""
    if not part.version:
        return
    try:
        info = filesystem.get_file_info(part.file)
    except OSError as error:
        raise unreadable(part.file, "the part that it was", error) from error
    if version_of(info) != part.version:
        raise LoadError(
            f"{part.file!r} was written or removed while it is read",
            expected="files that stay as they are until the command ends",
            fix="give the command again: it reads the files as they are then",
        )


def unreadable(file: str, name: str, error: Exception) -> LoadError:
    """Returns the error of a file that is not what its name promises."""
    return LoadError(
        f"{file!r} cannot be read as {name}: {shorten(str(error), 200)}",
        expected=f"a file of {name} that stays as it is while it is read",
        fix="write it again, and leave other files out of the folder",
    )
