"""CSV files by pyarrow's reader, where it provably reads the same cells as the strict one.

`device.csv_rows` stays the definition. A look through the bytes decides: UTF-8 without null bytes,
lines that end in \\n or \\r\\n, and every quote at the beginning or the end of a cell, or doubled
inside one. What is in doubt is not read here, nor is what pyarrow refuses, such as a ragged row:
the strict reader reads it, or states what is wrong with which row.
"""

import csv
import gzip
import io
import zlib
from collections.abc import Iterator, Sequence, Set
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, TextIO

import numpy as np

from ..device.csv_rows import lines_of, rows_of, without_separator_line
from ..device.packed import PackedCells
from .arrow_cells import packed_cells
from .csv_text import open_text, refuse_twice
from .limits import MAX_CELLS, MAX_TABLE_BYTES, UnpackedTooLarge, open_unpacked

_BLOCK = 4 * 2**20
# In a file of fewer rows it does not pay to look which columns hold few texts before it is read:
# in its first bytes at most so many, each several times.
_NUM_SAMPLED_FIRST = 20_000
_SAMPLED_BYTES = 2**18
_FEW_TEXTS = 100
_FEW_TIMES = 5
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_QUOTE = ord('"')
_NEWLINE = ord("\n")
_RETURN = ord("\r")
# What the strict reader meets too, and states the place of.
DAMAGED = (UnpackedTooLarge, EOFError, zlib.error, gzip.BadGzipFile, UnicodeError, csv.Error)


@dataclass
class CsvScan:
    """What the bytes after the header show.

    Attributes:
        num_lines: How many lines there are, at least.
        num_quotes: How many quotes there are.
        has_long_cells: Whether a quoted cell holds an end of line.
        has_returns: Whether lines end in \\r\\n.
        is_ascii: Whether all characters are ASCII, so that they are UTF-8.
    """

    num_lines: int = 1
    num_quotes: int = 0
    has_long_cells: bool = False
    has_returns: bool = False
    is_ascii: bool = True


def read_fast(
    path: Path,
    separator: str,
    encoding: str,
) -> dict[str, PackedCells] | None:
    """Reads a CSV file by pyarrow.

    Args:
        path: Of the file.
        separator: Of cells.
        encoding: By its Python name.

    Returns:
        Column → cells; None if the strict reader has to read the file.

    Raises:
        LoadError: For names of columns that cannot be.
    """
    is_plain = is_plain_separator(separator)
    if encoding.lower() not in ("utf-8", "utf8") or not is_plain:
        return None
    try:
        names, start = _header(path, separator)
        if len(names) < 2:
            return None
        scan = _scan(path, start, separator)
    except DAMAGED:
        return None
    if scan is None or scan.num_lines * len(names) > MAX_CELLS:
        return None
    refuse_twice(names)
    return _read(path, start, names, separator, scan)


def is_plain_separator(separator: str) -> bool:
    """Tests whether a separator is one that pyarrow takes as the strict reader does."""
    return separator.isascii() and separator.isprintable() or separator == "\t"


def _header(
    path,
    separator,
):
    """Returns the names of columns, and the byte that the rows begin at."""
    with open_unpacked(path, MAX_TABLE_BYTES) as file:
        start = 0
        if file.read(3) == _BYTE_ORDER_MARK:
            start = 3
    with open_text(path, "utf-8") as file:
        names, num_bytes = header_names(file, separator)
    return names, start + num_bytes


def header_names(file: TextIO, separator: str) -> tuple[list[str], int]:
    """Returns the names of columns, and how many bytes of UTF-8 they take.

    Args:
        file: Text from its beginning, without a byte order mark.
        separator: Of cells.

    Raises:
        csv.Error, UnicodeError: It is no header.
    """
    lines = _Measured(lines_of(file))
    rows = rows_of(without_separator_line(lines), separator)
    names = next(rows, [])
    rows.close()
    if isinstance(names, Exception):
        raise names
    return names, lines.num_bytes


class _Measured:
    """Lines, and the bytes of those that were taken."""

    def __init__(
        self,
        lines: Iterator[str],
    ):
        self._lines = lines
        self.num_bytes = 0

    def __iter__(self):
        return self

    def __next__(self):
        line = next(self._lines)
        self.num_bytes += len(line.encode())
        return line


def _scan(
    path,
    start,
    separator,
):
    """Returns a CsvScan of the bytes from `start`, None if they are in doubt."""
    scan = CsvScan()
    before = b"\n"
    num_bytes = start
    with _open_at(path, start) as file:
        block = file.read(_BLOCK)
        if not block or block.startswith(_BYTE_ORDER_MARK):
            return None
        while block:
            after = file.read(_BLOCK)
            is_sure = scan_block(block, before, after[:1] or b"\n", separator.encode(), scan)
            num_bytes += len(block)
            if not is_sure or num_bytes > MAX_TABLE_BYTES:
                return None
            before = block[-1:]
            block = after
    if scan.num_quotes % 2 or (scan.has_long_cells and scan.has_returns):
        return None
    return scan


def _open_at(
    path,
    start,
) -> BinaryIO:
    file = open_unpacked(path, MAX_TABLE_BYTES)
    file.read(start)  # what is unpacked has no places to go to
    return file


