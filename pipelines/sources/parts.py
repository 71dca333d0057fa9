"""A table in parts: one Parquet file, a folder of them, hive partitions (`year=2024/`), on this
machine or behind a URL that fsspec knows (`s3://`, `gs://`, `memory://`).

Nothing but names, sizes and footers is read until a part is asked for.
"""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from ..device.cells import shorten
from ..errors import LoadError
from .csv_text import refuse_twice

CHUNK_ROWS = 65_536
PARQUET = (".parquet", ".pq")
_NO_VALUE = "__HIVE_DEFAULT_PARTITION__"
_PAGE_BYTES = 2**20
_CELL_BYTES = 8  # of a number as float64, of a text as a pointer


@dataclass(frozen=True)
class TablePart:
    """A piece of a table that is read by itself.

    Attributes:
        file: Its path on the filesystem of the table.
        row_group: Its place in the file.
        first_row: The place of its first row in the table.
        num_rows: How many it has.
        folders: Column → value, of the hive partition that it lies in.
    """

    file: str
    row_group: int
    first_row: int
    num_rows: int
    folders: tuple[tuple[str, str | None], ...]


@dataclass(frozen=True, eq=False)
class TableParts:
    """A table that is read part by part.

    Attributes:
        name: Of the source, for whoever reads.
        filesystem: Of pyarrow.
        parts: In the order of their paths.
        schema: Of the columns in the files, of pyarrow.
        identity: sha256 of the names, the sizes, the times and the footers of the files.
    """

    name: str
    filesystem: Any
    parts: tuple[TablePart, ...]
    schema: Any
    identity: str

    @property
    def names(self) -> tuple[str, ...]:
        """The columns, those of hive partitions last."""
        folders = [name for name, _ in self.parts[0].folders]
        return (*self.schema.names, *folders)

    @property
    def num_rows(self) -> int:
        """How many rows there are."""
        return sum(part.num_rows for part in self.parts)

    @property
    def num_files(self) -> int:
        """How many files there are."""
        return len({part.file for part in self.parts})

    @property
    def num_bytes(self) -> int:
        """About how many bytes the columns would take as arrays."""
        return self.num_rows * len(self.names) * _CELL_BYTES

    def batches(
        self, place: int, columns: Sequence[str], chunk_rows: int = CHUNK_ROWS
    ) -> Iterator[Any]:
        """Reads a part as pyarrow.RecordBatch of some of the columns in its file.

        Args:
            place: Of the part.
            columns: Their names; those of hive partitions are left out.
            chunk_rows: Rows of a batch, at most.

        Raises:
            LoadError: The file is gone or damaged.
        """
        import pyarrow as pa

        part = self.parts[place]
        wanted = [name for name in self.schema.names if name in set(columns)]
        try:
            with self.filesystem.open_input_file(part.file) as opened:
                file = _open_parquet(opened, self.schema)
                yield from file.iter_batches(
                    chunk_rows, row_groups=[part.row_group], columns=wanted, use_threads=False
                )
        except (pa.ArrowException, OSError) as error:
            raise _unreadable(part.file, error) from error


def _open_parquet(opened, schema):
    """Opens a file so that its pages are read one by one, and texts stay in their dictionaries."""
    import pyarrow.parquet

    texts = [field.name for field in schema if is_text(field.type)]
    return pyarrow.parquet.ParquetFile(
        opened, read_dictionary=texts, buffer_size=_PAGE_BYTES, pre_buffer=False
    )


def is_text(kind: Any) -> bool:
    """Tests whether a type of pyarrow is text."""
    import pyarrow

    return pyarrow.types.is_string(kind) or pyarrow.types.is_large_string(kind)


def _unreadable(file, error):
    return LoadError(
        f"{file!r} cannot be read as Parquet: {shorten(str(error), 200)}",
        expected="a Parquet file that stays as it is while it is read",
        fix="write it again, and leave other files out of the folder",
    )


def is_in_parts(source: str) -> bool:
    """Tests whether a source is a URL, a folder, or one Parquet file."""
    if "://" in source:
        return True
    return is_one_file(source) or _local(source).is_dir()


def is_one_file(source: str) -> bool:
    """Tests whether a source is one Parquet file on this machine."""
    return source.lower().endswith(PARQUET) and _local(source).is_file()


def _local(source):
    """Returns the path of a local source; bundled data are found from any folder."""
    path = Path(source)
    if path.exists():
        return path
    bundled = Path(__file__).parents[2] / source
    if bundled.exists():
        return bundled
    return path


def find_parts(source: str) -> TableParts:
    """Finds the parts of a table.

    Args:
        source: Path or URL of a file or a folder.

    Raises:
        LoadError: There is nothing that can be read as one table.
    """
    import pyarrow as pa

    filesystem, path = _filesystem_of(source)
    try:
        files = _files_below(filesystem, path)
    except (OSError, ValueError) as error:
        raise LoadError(
            f"{shorten(source, 120)} cannot be listed: {shorten(str(error), 200)}",
            expected="a Parquet file, a folder of them, or a URL of one",
            fix="check the path, and the rights to read it",
        ) from error
    _refuse_other_files(source, files)
    found = _Found()
    for info in files:
        try:
            found.add(filesystem, info, _folders_of(info.path, path))
        except (pa.ArrowException, OSError) as error:
            raise _unreadable(info.path, error) from error
    name = Path(path).name or source
    return found.table(name, filesystem)


