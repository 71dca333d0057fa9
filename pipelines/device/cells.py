"""Raw cells to typed columns: the one reading of a cell that training and devices share.

Seven kinds of column, distinguished afterwards by dtype and dimensions alone:

    numeric      float32  [rows]   missing is NaN
    series       float32  [rows, steps]   the newest step last, missing is NaN
    categorical  object   [rows]   text, missing is None
    boolean      object   [rows]   "true" or "false", missing is None
    date         datetime64[s] [rows], in UTC where a zone is given   missing is NaT
    text         StringDType [rows]   missing is ""
    picture      uint8    [rows, height, width, channels]   never missing

Numeric, categorical, boolean and date are what a table's column can be.
"""

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

import numpy as np

from .dates import FIRST_TIME, LAST_TIME, read_time
from .numbers import read_number
from .pictures import read_picture
from .primitives.texts import MAX_CHARACTERS
from .visible import shorten

NUMERIC = "numeric"
CATEGORICAL = "categorical"
BOOLEAN = "boolean"
DATE = "date"
KINDS = (NUMERIC, CATEGORICAL, BOOLEAN, DATE)
PICTURE = "picture"
TEXT = "text"
SERIES = "series"
TRUE_WORDS = frozenset({"true", "t", "yes", "y", "1", "1.0"})
FALSE_WORDS = frozenset({"false", "f", "no", "n", "0", "0.0"})
# The words that pandas reads as missing, written out so that a bundle can carry and a user can
# change them.
MISSING_WORDS = (
    "",
    "#N/A",
    "#N/A N/A",
    "#NA",
    "-1.#IND",
    "-1.#QNAN",
    "-NaN",
    "-nan",
    "1.#IND",
    "1.#QNAN",
    "<NA>",
    "N/A",
    "NA",
    "NULL",
    "NaN",
    "None",
    "n/a",
    "nan",
    "null",
)
MAX_CELL_CHARACTERS = 10_000
# The difference of two numbers, and its product with a fitted factor, still fit into float32.
MAX_NUMBER = 1e30
_SURROGATE = re.compile("[\ud800-\udfff]")
_WHOLE = re.compile(r"([+-]?\d+)\.0+")
_MISSING_TYPES = ("NAType", "NaTType")
_SCALARS = (str, int, float, date, Decimal, np.generic)
_NOT_A_TIME = np.datetime64("NaT", "s")


@dataclass(frozen=True)
class Column:
    """A raw column: its name in the source, its kind, and how its text is read.

    `format` is a `datetime.strptime` format for dates, "ISO8601", or "unix" for seconds since 1970.
    `decimal` is the decimal mark of numbers. `shape` is a picture's (height, width, channels), a
    series' (steps,). `white` is the white point of 16-bit pictures, 1 to 65,535 (see
    `sixteen_bits.to_bytes`); 0 where training saw none. `thousands` parts the digits of numbers in
    threes ("" where nothing does), every text of a number carries `unit`, and `marks` are further
    ones that it may have (see `numbers`).
    """

    name: str
    kind: str
    format: str = "ISO8601"
    decimal: str = "."
    shape: tuple[int, ...] = ()
    white: int = 0
    thousands: str = ""
    unit: str = ""
    marks: str = ""


@dataclass(frozen=True)
class BadCell:
    """A cell that could not be read: its row (0-based), the value received, and the reason."""

    row: int
    value: str
    reason: str


def read_column(
    cells: Sequence, column: Column, missing: frozenset[str]
) -> tuple[np.ndarray, list[BadCell]]:
    """Reads raw cells (text, numbers, None; what `read_picture` takes; of series, lists of numbers
    or text such as "1.5 NA 3") into the column's dtype; cells it cannot read come back as BadCells
    and stand as missing, or as black pictures, in the array.
    """
    bad = []
    if column.kind not in (PICTURE, SERIES) and not (
        isinstance(cells, np.ndarray) and cells.dtype.kind != "O"
    ):
        bad = [
            BadCell(row, shorten(cell), f"not a single value but a {type(cell).__name__}")
            for row, cell in enumerate(cells)
            if cell is not None
            and not isinstance(cell, _SCALARS)
            and type(cell).__name__ not in _MISSING_TYPES
        ]
        if bad:
            rows = {each.row for each in bad}
            cells = [None if row in rows else cell for row, cell in enumerate(cells)]
    values, more = _READERS[column.kind](cells, column, missing)
    return values, bad + more


