"""The kind of a column, inferred from its cells; printed, and overridden where it is wrong. And
columns of time.
"""

import re
from collections.abc import Sequence

import numpy as np

from ..device.cells import FALSE_WORDS, TRUE_WORDS, Column, is_missing, read_column, shorten
from ..device.packed import each_cell_once, filled_cells
from ..errors import LoadError
from .dates import date_format, find_dates
from .marks import Marks
from .number_columns import code_with_zeros, read_as_numbers
from .refuse_numbers import refuse_spellings
from .target_column import refuse_some_numbers
from .words import count_words

# Text columns in which more than this share of the values are different are free text or ids.
MOSTLY_DISTINCT = 0.5
# So few different values are categories, whatever their share.
MANY_DIFFERENT = 50
# Numbers of time above this are milliseconds.
MAX_SECONDS = 1e11
# Most columns show by so many cells what they are not.
_NUM_FIRST = 100
_TIME_OF_DAY = re.compile(r"([01]?\d|2[0-3]):[0-5]\d(:[0-5]\d)?")
# 20240131 and 12.05 are numbers before they are dates.
_LOOKS_WHOLE = re.compile(r"[+-]?\d+(\.\d+)?")


def infer_column(
    name: str,
    cells: Sequence,
    given: str,
    *,
    marks: Marks,
    missing: frozenset[str],
    dates: bool = True,
    rows: np.ndarray | None = None,
) -> tuple[Column | None, str]:
    """Infers the kind of a column.

    Args:
        name: Of the column.
        cells: Raw, one a row.
        given: A kind that overrides ("date:%d.%m.%y" names the format as well), or "".
        marks: How the numbers of the source are written.
        missing: The words that read as missing.
        dates: Whether dates are of any use; if not, those of two readings or two formats are not
            asked about.
        rows: int64 [cells], the row of the source that each stands in, for errors; None: its place.

    Returns:
        The column, or None if it is left out; and why.

    Raises:
        LoadError: If a column is mostly, but not all, numbers or dates: which cells are wrong only
            the user knows; and if numbers have two readings.
    """
    if given == "ignored":
        return None, "given"
    is_array = isinstance(cells, np.ndarray)
    filled: Sequence = []
    if not is_array:
        filled = filled_cells(cells, missing)
    if given:
        return _given_column(name, cells, filled, given, marks=marks, missing=missing)
    if is_array:
        return _stored_column(name, cells)
    if not len(filled):
        return _empty_column(name, cells, missing)
    return _column_of_cells(
        name, cells, filled, marks=marks, missing=missing, dates=dates, rows=rows
    )


def _column_of_cells(name, cells, filled, *, marks, missing, dates, rows):
    """Returns (column, or None; why) of cells of text, `filled` those with a value."""
    if _are_truth_words(filled):
        return Column(name, "boolean"), "true and false words"
    if not _look_like_numbers(filled):
        format, why = date_format(name, filled, missing, ask=dates)
        if format:
            return Column(name, "date", format), why
    code = code_with_zeros(filled)
    if code:
        reason = f"{shorten(code)} is a code, and no number: "
        return _text_column(name, filled, reason)
    what = f"the column {shorten(name)}"
    numbers = read_as_numbers(what, name, filled, marks)
    if not numbers.bad:
        return numbers.column, numbers.why
    _refuse_numbers_in_part(name, filled, numbers)
    if dates:
        otherwise = f", or --kind '{name}=categorical' or '{name}=ignored'"
        format, why = find_dates(name, cells, missing, otherwise, rows=rows)
        if format:
            return Column(name, "date", format), why
    return _text_column(name, filled, "")


def _stored_column(name, cells):
    """Returns (column, why) of an array, whose dtype decides."""
    kinds = {"b": "boolean", "M": "date"}
    kind = kinds.get(cells.dtype.kind, "numeric")
    return Column(name, kind), f"stored as {cells.dtype}"


def _are_truth_words(filled):
    """Returns whether all cells are words of truth, and not all of them 0 and 1."""
    few = set(map(_word, filled[:_NUM_FIRST]))
    if not few <= TRUE_WORDS | FALSE_WORDS:
        return False
    words = set(map(_word, each_cell_once(filled)))
    if words <= {"0", "1", "0.0", "1.0"}:
        return False
    return words <= TRUE_WORDS | FALSE_WORDS


def _word(cell):
    return str(cell).strip().lower()


def _look_like_numbers(filled):
    """Returns whether the first cells are numbers. These are no dates, and trying a dozen formats
    on each of thousands of columns would take minutes.
    """
    for cell in filled[:_NUM_FIRST]:
        text = str(cell).strip()
        if not _LOOKS_WHOLE.fullmatch(text):
            return False
    return True


def _refuse_numbers_in_part(name, filled, numbers):
    """Raises LoadError where so many cells are numbers that the others are likely wrong."""
    what = f"the column {shorten(name)}"
    otherwise = f"--kind '{name}=categorical'"
    refuse_spellings(what, filled, numbers, otherwise)
    refuse_some_numbers(what, filled, numbers.bad, otherwise)