def _filesystem_of(source):
    """Returns the filesystem of a source, of pyarrow, and the path on it."""
    from pyarrow.fs import FSSpecHandler, LocalFileSystem, PyFileSystem

    if "://" not in source:
        return LocalFileSystem(), str(_local(source))
    import fsspec

    try:
        filesystem, path = fsspec.core.url_to_fs(source)
    except (ImportError, ValueError) as error:
        raise LoadError(
            f"{shorten(source, 120)}: {shorten(str(error), 200)}",
            expected="a URL that fsspec can open",
            fix="pip install s3fs for s3://, gcsfs for gs://, adlfs for az://",
        ) from error
    return PyFileSystem(FSSpecHandler(filesystem)), path


def _files_below(filesystem, path):
    """Returns the files of a table in the order of their paths."""
    from pyarrow.fs import FileSelector, FileType

    info = filesystem.get_file_info(path)
    if info.type == FileType.File:
        return [info]
    found = []
    for each in filesystem.get_file_info(FileSelector(path, recursive=True)):
        # What Spark and others write next to the parts begins so.
        is_mark = each.base_name.startswith(("_", "."))
        if each.type == FileType.File and not is_mark:
            found.append(each)
    return sorted(found, key=lambda each: each.path)


def _refuse_other_files(source, files):
    """Raises LoadError where there is no Parquet file, or another one."""
    others = [each.path for each in files if not each.path.lower().endswith(PARQUET)]
    if files and not others:
        return
    received = f"no file below {shorten(source, 120)}"
    if others:
        received = f"{shorten(source, 120)} holds {others[0]!r}, and {len(others):,} such files"
    raise LoadError(
        received,
        expected="Parquet files, whose names end in .parquet",
        fix="name the folder of the parts, and write other tables as Parquet first",
    )


def _folders_of(file, root):
    """Returns the pairs of a hive partition that a file lies in."""
    inside = file[len(root) :].strip("/").split("/")
    pairs = []
    for folder in inside[:-1]:
        name, mark, value = folder.partition("=")
        if mark:
            text = unquote(value)
            pairs.append((unquote(name), None if text == _NO_VALUE else text))
    return tuple(pairs)


class _Found:
    """The files of a table, one after the other."""

    def __init__(self):
        self._parts: list[TablePart] = []
        self._schema: Any = None
        self._first_file = ""
        self._digest = hashlib.sha256()
        self._num_rows = 0

    def add(self, filesystem, info, folders):
        """Adds the row groups of a file. Raises LoadError if it has other columns."""
        import pyarrow.parquet

        with filesystem.open_input_file(info.path) as opened:
            file = pyarrow.parquet.ParquetFile(opened)
            metadata = file.metadata
            schema = file.schema_arrow
        if self._schema is None:
            self._schema = schema
            self._first_file = info.path
            refuse_twice([*schema.names, *[name for name, _ in folders]])
        else:
            schema = self._same_columns(info.path, schema, folders)
        for place in range(metadata.num_row_groups):
            num_rows = metadata.row_group(place).num_rows
            part = TablePart(info.path, place, self._num_rows, num_rows, folders)
            self._num_rows += num_rows
            if num_rows:
                self._parts.append(part)
        mark = (info.base_name, folders, info.size, info.mtime_ns, metadata.to_dict())
        self._digest.update(repr(mark).encode())

    def _same_columns(self, file, schema, folders):
        given = {name for name, _ in folders}
        known = {name for name, _ in self._parts[0].folders} if self._parts else given
        lacking = set(self._schema.names) ^ set(schema.names) | given ^ known
        for name in self._schema.names:
            if name in schema.names and not _alike(
                schema.field(name).type, self._schema.field(name).type
            ):
                lacking.add(name)
        if lacking:
            raise LoadError(
                f"the column {shorten(min(lacking))} of {file!r} is another one, or there is none, "
                f"in {self._first_file!r}",
                expected="the same columns of the same types in every file",
                fix="write the parts anew with one schema",
            )
        return schema

    def table(self, name, filesystem) -> TableParts:
        """Returns what was found. Raises LoadError if there is no row."""
        if not self._parts:
            raise LoadError(
                f"{name!r} has no row in {self._first_file!r}, nor in another file",
                expected="rows",
                fix="check how the files were written",
            )
        identity = self._digest.hexdigest()
        return TableParts(name, filesystem, tuple(self._parts), self._schema, identity)


def _alike(one, other):
    """Tests whether two types of pyarrow are read alike: a column of empty cells has no type."""
    from pyarrow import types

    if one == other or types.is_null(one) or types.is_null(other):
        return True
    if is_text(one) and is_text(other):
        return True
    return _is_number(one) and _is_number(other)


def _is_number(kind):
    from pyarrow import types

    return types.is_integer(kind) or types.is_floating(kind)


def with_parts(parts: TableParts, places: Sequence[int]) -> TableParts:
    """Returns the table of other parts, in another order, whose rows keep their places."""
    return replace(parts, parts=tuple(parts.parts[place] for place in places))
