"""CSV text to rows, one reading for training and devices: Python's csv module, strict.

A quote that never closes, or that closes in the middle of a cell, is an error and not a cell that has swallowed the
rows after it.
"""

import csv
import re
from collections.abc import Iterable, Iterator

SEPARATORS = ",;\t|"
# What Excel writes as a first line, and reads, to name the separator.
_NAMED_SEPARATOR = re.compile(r'sep=([^"\r\n])[\r\n]*', re.IGNORECASE)
MAX_CSV_CELL = 16 * 2**20


def rows_of(lines: Iterable[str], separator: str = ",") -> Iterator[list[str] | csv.Error | UnicodeError]:
    """The cells of each row, the header's first; blank lines are passed over unless the header has one cell.

    After something that is not CSV or not text comes that error, and nothing more: where the next row would begin
    is not known.
    """
    before = csv.field_size_limit(MAX_CSV_CELL)
    try:
        reader, width = csv.reader(lines, delimiter=separator, strict=True), 0
        while True:
            try:
                csv.field_size_limit(MAX_CSV_CELL)  # process-wide, and the caller may have its own
                row = next(reader)
            except StopIteration:
                return
            except (csv.Error, UnicodeError) as error:
                yield error
                return
            if not width:
                row = [name.strip() for name in row]
                width = len(row)
            if row or width == 1:
                yield row or [""]
    finally:
        csv.field_size_limit(before)


def named_separator(line: str) -> str:
    """The separator that a first line names, as `sep=;` does; "" where the line is a header."""
    found = _NAMED_SEPARATOR.fullmatch(line)
    return found.group(1) if found else ""


def without_separator_line(lines: Iterable[str]) -> Iterator[str]:
    """The lines of a file without a first one that names the separator."""
    lines = iter(lines)
    for line in lines:
        if not named_separator(line):
            yield line
        break
    yield from lines
