"""CSV text to rows, one reading for training and devices: Python's csv module, strict.

A quote that never closes, or that closes in the middle of a cell, is an error and not a cell that has swallowed the
rows after it.
"""

import csv
from collections.abc import Iterable, Iterator

SEPARATORS = ",;\t|"
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
