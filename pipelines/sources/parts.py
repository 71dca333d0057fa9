"""A table in parts: one file of Parquet, CSV, JSON lines or TFRecord, a folder, hive partitions
(`year=2024/`), on this machine or behind a URL that fsspec knows (`s3://`, `gs://`, `memory://`).

Of Parquet nothing but names, sizes and footers is read until a part is asked for; text is read
once, to know its rows.
"""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from ..device.cells import shorten
from ..errors import LoadError
from .csv_parts import SNIFF_BYTES, csv_format
from .csv_text import refuse_twice
from .jsonl_parts import JsonLinesFormat
from .parquet_parts import ParquetFormat
from .part_format import FoundFile, PartFormat, ReadColumns, TablePart, is_text
from .record_parts import RecordsFormat, is_of_tfds, is_records, read_labels
from .text_parts import first_bytes

PARQUET = (".parquet", ".pq")
CSV = (".csv", ".csv.gz")
JSON_LINES = (".jsonl", ".ndjson")
RECORDS = (".tfrecord",)
ENDINGS = (*PARQUET, *CSV, *JSON_LINES)
_NO_VALUE = "__HIVE_DEFAULT_PARTITION__"
_CELL_BYTES = 8  # of a number as float64, of a text as a pointer
# Of text, which has to be read to know its rows: what a look has shown.
_MAX_KNOWN = 10_000
_known_files: dict[tuple, FoundFile] = {}


@dataclass(frozen=True, eq=False)
class TableParts:
    """A table that is read part by part.

    Attributes:
        name: Of the source, for whoever reads.
        filesystem: Of pyarrow.
        parts: In the order of their paths.
        schema: Of the columns in the files, of pyarrow.
        identity: sha256 of the names, the sizes, the times and the footers of the files.
        format: Of the files.
        text_bytes: How many bytes of text the files hold, 0 of Parquet.
    """

    name: str
    filesystem: Any
    parts: tuple[TablePart, ...]
    schema: Any
    identity: str
    format: PartFormat = ParquetFormat()
    text_bytes: int = 0

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
        """About how many bytes the columns would take as arrays; of text, how many it has."""
        if self.text_bytes:
            return self.text_bytes
        return self.num_rows * len(self.names) * _CELL_BYTES

    def batches(self, place: int, columns: Sequence[str]) -> Iterator[Any]:
        """Reads a part as pyarrow.RecordBatch of some of the columns in its file.

        Args:
            place: Of the part.
            columns: Their names; those of hive partitions are left out.

        Raises:
            LoadError: The file is gone or damaged.
        """
        wanted = set(columns)
        names = tuple(name for name in self.schema.names if name in wanted)
        part = self.parts[place]
        yield from self.format.batches(self.filesystem, part, ReadColumns(self.schema, names))


def is_in_parts(source: str) -> bool:
    """Tests whether a source is a URL, a folder, or one file that can be read part by part."""
    if "://" in source:
        return True
    is_file = is_one_file(source) or (is_records(source) and _local(source).is_file())
    return is_file or _local(source).is_dir()


def is_one_file(source: str) -> bool:
    """Tests whether a source is one file on this machine that can be read part by part, and as a
    whole.
    """
    return source.lower().endswith(ENDINGS) and _local(source).is_file()


def text_bytes(source: str) -> int | None:
    """Returns how many bytes a source has that is one file of text; None of any other."""
    if not is_one_file(source) or source.lower().endswith(PARQUET):
        return None
    return _local(source).stat().st_size


def _local(source):
    """Returns the path of a local source; bundled data are found from any folder."""
    path = Path(source)
    if path.exists():
        return path
    bundled = Path(__file__).parents[2] / source
    if bundled.exists():
        return bundled
    return path


def find_parts(source: str, *, separator: str = "", encoding: str = "") -> TableParts:
    """Finds the parts of a table.

    Args:
        source: Path or URL of a file or a folder.
        separator: Of the cells of CSV; empty: found.
        encoding: Of text; empty: UTF-8.

    Raises:
        LoadError: There is nothing that can be read as one table.
    """
    filesystem, path = _filesystem_of(source)
    try:
        files = _files_below(filesystem, path)
    except (OSError, ValueError) as error:
        raise LoadError(
            f"{shorten(source, 120)} cannot be listed: {shorten(str(error), 200)}",
            expected="a file of Parquet, CSV, JSON lines or TFRecord, a folder of them, or a URL",
            fix="check the path, and the rights to read it",
        ) from error
    labels = ()
    if any(is_records(each.path) for each in files):
        notes = [each for each in files if is_of_tfds(each.base_name)]
        labels = read_labels(filesystem, [each.path for each in notes])
        files = [each for each in files if each not in notes]
    _refuse_other_files(source, files)
    form = _format_of(filesystem, files[0], separator, encoding)
    if labels:
        form = RecordsFormat(labels)
    found = _Found(form)
    for info in files:
        found.add(filesystem, info, _folders_of(info.path, path))
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


