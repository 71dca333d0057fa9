"""The columns of a table by its first rows."""

import io
import itertools
from pathlib import Path

from ..device.csv_rows import lines_of, rows_of, without_separator_line
from ..device.regular import open_regular
from .csv_text import open_text, refuse_twice
from .fast_csv import DAMAGED
from .json_rows import MAX_JSON_LINE, NoRow, json_object
from .part_files import CSV, JSON_LINES
from .parts import find_parts, is_in_parts, is_one_file, text_bytes
from .table import Reading, find_table, read_table, settle_reading

_NUM_LINES = 1000


def names_in_table(source: str, reading: Reading) -> list[str]:
    """Returns the columns of a table, of text by its first rows: of JSON lines, those that the
    first thousand have.

    Args:
        source: Path or URL.
        reading: How its text is read.

    Raises:
        LoadError: The table cannot be read.
    """
    if is_in_parts(source) and text_bytes(source) is None:
        return list(find_parts(source).names)
    names: list[str] = []
    if is_one_file(source):
        reading.check()
        names = _names_in_head(find_table(source), reading)
    if names:
        refuse_twice(names)
        return names
    # What is in doubt, or no table: whoever reads all of it states what is wrong.
    return list(read_table(source, reading, packed=True))


def _names_in_head(path, reading):
    """Returns the columns of a file of text, none if its first rows leave a doubt."""
    if not path.stat().st_size:
        return []
    if path.name.lower().endswith(CSV):
        return _names_of_csv(path, settle_reading(path, reading))
    if path.name.lower().endswith(JSON_LINES):
        return _names_of_lines(path, reading.encoding or "utf-8-sig")
    return []


def _names_of_csv(path: Path, settled: Reading) -> list[str]:
    try:
        with open_text(path, settled.encoding) as file:
            lines = without_separator_line(lines_of(file))
            rows = rows_of(lines, settled.separator, quoting=settled.quoting())
            first = list(itertools.islice(rows, 2))
    except DAMAGED:
        return []
    # A header and a row that fits it.
    if any(isinstance(row, Exception) for row in first):
        return []
    if len(first) < 2 or len(first[0]) != len(first[1]):
        return []
    return first[0]


def _names_of_lines(path: Path, encoding: str) -> list[str]:
    names: dict[str, None] = {}
    with io.TextIOWrapper(open_regular(path), encoding=encoding) as file:
        lines = iter(lambda: file.readline(MAX_JSON_LINE + 1), "")
        try:
            for line in itertools.islice(lines, _NUM_LINES):
                if line.strip():
                    names.update(dict.fromkeys(json_object(line)))
        except (NoRow, UnicodeError):
            return []
    return list(names)
