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
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal

import numpy as np

from .columns import (
    BOOLEAN,
    CATEGORICAL,
    DATE,
    FALSE_WORDS,
    KINDS,
    MISSING_WORDS,
    NUMERIC,
    PICTURE,
    SERIES,
    TEXT,
    TRUE_WORDS,
    BadCell,
    BadCells,
    Column,
)
from .dates import FIRST_TIME, LAST_TIME, read_time
from .numbers import read_number
from .pictures import read_picture
from .primitives.texts import MAX_CHARACTERS
from .visible import shorten

__all__ = [
    "BOOLEAN",
    "BadCell",
    "CATEGORICAL",
    "Column",
    "DATE",
    "FALSE_WORDS",
    "KINDS",
    "MAX_CELL_CHARACTERS",
    "MAX_NUMBER",
    "MISSING_WORDS",
    "NUMERIC",
    "PICTURE",
    "SERIES",
    "TEXT",
    "TRUE_WORDS",
    "is_missing",
    "not_a_number",
    "read_column",
    "read_numbers",
    "shorten",
]

MAX_CELL_CHARACTERS = 10_000
# The difference of two numbers, and its product with a fitted factor, still fit into float32.
MAX_NUMBER = 1e30
_SURROGATE = re.compile("[\ud800-\udfff]")
_WHOLE = re.compile(r"([+-]?\d+)\.0+")
_MISSING_TYPES = ("NAType", "NaTType")
_SCALARS = (str, int, float, date, Decimal, np.generic)
_NOT_A_TIME = np.datetime64("NaT", "s")


def read_column(
    cells: Sequence, column: Column, missing: frozenset[str]
) -> tuple[np.ndarray, list[BadCell]]:
    """Reads raw cells into the column's dtype.

    Args:
        cells: Text, numbers, None; what `read_picture` takes; of series, lists of numbers or text
            such as "1.5 NA 3".
        column: Of the cells.
        missing: The words that are read as missing.

    Returns:
        The array, and the cells that it cannot read, which are missing, or black pictures, in the
        array.
    """
    bad = BadCells()
    is_typed_array = isinstance(cells, np.ndarray) and cells.dtype.kind != "O"
    if column.kind not in (PICTURE, SERIES) and not is_typed_array:
        bad = _not_single(cells)
    if bad:
        cells = list(cells)
        for cell in bad:
            cells[cell.row] = None
    read = _READERS[column.kind]
    values, unreadable = read(cells, column, missing)
    return values, bad + unreadable


def _not_single(cells):
    """Returns the cells that are not single values, but lists and the like."""
    bad = BadCells()
    for row, cell in enumerate(cells):
        if cell is None or isinstance(cell, _SCALARS):
            continue
        kind = type(cell).__name__
        if kind not in _MISSING_TYPES:
            bad.add(row, cell, f"not a single value but a {kind}")
    return bad


def is_missing(cell: object, missing: frozenset[str]) -> bool:
    """Returns whether a cell is None, NaN, NaT, or text that reads as missing.

    Args:
        cell: A raw cell; white space at the ends of a text does not count.
        missing: The words that are read as missing.
    """
    if isinstance(cell, str):
        return cell.strip() in missing
    if isinstance(cell, (float, np.floating, np.datetime64)):
        return bool(cell != cell)  # NaN and NaT differ from themselves
    return cell is None or type(cell).__name__ in _MISSING_TYPES


def read_numbers(
    cells: Sequence, column: Column, missing: frozenset[str]
) -> tuple[np.ndarray, list[BadCell]]:
    """Reads the cells of a numeric column as `read_column` does, in float64.

    What float32 could not tell apart is still different here.
    """
    bad = BadCells()
    if _is_numeric_array(cells):
        values = cells.astype(np.float64)
    else:
        values, bad = _parsed_numbers(cells, column, missing)
    is_beyond = np.abs(values) > MAX_NUMBER  # False for NaN
    for row in np.flatnonzero(is_beyond).tolist():
        reason = f"beyond {MAX_NUMBER:g}"
        if math.isinf(values[row]):
            reason = "infinite"
        bad.add(row, cells[row], reason)
        values[row] = math.nan
    return values, bad


