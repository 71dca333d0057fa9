"""Raw cells to typed columns: the one reading of a cell that training and devices share.

Four kinds of column, told apart afterwards by dtype alone:

    numeric      float32  [rows]   missing is NaN
    categorical  object   [rows]   text, missing is None
    boolean      object   [rows]   "true" or "false", missing is None
    date         datetime64[s] [rows], in UTC where a zone is given   missing is NaT
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timezone

import numpy as np

KINDS = ("numeric", "categorical", "boolean", "date")
TRUE_WORDS = frozenset({"true", "t", "yes", "y", "1", "1.0"})
FALSE_WORDS = frozenset({"false", "f", "no", "n", "0", "0.0"})
# The words that pandas reads as missing, written out so that a bundle can carry and a user can change them.
MISSING_WORDS = ("", "#N/A", "#N/A N/A", "#NA", "-1.#IND", "-1.#QNAN", "-NaN", "-nan", "1.#IND", "1.#QNAN", "<NA>",
                 "N/A", "NA", "NULL", "NaN", "None", "n/a", "nan", "null")
MAX_CELL_CHARACTERS = 10_000
# float32 holds every whole number up to here; time in seconds and money in cents can pass it.
MAX_NUMBER = float(np.finfo(np.float32).max)
_NOT_A_TIME = np.datetime64("NaT", "s")


@dataclass(frozen=True)
class Column:
    """A raw column: its name in the source, its kind, and how its text is read.

    `format` is a `datetime.strptime` format for dates, or "ISO8601". `decimal` is the decimal mark of numbers.
    """

    name: str
    kind: str
    format: str = "ISO8601"
    decimal: str = "."


@dataclass(frozen=True)
class BadCell:
    """A cell that could not be read: its row (0-based), the value received, and the reason."""

    row: int
    value: str
    reason: str


def read_column(cells: Sequence, column: Column, missing: frozenset[str]) -> tuple[np.ndarray, list[BadCell]]:
    """Reads raw cells (text, numbers, None) into the column's dtype; cells it cannot read come back as BadCells
    and stand as missing in the array."""
    return _READERS[column.kind](cells, column, missing)


def is_missing(cell: object, missing: frozenset[str]) -> bool:
    """True for None, NaN, NaT and for text that reads as missing once its white space is cut."""
    if cell is None or cell != cell:  # NaN and NaT differ from themselves
        return True
    return isinstance(cell, str) and cell.strip() in missing


def _numeric(cells, column, missing):
    if isinstance(cells, np.ndarray) and cells.dtype.kind in "fiub":
        values, bad = cells.astype(np.float64), []
    else:
        values, bad = np.empty(len(cells), np.float64), []
        for row, cell in enumerate(cells):
            if is_missing(cell, missing):
                values[row] = math.nan
                continue
            try:
                values[row] = _number(cell, column.decimal)
            except ValueError:
                values[row] = math.nan
                bad.append(BadCell(row, shorten(cell), "not a number"))
    for row in np.flatnonzero(np.abs(values) > MAX_NUMBER):  # False for NaN
        reason = "infinite" if math.isinf(values[row]) else "too large for float32"
        bad.append(BadCell(int(row), shorten(cells[row]), reason))
        values[row] = math.nan
    return values.astype(np.float32), bad


def _number(cell, decimal):
    if not isinstance(cell, str):
        return float(cell) if isinstance(cell, (int, float, np.number, np.bool_)) else float(str(cell))
    text = cell.strip() if decimal == "." else cell.strip().replace(decimal, ".")
    # float() is kinder than a data file should be: 1_000 is a Python spelling, and other scripts' digits are text.
    if "_" in text or not text.isascii():
        raise ValueError(text)
    return float(text)


def _categorical(cells, column, missing):
    values, bad = np.empty(len(cells), object), []
    for row, cell in enumerate(cells):
        text = None if is_missing(cell, missing) else _text(cell)
        if text is not None and len(text) > MAX_CELL_CHARACTERS:
            bad.append(BadCell(row, shorten(text), f"{len(text):,} characters, at most {MAX_CELL_CHARACTERS:,}"))
            text = None
        elif text is not None and ("\0" in text or not _is_unicode(text)):
            bad.append(BadCell(row, shorten(text), "holds a null character or half of a surrogate pair"))
            text = None
        values[row] = text
    return values, bad


def _text(cell):
    """A category's text; 4.0 and 4 from a typed source are the same category."""
    if isinstance(cell, str):
        return cell.strip()
    if isinstance(cell, (bool, np.bool_)):
        return "true" if cell else "false"
    if isinstance(cell, (float, np.floating)) and float(cell).is_integer():
        return str(int(cell))
    return str(cell)


def _is_unicode(text):
    return not any("\ud800" <= letter <= "\udfff" for letter in text) if not text.isascii() else True


def _boolean(cells, column, missing):
    values, bad = np.empty(len(cells), object), []
    for row, cell in enumerate(cells):
        word = None if is_missing(cell, missing) else str(cell).strip().lower()
        if word in TRUE_WORDS:
            values[row] = "true"
        elif word in FALSE_WORDS:
            values[row] = "false"
        elif word is not None:
            bad.append(BadCell(row, shorten(cell), "neither true nor false"))
    return values, bad


def _date(cells, column, missing):
    if isinstance(cells, np.ndarray) and cells.dtype.kind == "M":
        return cells.astype("datetime64[s]"), []
    values, bad, seen = np.full(len(cells), _NOT_A_TIME), [], {}
    for row, cell in enumerate(cells):
        if is_missing(cell, missing):
            continue
        if cell not in seen:
            seen[cell] = _time(cell, column.format)
        if seen[cell] is None:
            bad.append(BadCell(row, shorten(cell), f"not a date of the format {column.format}"))
        else:
            values[row] = seen[cell]
    return values, bad


def _time(cell, date_format):
    try:
        if isinstance(cell, datetime):
            time = cell
        elif isinstance(cell, date):
            time = datetime(cell.year, cell.month, cell.day)
        elif date_format == "ISO8601":
            time = datetime.fromisoformat(str(cell).strip())
        else:
            time = datetime.strptime(str(cell).strip(), date_format)
        if time.tzinfo is not None:
            time = time.astimezone(timezone.utc).replace(tzinfo=None)
    except (ValueError, OverflowError):
        return None
    return np.datetime64(time, "s")


_READERS: Mapping = {"numeric": _numeric, "categorical": _categorical, "boolean": _boolean, "date": _date}


def shorten(cell: object, most: int = 40) -> str:
    """A value for an error message: quoted, escaped, never longer than `most` characters and its length."""
    text = str(cell)
    return repr(text) if len(text) <= most else f"{text[:most]!r}... ({len(text):,} characters)"