def scan_block(
    block,
    before,
    after,
    separator,
    scan,
):
    """Adds what a block shows to a scan; returns whether it is beyond doubt.

    Args:
        block: The bytes.
        before: The byte before them.
        after: The byte after them; the end of the file is as good as an end of line.
        separator: Of cells, one byte.
        scan: Of the blocks before; is altered.
    """
    if b"\0" in block:
        return False
    if b"\r" in block:
        scan.has_returns = True
        num_returns = block.count(b"\r")
        num_pairs = (block + after).count(b"\r\n")
        if num_returns != num_pairs:
            return False
    scan.is_ascii &= block.isascii()
    scan.num_lines += block.count(b"\n")
    if b'"' not in block:
        in_quotes = scan.num_quotes % 2 == 1
        scan.has_long_cells |= in_quotes and b"\n" in block
        return True
    codes = np.frombuffer(before + block + after, np.uint8)
    return _scan_quotes(codes, ord(separator), scan)


def _scan_quotes(
    codes,
    separator,
    scan,
):
    """Adds the quotes of a block to a scan; returns whether each begins or ends a cell, or is
    doubled.

    Args:
        codes: uint8, the block with the byte before it and the byte after it.
        separator: The code of the separator.
        scan: Of the blocks before; is altered.
    """
    places = np.flatnonzero(codes[1:-1] == _QUOTE) + 1
    first = scan.num_quotes % 2
    opening = places[first::2]
    closing = places[1 - first :: 2]
    # A quote next to another one: the second closes nothing and opens nothing, it is doubled.
    begins = np.isin(codes[opening - 1], (separator, _NEWLINE, _QUOTE))
    ends = np.isin(codes[closing + 1], (separator, _NEWLINE, _RETURN, _QUOTE))
    if not (begins.all() and ends.all()):
        return False
    newlines = np.flatnonzero(codes[1:-1] == _NEWLINE) + 1
    num_before = np.searchsorted(places, newlines) + scan.num_quotes
    scan.has_long_cells |= bool((num_before % 2).any())
    scan.num_quotes += len(places)
    return True


def _read(
    path,
    start,
    names,
    separator,
    scan,
):
    """Returns column → cells of the bytes from `start`, None if pyarrow refuses them."""
    import pyarrow as pa

    try:
        repeated = _repeated_columns(path, start, names, separator, scan)
        with _open_at(path, start) as file:
            table = read_block(
                file, names, wanted=names, separator=separator, scan=scan, repeated=repeated
            )
    except pa.ArrowException:
        return None
    if not len(table):
        return None
    columns = {}
    for place, name in enumerate(names):
        columns[name] = packed_cells(table.column(place))
    return columns


def _repeated_columns(
    path,
    start,
    names,
    separator,
    scan,
):
    """Returns the columns whose first cells are few texts again and again.

    A fifth less time to read them as dictionaries than to find their texts afterwards. Where
    columns hold thousands of texts it is the other way round.
    """
    import pyarrow.compute as pc

    repeated: set[str] = set()
    if scan.num_lines < _NUM_SAMPLED_FIRST or scan.has_long_cells:
        return repeated
    with _open_at(path, start) as file:
        head = file.read(_SAMPLED_BYTES)
    lines, newline, _ = head.rpartition(b"\n")
    if not lines.strip():
        return repeated
    sample = read_block(
        io.BytesIO(lines + newline), names, wanted=names, separator=separator, scan=scan
    )
    for name in names:
        num_different = pc.count_distinct(sample.column(name)).as_py()
        if num_different <= min(_FEW_TEXTS, len(sample) // _FEW_TIMES):
            repeated.add(name)
    return repeated


def read_block(
    file: Any,
    names: Sequence[str],
    *,
    wanted: Sequence[str],
    separator: str,
    scan: CsvScan,
    repeated: Set[str] = frozenset(),
) -> Any:
    """Reads rows by pyarrow as text.

    Args:
        file: Of the bytes, which are beyond doubt.
        names: Of the columns.
        wanted: Those that are read, in the order of `names`.
        separator: Of cells.
        scan: Of the bytes.
        repeated: The columns that are read as dictionaries of their texts.

    Returns:
        A pyarrow.Table of strings, and of dictionaries of strings.

    Raises:
        pyarrow.ArrowException: For rows of another length, or no UTF-8.
    """
    from pyarrow import csv as arrow_csv

    options = _options(names, wanted=wanted, separator=separator, scan=scan, repeated=repeated)
    return arrow_csv.read_csv(file, **options).rename_columns(list(wanted))


def _options(
    names,
    *,
    wanted,
    separator,
    scan,
    repeated,
):
    """Returns the options of pyarrow's readers for what `read_block` takes."""
    import pyarrow as pa
    from pyarrow import csv as arrow_csv

    # Names of columns may be anything: their places serve.
    keys = {name: str(place) for place, name in enumerate(names)}
    types = dict.fromkeys(keys.values(), pa.string())
    for name in repeated:
        types[keys[name]] = pa.dictionary(pa.int32(), pa.string())
    quote = '"' if scan.num_quotes else False
    return {
        "read_options": arrow_csv.ReadOptions(column_names=list(types), block_size=_BLOCK),
        "parse_options": arrow_csv.ParseOptions(
            delimiter=separator, quote_char=quote, newlines_in_values=scan.has_long_cells
        ),
        "convert_options": arrow_csv.ConvertOptions(
            column_types=types,
            null_values=[],
            strings_can_be_null=False,
            include_columns=[keys[name] for name in wanted],
            check_utf8=not scan.is_ascii,
        ),
    }