def _kind_of(path):
    """Returns the endings that a file shares with others of its kind, None of another file."""
    for kind in (PARQUET, CSV, JSON_LINES):
        if path.lower().endswith(kind):
            return kind
    if is_records(path):
        return RECORDS
    return None


def _refuse_other_files(source, files):
    """Raises LoadError where there is no file of rows, or one of another kind."""
    kind = _kind_of(files[0].path) if files else None
    others = [each.path for each in files if _kind_of(each.path) != kind or kind is None]
    if files and not others:
        return
    received = f"no file below {shorten(source, 120)}"
    if others:
        received = f"{shorten(source, 120)} holds {others[0]!r}, and {len(others):,} such files"
    raise LoadError(
        received,
        expected="files of one kind, that end in .parquet, .csv, .csv.gz, .jsonl or .tfrecord",
        fix="name the folder of the parts, and write other tables as Parquet first",
    )


def _format_of(filesystem, info, separator, encoding):
    """Returns the format of files like one. Raises LoadError for text in another encoding."""
    kind = _kind_of(info.path)
    if kind == PARQUET:
        return ParquetFormat()
    if kind == RECORDS:
        return RecordsFormat()
    if encoding.lower().replace("_", "-") not in ("", "utf-8", "utf8", "utf-8-sig", "ascii"):
        raise LoadError(
            f"text in the encoding {encoding!r}, which is read part by part",
            expected="UTF-8",
            fix="write it as UTF-8, or --set load.memory.way=whole",
        )
    if kind == JSON_LINES:
        return JsonLinesFormat()
    return csv_format(first_bytes(filesystem, info.path, SNIFF_BYTES), separator)


def _look(filesystem, info, form):
    """Returns what a look through a file shows; of a file of text that has not changed, what an
    earlier one did.
    """
    if form == ParquetFormat() or info.mtime_ns is None:
        return form.find(filesystem, info)
    key = (form, filesystem.type_name, info.path, info.size, info.mtime_ns)
    if key not in _known_files:
        if len(_known_files) >= _MAX_KNOWN:
            _known_files.clear()
        _known_files[key] = form.find(filesystem, info)
    return _known_files[key]


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

    def __init__(self, form: PartFormat):
        self._format = form
        self._parts: list[TablePart] = []
        self._schema: Any = None
        self._first_file = ""
        self._digest = hashlib.sha256()
        self._num_rows = 0
        self._text_bytes = 0

    def add(self, filesystem, info, folders):
        """Adds the parts of a file. Raises LoadError if it has other columns."""
        found = _look(filesystem, info, self._format)
        schema = found.schema
        if schema is None:
            return  # an empty file of JSON lines
        if self._schema is None:
            self._schema = schema
            self._first_file = info.path
            refuse_twice([*schema.names, *[name for name, _ in folders]])
        elif self._format.may_lack_columns:
            self._schema = self._format.joined(self._schema, schema)
        else:
            self._same_columns(info.path, schema, folders)
        for part in found.parts:
            moved = replace(part, first_row=self._num_rows, folders=folders)
            self._num_rows += part.num_rows
            if part.num_rows:
                self._parts.append(moved)
        self._text_bytes += found.num_bytes
        mark = (info.base_name, folders, info.size, info.mtime_ns, found.mark)
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

    def table(self, name, filesystem) -> TableParts:
        """Returns what was found. Raises LoadError if there is no row."""
        if not self._parts:
            raise LoadError(
                f"{name!r} has no row in {self._first_file!r}, nor in another file",
                expected="rows",
                fix="check how the files were written",
            )
        identity = self._digest.hexdigest()
        parts = tuple(self._parts)
        return TableParts(
            name,
            filesystem,
            parts,
            self._schema,
            identity,
            self._format,
            self._text_bytes,
        )


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
