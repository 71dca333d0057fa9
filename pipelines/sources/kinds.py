"""The kind of a column, inferred from its cells; printed, and overridden where it is wrong. And
columns of time.
"""

import re
from collections.abc import Sequence

import numpy as np

from ..device.cells import FALSE_WORDS, TRUE_WORDS, Column, is_missing, read_column, shorten
from ..errors import LoadError
from .dates import date_format, find_dates
from .marks import Marks, code_with_zeros, read_as_numbers
from .refuse_numbers import refuse_spellings
from .target_column import refuse_some_numbers
from .words import count_words

# Text columns in which more than this share of the values are different are free text or ids.
MOSTLY_DISTINCT = 0.5
_LOOKS_WHOLE = re.compile(
    r"[+-]?\d+(\.\d+)?"
)  # 20240131 and 12.05 are numbers before they are dates


def infer_column(
    name: str,
    cells: Sequence,
    given: str,
    *,
    marks: Marks,
    missing: frozenset[str],
    dates: bool = True,
) -> tuple[Column | None, str]:
    """(Column, or None where it is left out; why) of raw cells. `given`: a kind that overrides
    ("date:%d.%m.%y" names the format as well), or "". `marks`: how the numbers of the source are
    written. `dates`: whether dates are of any use; if not, those of two readings or two formats are
    not asked about. Raises LoadError where a column is mostly, but not all, numbers or dates: which
    cells are wrong only the user knows; and where numbers have two readings.
    """
    if given == "ignored":
        return None, "given"
    filled = []
    if not isinstance(cells, np.ndarray):
        filled = [cell for cell in cells if not is_missing(cell, missing)]
    if given:
        return _given_column(name, cells, filled, given, marks=marks, missing=missing)
    if isinstance(cells, np.ndarray):
        kind = {"b": "boolean", "M": "date"}.get(cells.dtype.kind, "numeric")
        return Column(name, kind), f"stored as {cells.dtype}"
    if not filled:
        return _empty_column(name, cells, missing)
    words = {str(cell).strip().lower() for cell in filled}
    if words <= TRUE_WORDS | FALSE_WORDS and not words <= {"0", "1", "0.0", "1.0"}:
        return Column(name, "boolean"), "true and false words"
    # Numbers are no dates, and trying a dozen formats on each of thousands of columns would take
    # minutes.
    if not all(_LOOKS_WHOLE.fullmatch(str(cell).strip()) for cell in filled[:100]):
        found, why = date_format(name, filled, missing, ask=dates)
        if found:
            return Column(name, "date", found), why
    code = code_with_zeros(filled)
    if code:
        return _text_column(name, filled, f"{shorten(code)} is a code, and no number: ")
    numbers = read_as_numbers(f"the column {shorten(name)}", name, filled, marks)
    if not numbers.bad:
        return numbers.column, numbers.why
    _refuse_numbers_in_part(name, filled, numbers)
    if dates:
        otherwise = f", or --kind '{name}=categorical' or '{name}=ignored'"
        found, why = find_dates(name, cells, missing, otherwise)
        if found:
            return Column(name, "date", found), why
    return _text_column(name, filled, "")


def _refuse_numbers_in_part(name, filled, numbers):
    """Raises LoadError where so many cells are numbers that the others are likely wrong."""
    what = f"the column {shorten(name)}"
    otherwise = f"--kind '{name}=categorical'"
    refuse_spellings(what, filled, numbers, otherwise)
    refuse_some_numbers(what, filled, numbers.bad, otherwise)


def _given_column(name, cells, filled, given, *, marks, missing):
    """(Column, why) of a column whose kind the user gave."""
    if given == "numeric" and filled:
        numbers = read_as_numbers(f"the column {shorten(name)}", name, filled, marks, given=True)
        if numbers.is_special:
            return numbers.column, f"given; {numbers.why}"
        return numbers.column, "given"
    kind, _, named = given.partition(":")
    if not named and kind == "date":
        named, _ = date_format(name, cells, missing)
    return Column(name, kind, format=named or "ISO8601"), "given"


def _empty_column(name, cells, missing):
    """(Column, why) of a column without a value."""
    most = count_words(cells, missing).most_common(3)
    if not most:
        return Column(name, "numeric"), "all missing"
    words = ", ".join(f"{count:,} cells {word!r}" for word, count in most)
    return Column(name, "numeric"), f"all missing: {words} (--read not_missing=WORD)"


def _text_column(name, filled, reason):
    """(Column, or None of free text; why) of a column of texts."""
    distinct = len({str(cell) for cell in filled})
    if distinct > 50 and distinct > MOSTLY_DISTINCT * len(filled):
        values = f"{distinct:,} different values in {len(filled):,} cells"
        return None, f"{reason}{values}: free text or ids"
    return Column(name, "categorical"), f"{reason}{distinct:,} different values"


def read_times(
    cells: Sequence, name: str, missing: frozenset[str], given: str = ""
) -> tuple[np.ndarray, str]:
    """(datetime64[s] of dates, datetime64[us] of numbers, which are taken as seconds, [rows]; the
    format that reads all of them, "" where they are not text). `given`: a kind that names the
    format ("date:%d/%m/%Y"), or "". Raises LoadError where the cells have no one format.
    """
    if isinstance(cells, np.ndarray) and cells.dtype.kind == "M":
        return cells, ""
    found = given.partition(":")[2]
    if not found and not isinstance(cells, np.ndarray):
        found, _ = date_format(name, cells, missing)
    if found:
        values, bad = read_column(cells, Column(name, "date", found), missing)
    else:
        values, bad = (cells, [])
    if found and not bad:
        return values, found
    numbers, bad = read_column(cells, Column(name, "numeric"), missing)
    if bad and not isinstance(cells, np.ndarray):
        found, _ = find_dates(name, cells, missing, "")
        if found:
            return read_column(cells, Column(name, "date", found), missing)[0], found
    if bad or np.isnan(numbers).any():
        _refuse_times(cells, name, missing, given)
    exact = np.array([float(cell) for cell in cells])
    if np.abs(exact).max() > 1e11:
        raise LoadError(
            f"the time column {shorten(name)} has numbers such as {exact.max():g}",
            expected="seconds, up to 1e11",
            fix="divide milliseconds by 1,000",
        )
    return (exact * 1e6).round().astype(np.int64).astype("datetime64[us]"), ""


def _refuse_times(cells, name, missing, given):
    """Raises LoadError that names the first cell which is no time."""
    column = Column(name, "date", given.partition(":")[2] or "ISO8601")
    absent = next((row for row, cell in enumerate(cells) if is_missing(cell, missing)), None)
    if absent is not None:
        raise LoadError(
            f"the time column {shorten(name)} has no time in row {absent}",
            expected="a time in every row",
            fix="remove the rows without a time",
        )
    bad = read_column(cells, column, missing)[1]
    if bad:
        first = f": {bad[0].value} in row {bad[0].row} is not of the format {column.format}"
    else:
        first = ""
    raise LoadError(
        f"the time column {shorten(name)} has no one format{first}",
        expected="dates of one format, or seconds as numbers, in every row",
        fix=f"--kind '{name}=date:FORMAT' with their format, such as date:%d.%m.%Y; quarters as "
        "the date that they begin on (2024-04-01)",
    )