def _is_numeric_array(cells):
    return isinstance(cells, np.ndarray) and cells.dtype.kind in "fiub"


def _parsed_numbers(cells, column, missing):
    """Returns float64 [rows], NaN for what is missing or no number, and the latter."""
    values = np.full(len(cells), math.nan)
    bad = BadCells()
    for row, cell in enumerate(cells):
        if is_missing(cell, missing):
            continue
        try:
            values[row] = _number(cell, column)
        except (ValueError, OverflowError):
            bad.add(row, cell, not_a_number(column))
    return values, bad


def not_a_number(column: Column) -> str:
    """Returns the reason of a cell that is not written as the numbers of its column."""
    if column.unit:
        return f"not a number with the unit {column.unit}"
    return "not a number"


def _number(cell, column):
    if isinstance(cell, str):
        return read_number(cell.strip(), column)
    if isinstance(cell, (int, float, np.number, np.bool_)):
        return float(cell)
    return float(str(cell))


def _numeric(cells, column, missing):
    values, bad = read_numbers(cells, column, missing)
    return values.astype(np.float32), bad


def _categorical(cells, column, missing):
    values = np.empty(len(cells), object)
    bad = BadCells()
    for row, cell in enumerate(cells):
        if is_missing(cell, missing):
            continue
        text = _category(cell)
        fault = _fault_of_category(text)
        if fault:
            bad.add(row, text, fault)
        else:
            values[row] = text
    return values, bad


def _category(cell):
    """Returns a category's text.

    4.0 and 4 are the same category, typed or written: a column of whole numbers with holes is
    written with points by some tools and without by others.
    """
    text = str(cell).strip()
    whole = _WHOLE.fullmatch(text)
    if whole:
        return whole.group(1)
    return text


def _fault_of_category(text):
    """Returns why a text can be no category, or ""."""
    num_characters = len(text)
    if num_characters > MAX_CELL_CHARACTERS:
        return f"{num_characters:,} characters, at most {MAX_CELL_CHARACTERS:,}"
    if "\0" in text or not _is_unicode(text):
        return "holds a null character or half of a surrogate pair"
    return ""


def _is_unicode(text):
    if text.isascii():
        return True
    return not _SURROGATE.search(text)


def _boolean(cells, column, missing):
    values = np.empty(len(cells), object)
    bad = BadCells()
    for row, cell in enumerate(cells):
        if is_missing(cell, missing):
            continue
        word = str(cell).strip().lower()
        if word in TRUE_WORDS:
            values[row] = "true"
        elif word in FALSE_WORDS:
            values[row] = "false"
        else:
            bad.add(row, cell, "neither true nor false")
    return values, bad


def _date(cells, column, missing):
    if isinstance(cells, np.ndarray) and cells.dtype.kind == "M":
        return _typed_dates(cells)
    values = np.full(len(cells), _NOT_A_TIME)
    bad = BadCells()
    seen = {}
    for row, cell in enumerate(cells):
        if is_missing(cell, missing):
            continue
        if cell not in seen:
            seen[cell] = read_time(cell, column.format)
        time = seen[cell]
        if time is None:
            reason = f"not a date of the format {column.format}"
            bad.add(row, cell, reason)
        else:
            values[row] = time
    return values, bad


def _typed_dates(cells):
    """Returns datetime64[s] [rows] of dates of numpy, and those of no year that is written."""
    values = cells.astype("datetime64[s]")
    is_outside = (values < FIRST_TIME) | (values > LAST_TIME)
    values[is_outside] = _NOT_A_TIME
    bad = BadCells()
    for row in np.flatnonzero(is_outside).tolist():
        bad.add(row, cells[row], "outside the years 1 to 9999")
    return values, bad


