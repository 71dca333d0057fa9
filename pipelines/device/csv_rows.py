"""CSV text to rows, one reading for training and devices: Python's csv module, strict.

A quote that never closes, or that closes in the middle of a cell, is an error and not a cell that
has swallowed the rows after it.
"""

import csv
import re
from collections.abc import Iterable, Iterator
from typing import TextIO

SEPARATORS = ",;\t|"
# What Excel writes as a first line, and reads, to name the separator.
_NAMED_SEPARATOR = re.compile(r'sep=([^"\r\n])[\r\n]*', re.IGNORECASE)
MAX_CSV_CELL = 16 * 2**20
# Of a line, and of the separators in a row, which in quotes are text: memory is taken for each
# before a row is seen.
MAX_CSV_LINE = 64 * 2**20
MAX_ROW_SEPARATORS = 16 * 2**20


def lines_of(file: TextIO) -> Iterator[str]:
    """Yields the lines of a text file. Raises csv.Error for one longer than MAX_CSV_LINE."""
    while line := file.readline(MAX_CSV_LINE + 1):
        if len(line) > MAX_CSV_LINE:
            raise csv.Error(f"a line of more than {MAX_CSV_LINE:,} characters")
        yield line


def rows_of(
    lines: Iterable[str], separator: str = ",", *, quoting: int = csv.QUOTE_MINIMAL
) -> Iterator[list[str] | csv.Error | UnicodeError]:
    """Yields the cells of each row, the header's first (see `_names`).

    Blank lines are passed over unless the header has one cell. After something that is not CSV or
    not text comes that error, and nothing more: where the next row would begin is not known.

    Args:
        lines: Of the file.
        separator: Of cells.
        quoting: csv.QUOTE_NONE if a quote is a character as any other.
    """
    before = csv.field_size_limit(MAX_CSV_CELL)
    try:
        counted = _Counted(lines, separator)
        reader = csv.reader(counted, delimiter=separator, strict=True, quoting=quoting)
        width = 0
        while True:
            try:
                csv.field_size_limit(MAX_CSV_CELL)  # process-wide, and the caller may have its own
                counted.separators = 0
                row = next(reader)
            except StopIteration:
                return
            except (csv.Error, UnicodeError) as error:
                yield error
                return
            if not width:
                row = _names(row)
                width = len(row)
            if row or width == 1:
                yield row or [""]
    finally:
        csv.field_size_limit(before)


def _names(header):
    """Returns the names of columns: of several without one, those that pandas gives them."""
    names = [name.strip() for name in header]
    if names.count("") < 2:
        return names
    return [name or f"Unnamed: {place}" for place, name in enumerate(names)]


class _Counted:
    """Lines, of which those of one row hold at most MAX_ROW_SEPARATORS separators."""

    def __init__(self, lines, separator):
        self._lines = iter(lines)
        self._separator = separator
        self.separators = 0

    def __iter__(self):
        return self

    def __next__(self):
        line = next(self._lines)
        self.separators += line.count(self._separator)
        if self.separators > MAX_ROW_SEPARATORS:
            raise csv.Error(f"a row of more than {MAX_ROW_SEPARATORS:,} cells")
        return line


def named_separator(line: str) -> str:
    """Returns the separator that a first line names, as `sep=;` does; "" if it is a header."""
    found = _NAMED_SEPARATOR.fullmatch(line)
    if found:
        return found.group(1)
    return ""


def without_separator_line(lines: Iterable[str]) -> Iterator[str]:
    """Yields the lines of a file without a first one that names the separator."""
    lines = iter(lines)
    for line in lines:
        if not named_separator(line):
            yield line
        break
    yield from lines