def is_missing(cell: object, missing: frozenset[str]) -> bool:
    """True for None, NaN, NaT and for text that reads as missing once its white space is cut."""
    if isinstance(cell, str):
        return cell.strip() in missing
    if isinstance(cell, (float, np.floating, np.datetime64)):
        return bool(cell != cell)  # NaN and NaT differ from themselves
    return cell is None or type(cell).__name__ in _MISSING_TYPES


def read_numbers(
    cells: Sequence, column: Column, missing: frozenset[str]
) -> tuple[np.ndarray, list[BadCell]]:
    """Reads the cells of a numeric column as `read_column` does, in float64: what float32 could not
    tell apart is still different here.
    """
    if isinstance(cells, np.ndarray) and cells.dtype.kind in "fiub":
        values = cells.astype(np.float64)
        bad = []
    else:
        values = np.empty(len(cells), np.float64)
        bad = []
        for row, cell in enumerate(cells):
            if is_missing(cell, missing):
                values[row] = math.nan
                continue
            try:
                values[row] = _number(cell, column)
            except (ValueError, OverflowError):
                values[row] = math.nan
                bad.append(BadCell(row, shorten(cell), not_a_number(column)))
    for place in np.flatnonzero(np.abs(values) > MAX_NUMBER):  # False for NaN
        row = int(place)
        if math.isinf(values[row]):
            reason = "infinite"
        else:
            reason = f"beyond {MAX_NUMBER:g}"
        bad.append(BadCell(row, shorten(cells[row]), reason))
        values[row] = math.nan
    return values, bad


def not_a_number(column: Column) -> str:
    """Returns the reason of a cell that is not written as the numbers of its column."""
    if column.unit:
        return f"not a number with the unit {column.unit}"
    return "not a number"


def _numeric(cells, column, missing):
    values, bad = read_numbers(cells, column, missing)
    return values.astype(np.float32), bad


def _number(cell, column):
    if isinstance(cell, str):
        return read_number(cell.strip(), column)
    if isinstance(cell, (int, float, np.number, np.bool_)):
        return float(cell)
    return float(str(cell))


def _categorical(cells, column, missing):
    values = np.empty(len(cells), object)
    bad = []
    for row, cell in enumerate(cells):
        if is_missing(cell, missing):
            text = None
        else:
            text = _text(cell)
        if text is not None and len(text) > MAX_CELL_CHARACTERS:
            bad.append(
                BadCell(
                    row, shorten(text), f"{len(text):,} characters, at most {MAX_CELL_CHARACTERS:,}"
                )
            )
            text = None
        elif text is not None and ("\0" in text or not _is_unicode(text)):
            bad.append(
                BadCell(row, shorten(text), "holds a null character or half of a surrogate pair")
            )
            text = None
        values[row] = text
    return values, bad


def _text(cell):
    """A category's text. 4.0 and 4 are the same category, typed or written: a column of whole
    numbers with holes is written with points by some tools and without by others.
    """
    text = str(cell).strip()
    whole = _WHOLE.fullmatch(text)
    if whole:
        return whole.group(1)
    return text


def _is_unicode(text):
    if not text.isascii():
        return not any("\ud800" <= letter <= "\udfff" for letter in text)
    return True


def _boolean(cells, column, missing):
    values = np.empty(len(cells), object)
    bad = []
    for row, cell in enumerate(cells):
        if is_missing(cell, missing):
            word = None
        else:
            word = str(cell).strip().lower()
        if word in TRUE_WORDS:
            values[row] = "true"
        elif word in FALSE_WORDS:
            values[row] = "false"
        elif word is not None:
            bad.append(BadCell(row, shorten(cell), "neither true nor false"))
    return values, bad


