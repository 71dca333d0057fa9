"""The header of a CSV file of raw rows: its separator, and the columns that it must have."""

import csv
import itertools
from collections import Counter
from typing import TextIO

from .csv_rows import SEPARATORS, lines_of, named_separator, rows_of
from .errors import DeviceError
from .raw_rows import names_missing

GIVE_ROWS = "python -m pipelines.device BUNDLE < rows.csv"


def read_table(source: TextIO | None, separator: str, wanted: list[str]):
    """Reads the header of a CSV file.

    Args:
        source: The open file, or None for nothing.
        separator: Of cells; "" takes the one that the file names, or else the one by which the
            header has the most of the wanted columns.
        wanted: The columns that the model knows.

    Returns:
        The header, and an iterator of the rows of cells (see `csv_rows.rows_of`).

    Raises:
        DeviceError: If there is no header, or it cannot be read.
    """
    lines = iter(())
    if source is not None:
        lines = lines_of(source)
    first, named = _first_line(lines)
    mark = separator or named
    if not mark:
        mark = max(SEPARATORS, key=lambda mark: _num_wanted(first, mark, wanted))
    rows = rows_of(itertools.chain([first], lines), mark)
    header = next(rows, [])
    if isinstance(header, Exception):
        raise DeviceError(
            f"the header cannot be read: {header}", expected="CSV", fix="fix the file"
        ) from header
    if not header:
        raise DeviceError(
            "nothing on standard input", expected="CSV with a header line", fix=GIVE_ROWS
        )
    return header, rows


def _first_line(lines):
    """Returns the line of the header, and the separator that a line before it names, or ""."""
    try:
        first = next(lines, "")
        named = named_separator(first)
        if named:
            first = next(lines, "")
        return first, named
    except csv.Error as error:
        raise DeviceError(
            f"the header: {error}", expected="CSV with a header line", fix=GIVE_ROWS
        ) from error
    except UnicodeError as error:
        raise DeviceError(
            f"the input is not UTF-8: {error}",
            expected="CSV in UTF-8",
            fix="iconv -f latin1 -t utf-8 rows.csv | python -m pipelines.device BUNDLE",
        ) from error


def _num_wanted(line, mark, wanted):
    """Returns how many of the wanted columns a header has, if `mark` separates its cells."""
    header = next(rows_of([line], mark), [])
    if isinstance(header, Exception):
        return 0
    return len(set(wanted) & set(header))


def check_header(header: list[str], wanted: list[str]) -> None:
    """Raises DeviceError if a name stands twice, or a column that the model knows is missing.

    Args:
        header: The names of a table's columns.
        wanted: The columns that the model knows.
    """
    counts = Counter(header)
    repeated = [name for name, count in sorted(counts.items()) if count > 1]
    if repeated:
        names = ", ".join(map(repr, repeated))
        raise DeviceError(
            f"the header names {names} twice",
            expected="one column a name",
            fix="rename or remove one of them",
        )
    absent = names_missing(wanted, header)
    if absent:
        names = ", ".join(map(repr, absent))
        raise DeviceError(
            f"no column {names} in the header",
            expected=", ".join(wanted),
            fix="add the column; leave its cells empty where the values are not known",
        )