def _texts(cells, column, missing):
    values = []
    bad = BadCells()
    for row, cell in enumerate(cells):
        text = ""
        # Of the words for missing only the empty one: a text may well be "none".
        if not is_missing(cell, frozenset()):
            text = str(cell)
        num_characters = len(text)
        if num_characters > MAX_CHARACTERS:
            reason = f"{num_characters:,} characters, at most {MAX_CHARACTERS:,}"
            bad.add(row, text, reason)
            text = ""
        values.append(_with_bytes(text))
    return np.array(values, np.dtypes.StringDType()), bad


def _with_bytes(text):
    """Returns a text that C can hold.

    A null ends a text in C, and half of a surrogate pair has no bytes in UTF-8.
    """
    text = text.replace("\0", " ")
    if text.isascii():
        return text
    return _SURROGATE.sub("\ufffd", text)


def _picture(cells, column, missing):
    if isinstance(cells, np.ndarray) and cells.dtype == np.uint8:
        picture_shape = cells.shape[1:]
        if picture_shape == column.shape:
            return cells, BadCells()
        if (*picture_shape, 1) == column.shape:
            return cells[..., None], BadCells()
    values = np.zeros((len(cells), *column.shape), np.uint8)
    bad = BadCells()
    for row, cell in enumerate(cells):
        source = cell
        # Of the words for missing only the empty one: a file may be called NA.
        if is_missing(cell, frozenset({""})):
            source = None
        try:
            values[row] = read_picture(source, column.shape, white=column.white)
        except ValueError as error:
            bad.add(row, cell, str(error))
    return values, bad


def _series(cells, column, missing):
    if _is_numeric_array(cells) and cells.ndim == 2:
        return _series_of_table(cells, column, missing)
    (num_steps,) = column.shape
    values = np.full((len(cells), num_steps), np.nan, np.float32)
    bad = BadCells()
    for row, cell in enumerate(cells):
        if is_missing(cell, missing):
            continue
        steps = _steps(cell, column)
        if steps is None:
            kind = type(cell).__name__
            bad.add(row, cell, f"not a series but a {kind}")
            continue
        newest, unreadable = _numeric(steps[-num_steps:], column, missing)
        if unreadable:
            step = unreadable[0]
            reason = f"step {step.row + 1}: {step.reason}"
            bad.append(replace(step, row=row, reason=reason))
            continue
        first = num_steps - len(newest)
        values[row, first:] = newest
    return values, bad


def _series_of_table(cells, column, missing):
    """Reads an array of numbers [rows, steps]; missing steps come before shorter series."""
    (num_steps,) = column.shape
    newest = cells[:, -num_steps:]
    num_rows, num_given = newest.shape
    numbers, unreadable = _numeric(newest.ravel(), column, missing)
    bad = BadCells()
    for step in unreadable:
        row = step.row // num_given
        bad.append(replace(step, row=row))
    first = num_steps - num_given
    values = np.full((num_rows, num_steps), np.nan, np.float32)
    values[:, first:] = numbers.reshape(newest.shape)
    return values, bad


def _steps(cell, column):
    """Returns the cells of a series in one cell; None if it is none.

    Where spaces separate thousands, semicolons alone separate steps.
    """
    if isinstance(cell, str):
        if column.thousands == " ":
            return cell.split(";")
        return cell.replace(";", " ").split()
    is_array = isinstance(cell, np.ndarray) and cell.ndim == 1
    if is_array or isinstance(cell, (list, tuple)):
        return cell
    return None


_READERS: Mapping[str, Callable] = {
    NUMERIC: _numeric,
    CATEGORICAL: _categorical,
    BOOLEAN: _boolean,
    DATE: _date,
    TEXT: _texts,
    PICTURE: _picture,
    SERIES: _series,
}