def _date(cells, column, missing):
    if isinstance(cells, np.ndarray) and cells.dtype.kind == "M":
        values = cells.astype("datetime64[s]")
        outside = np.flatnonzero((values < FIRST_TIME) | (values > LAST_TIME))
        values[outside] = _NOT_A_TIME
        return values, [
            BadCell(int(row), shorten(cells[row]), "outside the years 1 to 9999") for row in outside
        ]
    values = np.full(len(cells), _NOT_A_TIME)
    bad = []
    seen = {}
    for row, cell in enumerate(cells):
        if is_missing(cell, missing):
            continue
        if cell not in seen:
            seen[cell] = read_time(cell, column.format)
        if seen[cell] is None:
            bad.append(BadCell(row, shorten(cell), f"not a date of the format {column.format}"))
        else:
            values[row] = seen[cell]
    return values, bad


def _texts(cells, column, missing):
    values = []
    bad = []
    for row, cell in enumerate(cells):
        # Of the words for missing only the empty one: a text may well say "none".
        if is_missing(cell, frozenset()):
            text = ""
        else:
            text = str(cell)
        if len(text) > MAX_CHARACTERS:
            bad.append(
                BadCell(row, shorten(text), f"{len(text):,} characters, at most {MAX_CHARACTERS:,}")
            )
            text = ""
        # A null ends a text in C, and half of a surrogate pair has no bytes in UTF-8.
        values.append(
            text.replace("\0", " ")
            if text.isascii()
            else _SURROGATE.sub("\ufffd", text.replace("\0", " "))
        )
    return np.array(values, np.dtypes.StringDType()), bad


def _picture(cells, column, missing):
    if isinstance(cells, np.ndarray) and cells.dtype == np.uint8:
        if cells.shape[1:] == column.shape:
            return cells, []
        if (*cells.shape[1:], 1) == column.shape:
            return cells[..., None], []
    values = np.zeros((len(cells), *column.shape), np.uint8)
    bad = []
    for row, cell in enumerate(cells):
        try:
            # Of the words for missing only the empty one: a file may be called NA.
            values[row] = read_picture(
                None if is_missing(cell, frozenset({""})) else cell,
                column.shape,
                white=column.white,
            )
        except ValueError as error:
            bad.append(BadCell(row, shorten(cell), str(error)))
    return values, bad


def _series(cells, column, missing):
    (steps,) = column.shape
    if isinstance(cells, np.ndarray) and cells.ndim == 2 and cells.dtype.kind in "fiub":
        values, bad = _numeric(cells[:, -steps:].ravel(), column, missing)
        values = values.reshape(len(cells), -1)
        return _with_front(values, steps), [
            BadCell(each.row // max(values.shape[1], 1), each.value, each.reason) for each in bad
        ]
    values = np.full((len(cells), steps), np.nan, np.float32)
    bad = []
    for row, cell in enumerate(cells):
        if is_missing(cell, missing):
            continue
        if isinstance(cell, str):
            parts = _steps(cell, column)
        else:
            parts = cell
        if not isinstance(parts, (list, tuple, np.ndarray)) or getattr(parts, "ndim", 1) != 1:
            bad.append(BadCell(row, shorten(cell), f"not a series but a {type(cell).__name__}"))
            continue
        found, problems = _numeric(parts[-steps:], column, missing)
        if problems:
            first = problems[0]
            bad.append(BadCell(row, first.value, f"step {first.row + 1}: {first.reason}"))
        elif len(found):
            values[row, -len(found) :] = found
    return values, bad


def _steps(text, column):
    """The cells of a series in one text; where spaces part thousands, semicolons alone part
    steps.
    """
    if column.thousands == " ":
        return text.split(";")
    return text.replace(";", " ").split()


def _with_front(values, steps):
    """The series as long as they should be, missing steps before them."""
    lacking = steps - values.shape[1]
    if lacking:
        return np.pad(values, ((0, 0), (lacking, 0)), constant_values=np.nan)
    return values


_READERS: Mapping = {
    "numeric": _numeric,
    "categorical": _categorical,
    "boolean": _boolean,
    "date": _date,
    TEXT: _texts,
    PICTURE: _picture,
    SERIES: _series,
}
