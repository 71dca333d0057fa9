"""CSV files: their encoding, their separator, their rows."""

import codecs
import csv
import gzip
import zlib

from ..device.cells import shorten
from ..device.csv_rows import SEPARATORS, lines_of, named_separator, rows_of, without_separator_line
from ..errors import LoadError
from .csv_text import open_text, refuse_twice, with_rows
from .limits import MAX_TABLE_BYTES, UnpackedTooLarge, check_cells, open_unpacked

# What a file is read as where it is not UTF-8 and has no mark: the Western code page of Windows,
# which holds Latin-1.
OTHER_ENCODING = "cp1252"
SNIFF_CHARACTERS = 65_536


def read_csv(path, reading):
    names = None
    columns = []
    size = 0
    quoting = reading.quoting()
    with open_text(path, reading.encoding) as file:
        lines = without_separator_line(lines_of(file))
        rows = rows_of(lines, reading.separator, quoting=quoting)
        for place, row in enumerate(_guarded(rows, path)):
            if isinstance(row, Exception):
                raise LoadError(
                    f"{path.name!r} cannot be read as CSV with separator {reading.separator!r} and "
                    f"encoding {reading.encoding}, after row {place - 1}: {shorten(str(row), 200)}",
                    expected="cells with matching quotes, in one encoding",
                    fix="fix that row, give --read separator=... and --read encoding=..., or "
                    "--read quotes=none if quotes are characters as any other",
                ) from row
            if names is None:
                names = row
                refuse_twice(names)
                columns = [[] for _ in names]
                continue
            if len(row) != len(names):
                raise LoadError(
                    f"{path.name!r}, row {place - 1}: {len(row)} cells, "
                    f"the header has {len(names)}",
                    expected="as many cells in every row as in the header",
                    fix="fix that row, or give --read separator=... and --read encoding=...",
                )
            check_cells(place, len(names), path.name)
            size += sum(map(len, row))
            if size > MAX_TABLE_BYTES:
                raise LoadError(
                    f"{path.name!r} unpacks to more than {MAX_TABLE_BYTES:,} characters",
                    expected="a table that fits into memory",
                    fix="take fewer rows or columns",
                )
            for column, cell in zip(columns, row, strict=True):
                column.append(cell)
    return with_rows(dict(zip(names or [], columns, strict=True)))


def _guarded(rows, path):
    try:
        yield from rows
    except UnpackedTooLarge as error:
        raise LoadError(
            str(error), expected="a table that fits into memory", fix="take fewer rows or columns"
        ) from error
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise LoadError(
            f"{path.name!r} is not a whole gzip file: {error}",
            expected="gzip, as the name ends",
            fix="compress it again, or rename it to .csv",
        ) from error


def find_encoding(path):
    decoder = codecs.getincrementaldecoder("utf-8")()
    start = b""
    null = False
    with open_unpacked(path, MAX_TABLE_BYTES) as file:
        try:
            for block in _guarded(iter(lambda: file.read(2**20), b""), path):
                start = start or block[:4]
                if start.startswith((b"\xff\xfe", b"\xfe\xff")):
                    return "utf-16"
                null = null or b"\0" in block
                is_plain = block.isascii() and not decoder.getstate()[0]
                if not is_plain:
                    decoder.decode(block)
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            return OTHER_ENCODING
    if null:
        raise LoadError(
            f"{path.name!r} holds null bytes: it is not text",
            expected="CSV text",
            fix="write it as CSV, or give --read encoding=utf-16-le for UTF-16 without a mark",
        )
    return "utf-8"


def find_separator(path, encoding):
    """Returns the separator of a CSV file, see `separator_of`."""
    with open_text(path, encoding) as file:
        try:
            text = file.read(SNIFF_CHARACTERS)
        except UnicodeError:
            return ","
    return separator_of(text)


def separator_of(text: str) -> str:
    """Returns the separator that the first line names; else the candidate that parts most of the
    first rows into as many cells as the header, and into most.

    Args:
        text: The first lines of a file.
    """
    lines = text.splitlines(keepends=True)
    if lines:
        named = named_separator(lines[0])
    else:
        named = ""
    if named:
        return named
    if len(lines) < 3:
        lines = lines[:20]
    else:
        lines = lines[: min(20, len(lines) - 1)]

    def fitness(separator):
        widths = []
        for row in csv.reader(lines, delimiter=separator):
            widths.append(len(row))
        if widths and widths[0] > 1:
            return (sum(width == widths[0] for width in widths), widths[0])
        return (0, 0)

    try:
        return max(SEPARATORS, key=fitness)
    except csv.Error:  # a cell too large to sniff
        return max(SEPARATORS, key=lines[0].count)
