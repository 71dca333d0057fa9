"""A table in parts: one file of Parquet, CSV, JSON lines or TFRecord, a folder, hive partitions
(`year=2024/`), on this machine or behind a URL that fsspec knows (`s3://`, `gs://`, `memory://`).

Of Parquet nothing but names, sizes and footers is read until a part is asked for; text is read
once, to know its rows.
"""

import hashlib
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ..device.cells import shorten
from ..device.visible import and_more
from ..errors import LoadError
from .csv_parts import SNIFF_BYTES, csv_format
from .csv_text import refuse_twice
from .jsonl_parts import JsonLinesFormat
from .parquet_parts import ParquetFormat
from .part_files import (
    ENDINGS,
    JSON_LINES,
    PARQUET,
    RECORDS,
    files_below,
    filesystem_of,
    kind_of,
    local_path,
    partition_of,
    refuse_other_files,
)
from .part_format import (
    OR_AS_A_WHOLE,
    FoundFile,
    PartFormat,
    ReadColumns,
    TablePart,
    are_alike,
    refuse_changed,
    version_of,
)
from .record_parts import RecordsFormat, is_of_tfds, is_records, read_labels
from .text_parts import first_bytes

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
        refuse_changed(self.filesystem, part)
        yield from self.format.batches(self.filesystem, part, ReadColumns(self.schema, names))


def is_in_parts(source: str) -> bool:
    """Tests whether a source is a URL, a folder, or one file that can be read part by part."""
    if "://" in source:
        return True
    is_file = is_one_file(source) or (is_records(source) and _is_file(source))
    return is_file or os.path.isdir(local_path(source))


def is_one_file(source: str) -> bool:
    """Tests whether a source is one file on this machine that can be read part by part, and as a
    whole.
    """
    return source.lower().endswith(ENDINGS) and _is_file(source)


def _is_file(source):
    return os.path.isfile(local_path(source))


def text_bytes(source: str) -> int | None:
    """Returns how many bytes a source has that is one file of text; None of any other."""
    if not is_one_file(source) or source.lower().endswith(PARQUET):
        return None
    return local_path(source).stat().st_size


def find_parts(source: str, *, separator: str = "", encoding: str = "") -> TableParts:
    """Finds the parts of a table.

    Args:
        source: Path or URL of a file or a folder.
        separator: Of the cells of CSV; empty: found.
        encoding: Of text; empty: UTF-8.

    Raises:
        LoadError: There is nothing that can be read as one table.
    """
    filesystem, path = filesystem_of(source)
    try:
        files = files_below(filesystem, path)
    except (OSError, ValueError) as error:
        raise _unlisted(source, error) from error
    labels = ()
    if any(is_records(each.path) for each in files):
        notes = [each for each in files if is_of_tfds(each.base_name)]
        labels = read_labels(filesystem, [each.path for each in notes])
        files = [each for each in files if each not in notes]
    refuse_other_files(source, files)
    form = _format_of(filesystem, files[0], separator, encoding)
    if labels:
        form = RecordsFormat(labels)
    found = _Found(form)
    for info in files:
        found.add(filesystem, info, partition_of(info.path, path))
    name = Path(path).name or source
    return found.table(name, filesystem)


def _unlisted(source, error):
    """Returns the error of a source that shows no files."""
    received = f"{shorten(source, 120)} cannot be listed: {shorten(str(error), 200)}"
    if isinstance(error, FileNotFoundError):
        received = f"nothing at {shorten(source, 120)}"
    return LoadError(
        received,
        expected="a file of Parquet, CSV, JSON lines or TFRecord, a folder of them, or a URL",
        fix="check the path, and the rights to read it",
    )


def _format_of(filesystem, info, separator, encoding):
    """Returns the format of files like one. Raises LoadError for text in another encoding."""
    kind = kind_of(info.path)
    if kind == PARQUET:
        return ParquetFormat()
    if kind == RECORDS:
        return RecordsFormat()
    if encoding.lower().replace("_", "-") not in ("", "utf-8", "utf8", "utf-8-sig", "ascii"):
        raise LoadError(
            f"text in the encoding {encoding!r}, which is read part by part",
            expected="UTF-8",
            fix=f"write it as UTF-8{OR_AS_A_WHOLE}",
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


class _Found:
    """The files of a table, one after the other."""

    def __init__(self, form: PartFormat):
        self._format = form
        self._parts: list[TablePart] = []
        self._schema: Any = None
        self._first_file = ""
        self._folder_names: set[str] = set()
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
            self._folder_names = {name for name, _ in folders}
            refuse_twice([*schema.names, *[name for name, _ in folders]])
        elif self._format.may_lack_columns:
            self._schema = self._format.joined(self._schema, schema)
        else:
            self._refuse_other_columns(info.path, schema)
        self._refuse_other_folders(info.path, schema, folders)
        for part in found.parts:
            moved = replace(
                part,
                first_row=self._num_rows,
                folders=folders,
                version=version_of(info),
            )
            self._num_rows += part.num_rows
            if part.num_rows:
                self._parts.append(moved)
        self._text_bytes += found.num_bytes
        mark = (info.base_name, folders, info.size, info.mtime_ns, found.mark)
        self._digest.update(repr(mark).encode())

    def _refuse_other_folders(self, file, schema, folders):
        """Raises LoadError where a file lies in another hive partition than those before it."""
        given = {name for name, _ in folders}
        lacking = given ^ self._folder_names
        if lacking:
            raise LoadError(
                f"the folders of {file!r} name the columns {_listed(given)}, those of "
                f"{self._first_file!r} {_listed(self._folder_names)}",
                expected="the same names in every path, such as year=2024/month=1/",
                fix="move the file into a folder like the others, or out of the table",
            )
        twice = given & set(schema.names)
        if twice:
            refuse_twice([min(twice), min(twice)])

    def _refuse_other_columns(self, file, schema):
        """Raises LoadError where a file has other columns than the first one, or others of the same
        name.
        """
        lacking = set(self._schema.names) ^ set(schema.names)
        differences = []
        for name in sorted(lacking):
            where = file if name in self._schema.names else self._first_file
            differences.append(f"{shorten(name)} is not in {where!r}")
        for field in self._schema:
            if field.name in lacking:
                continue
            other = schema.field(field.name).type
            if not are_alike(field.type, other):
                differences.append(f"{shorten(field.name)} is {field.type} and {other}")
        if differences:
            more = and_more(len(differences) - 1, "difference")
            raise LoadError(
                f"{self._first_file!r} and {file!r} have other columns: {differences[0]}{more}",
                expected="the same columns of the same types in every file",
                fix="write the parts anew with one schema, or take the file out of the table",
            )

    def table(self, name, filesystem) -> TableParts:
        """Returns what was found. Raises LoadError if there is no row."""
        if not self._parts:
            raise LoadError(
                f"no row in any file of {name!r}",
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


def _listed(names):
    return ", ".join(map(shorten, sorted(names))) or "none"


def with_parts(parts: TableParts, places: Sequence[int]) -> TableParts:
    """Returns the table of other parts, in another order, whose rows keep their places."""
    return replace(parts, parts=tuple(parts.parts[place] for place in places))