def _given_column(name, cells, filled, given, *, marks, missing):
    """Returns (column, why) of a column whose kind the user gave."""
    if given == "numeric" and filled:
        what = f"the column {shorten(name)}"
        numbers = read_as_numbers(what, name, filled, marks, given=True)
        if numbers.is_special:
            return numbers.column, f"given; {numbers.why}"
        return numbers.column, "given"
    kind, _, format = given.partition(":")
    if not format and kind == "date":
        format, _ = date_format(name, cells, missing)
    if not format:
        format = "ISO8601"
    return Column(name, kind, format=format), "given"


def _empty_column(name, cells, missing):
    """Returns (column, why) of a column without a value."""
    column = Column(name, "numeric")
    words = count_words(cells, missing)
    if not words:
        return column, "all missing"
    shown = [f"{count:,} cells {word!r}" for word, count in words.most_common(3)]
    return column, f"all missing: {', '.join(shown)} (--read not_missing=WORD)"


def _text_column(name, filled, reason):
    """Returns (column, or None of free text; why) of a column of texts."""
    num_cells = len(filled)
    num_different = len(set(map(str, each_cell_once(filled))))
    different = f"{num_different:,} different values"
    are_many = num_different > MANY_DIFFERENT
    if are_many and num_different > MOSTLY_DISTINCT * num_cells:
        otherwise = _or_times(name, filled)
        return None, f"{reason}{different} in {num_cells:,} cells: free text or ids{otherwise}"
    return Column(name, "categorical"), f"{reason}{different}"


def _or_times(name, filled):
    """Returns what to type if cells such as 13:05 are times of day, and no durations; else ""."""
    texts = [str(cell).strip() for cell in each_cell_once(filled)]
    if not all(map(_TIME_OF_DAY.fullmatch, texts)):
        return ""
    formats = {1: "%H:%M", 2: "%H:%M:%S"}
    marks = {text.count(":") for text in texts}
    if len(marks) > 1:
        return ""
    return f"; or times of day: --kind '{name}=date:{formats[marks.pop()]}'"


def read_times(
    cells: Sequence, name: str, missing: frozenset[str], given: str = ""
) -> tuple[np.ndarray, str]:
    """Reads the column of time.

    Args:
        cells: Raw, one a row.
        name: Of the column.
        missing: The words that read as missing.
        given: A kind that names the format ("date:%d/%m/%Y"), or "".

    Returns:
        The times [rows], datetime64[s] of dates, datetime64[us] of numbers, which are taken as
        seconds; and the format that reads all of them, "" if they are not text.

    Raises:
        LoadError: If the cells have no one format.
    """
    is_array = isinstance(cells, np.ndarray)
    if is_array and cells.dtype.kind == "M":
        return cells, ""
    _, _, format = given.partition(":")
    if not format and not is_array:
        format, _ = date_format(name, cells, missing)
    if format:
        times, bad = _read_dates(cells, name, format, missing)
        if not bad:
            return times, format
    numbers, bad = read_column(cells, Column(name, "numeric"), missing)
    if bad and not is_array:
        format, _ = find_dates(name, cells, missing, "")
        if format:
            times, _ = _read_dates(cells, name, format, missing)
            return times, format
    if bad or np.isnan(numbers).any():
        _refuse_times(cells, name, missing, given)
    return _seconds_as_times(cells, name), ""


def _read_dates(cells, name, format, missing):
    """Returns the dates of cells in a format, and the cells that it does not read."""
    column = Column(name, "date", format)
    return read_column(cells, column, missing)


def _seconds_as_times(cells, name):
    """Returns seconds since 1970 as datetime64[us]. Raises LoadError for milliseconds."""
    seconds = np.array([float(cell) for cell in cells])
    if np.abs(seconds).max() > MAX_SECONDS:
        raise LoadError(
            f"the time column {shorten(name)} has numbers such as {seconds.max():g}",
            expected="seconds, up to 1e11",
            fix="divide milliseconds by 1,000",
        )
    microseconds = (seconds * 1e6).round()
    whole = microseconds.astype(np.int64)
    return whole.astype("datetime64[us]")


def _refuse_times(cells, name, missing, given):
    """Raises LoadError that names the first cell which is no time."""
    what = f"the time column {shorten(name)}"
    for row, cell in enumerate(cells):
        if is_missing(cell, missing):
            raise LoadError(
                f"{what} has no time in row {row}",
                expected="a time in every row",
                fix="remove the rows without a time",
            )
    _, _, format = given.partition(":")
    if not format:
        format = "ISO8601"
    _, bad = _read_dates(cells, name, format, missing)
    detail = ""
    if bad:
        first = bad[0]
        detail = f": {first.value} in row {first.row} is not of the format {format}"
    raise LoadError(
        f"{what} has no one format{detail}",
        expected="dates of one format, or seconds as numbers, in every row",
        fix=f"--kind '{name}=date:FORMAT' with their format, such as date:%d.%m.%Y; quarters as "
        "the date that they begin on (2024-04-01)",
    )
