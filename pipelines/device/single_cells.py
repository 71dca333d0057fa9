"""Cells of single values, read one by one: the definition of what a number, a category, a truth
value, a date and a text is. What reads many at once (`packed`) asks these functions.
"""

import math
import re
from collections.abc import Sequence

import numpy as np

from .columns import FALSE_WORDS, TRUE_WORDS, BadCells, Column
from .dates import FIRST_TIME, LAST_TIME, read_time
from .many_dates import times_in_digits
from .numbers import read_number
from .primitives.texts import MAX_CHARACTERS

MAX_CELL_CHARACTERS = 10_000
# The difference of two numbers, and its product with a fitted factor, still fit into float32.
MAX_NUMBER = 1e30
_SURROGATE = re.compile("[\ud800-\udfff]")
_WHOLE = re.compile(r"([+-]?\d+)\.0+")
# Of fewer dates each is read by itself: numpy takes longer.
_MANY_DATES = 32
MISSING_TYPES = ("NAType", "NaTType")
_NOT_A_TIME = np.datetime64("NaT", "s")


def is_missing(
    cell: object,
    missing: frozenset[str],
) -> bool:
    """Returns whether a cell is None, NaN, NaT, or text that reads as missing.

    Args:
        cell: A raw cell; white space at the ends of a text does not count.
        missing: The words that are read as missing.
    """
    if isinstance(cell, str):
        return cell.strip() in missing
    if isinstance(cell, (float, np.floating, np.datetime64)):
        return bool(cell != cell)  # NaN and NaT differ from themselves
    return cell is None or type(cell).__name__ in MISSING_TYPES


def is_numeric_array(cells: Sequence) -> bool:
    """Returns whether cells are an array of numbers or truth values."""
    return isinstance(cells, np.ndarray) and cells.dtype.kind in "fiub"


def parsed_numbers(
    cells: Sequence,
    column: Column,
    missing: frozenset[str],
) -> tuple[np.ndarray, BadCells]:
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


def _number(
    cell,
    column,
):
    if isinstance(cell, str):
        return read_number(cell.strip(), column)
    if isinstance(cell, (int, float, np.number, np.bool_)):
        return float(cell)
    return float(str(cell))


def categorical(
    cells: Sequence,
    column: Column,
    missing: frozenset[str],
) -> tuple[np.ndarray, BadCells]:
    """Returns object [rows] of text, None where missing, and what is no category."""
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


def boolean(
    cells: Sequence,
    column: Column,
    missing: frozenset[str],
) -> tuple[np.ndarray, BadCells]:
    """Returns object [rows], "true" or "false", None where missing, and what is neither."""
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


def date_times(
    cells: Sequence,
    column: Column,
    missing: frozenset[str],
) -> tuple[np.ndarray, BadCells]:
    """Returns datetime64[s] [rows], NaT where missing, and what is no date of the format."""
    if isinstance(cells, np.ndarray) and cells.dtype.kind == "M":
        return _typed_dates(cells)
    values = np.full(len(cells), _NOT_A_TIME)
    rest = range(len(cells))
    if len(cells) >= _MANY_DATES:
        values, is_read = times_in_digits(cells, column.format, missing)
        rest = np.flatnonzero(~is_read).tolist()
    bad = BadCells()
    seen = {}
    for row in rest:
        cell = cells[row]
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


def texts(
    cells: Sequence,
    column: Column,
    missing: frozenset[str],
) -> tuple[np.ndarray, BadCells]:
    """Returns StringDType [rows], "" where missing, and what is too long."""
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
