"""The kind of a column, inferred from its cells; printed, and overridden where it is wrong. And columns of time."""

import re
import warnings
from collections.abc import Sequence

import numpy as np

from .device.cells import FALSE_WORDS, TRUE_WORDS, Column, is_missing, read_column, shorten
from .errors import LoadError
from .marks import Marks, code_with_zeros, read_as_numbers, refuse_spellings
from .target import refuse_some_numbers

# Text columns in which more than this share of the values are different are free text or ids.
MOSTLY_DISTINCT = 0.5
_LOOKS_WHOLE = re.compile(r"[+-]?\d+(\.\d+)?")  # 20240131 and 12.05 are numbers before they are dates


def infer_column(name: str, cells: Sequence, given: str, *, marks: Marks, missing: frozenset[str]
                 ) -> tuple[Column | None, str]:
    """(Column, or None where it is left out; why) of raw cells. `given`: a kind that overrides ("date:%d.%m.%y" names
    the format as well), or "". `marks`: how the numbers of the source are written. Raises LoadError where a column is
    mostly, but not all, numbers: which cells are wrong only the user knows; and where numbers have two readings."""
    if given == "ignored":
        return None, "given"
    what = f"the column {shorten(name)}"
    filled = [] if isinstance(cells, np.ndarray) else [cell for cell in cells if not is_missing(cell, missing)]
    if given == "numeric" and filled:
        numbers = read_as_numbers(what, name, filled, marks, given=True)
        return numbers.column, f"given; {numbers.why}" if numbers.is_special else "given"
    if given:
        kind, _, named = given.partition(":")
        return Column(name, kind, format=named or (date_format(cells, missing)[0] if kind == "date" else "")
                      or "ISO8601"), "given"
    if isinstance(cells, np.ndarray):
        kind = {"b": "boolean", "M": "date"}.get(cells.dtype.kind, "numeric")
        return Column(name, kind), f"stored as {cells.dtype}"
    if not filled:
        return Column(name, "numeric"), "all missing"
    words = {str(cell).strip().lower() for cell in filled}
    if words <= TRUE_WORDS | FALSE_WORDS and not words <= {"0", "1", "0.0", "1.0"}:
        return Column(name, "boolean"), "true and false words"
    found, why = date_format(filled, missing)
    if found and not all(_LOOKS_WHOLE.fullmatch(str(cell).strip()) for cell in filled[:100]):
        return Column(name, "date", found), why
    code = code_with_zeros(filled)
    if not code:
        numbers = read_as_numbers(what, name, filled, marks)
        if not numbers.bad:
            return numbers.column, numbers.why
        otherwise = f"--kind '{name}=categorical'"
        refuse_spellings(what, filled, numbers, otherwise)
        refuse_some_numbers(what, filled, numbers.bad, otherwise)
    said = f"{shorten(code)} is a code, and no number: " if code else ""
    distinct = len({str(cell) for cell in filled})
    if distinct > 50 and distinct > MOSTLY_DISTINCT * len(filled):
        return None, f"{said}{distinct:,} different values in {len(filled):,} cells: free text or ids"
    return Column(name, "categorical"), f"{said}{distinct:,} different values"


def date_format(cells: Sequence, missing: frozenset[str]) -> tuple[str, str]:
    """The format that reads every cell, or "" where there is none; and what to say of it."""
    filled = [str(cell).strip() for cell in cells if not is_missing(cell, missing)]
    if not filled or not any(letter.isdigit() for letter in filled[0]) or len(filled[0]) > 40:
        return "", ""
    few = filled[::len(filled) // 20 + 1]  # they rule most guesses out, and all cells take their time
    fits = [guess for guess in _guesses(filled[0]) if not any(
        read_column(cells, Column("", "date", guess), missing)[1] for cells in (few, filled))]
    if not fits:
        return "", ""
    why = f"dates of the format {fits[0]}"
    other = next((guess for guess in fits[1:] if {guess[:2], fits[0][:2]} == {"%d", "%m"}), "")
    return fits[0], f"{why}, or else 'date:{other}'" if other else why


def _guesses(cell):
    """Formats that may be the cell's: ISO, day first where points part it, month first else (and then the other)."""
    from pandas.tseries.api import guess_datetime_format
    guesses = ["ISO8601"] if cell[:4].isdigit() else []
    for dayfirst in (True, False) if "." in cell[:6] else (False, True):
        with warnings.catch_warnings():
            # pandas warns where the first date can only be read the other way round; every cell is tried.
            warnings.simplefilter("ignore", UserWarning)
            guess = guess_datetime_format(cell, dayfirst=dayfirst)
        guesses += [guess] if guess else []
        first, second = ("%d", "%m") if dayfirst else ("%m", "%d")
        for mark in "./-":
            for year in ("%y", "%Y"):
                day = f"{first}{mark}{second}{mark}{year}"
                guesses += [day, f"{day} %H:%M", f"{day} %H:%M:%S", f"{day} %I:%M %p"] if mark in cell else []
    return list(dict.fromkeys(guesses))


def read_times(cells: Sequence, name: str, missing: frozenset[str]) -> tuple[np.ndarray, str]:
    """(datetime64[s] of dates, datetime64[us] of numbers, which are taken as seconds, [rows]; the format that reads all
    of them, "" where they are not text). Raises LoadError where the cells have no one format."""
    if isinstance(cells, np.ndarray) and cells.dtype.kind == "M":
        return cells, ""
    found, _ = date_format(cells, missing) if not isinstance(cells, np.ndarray) else ("", "")
    values, bad = read_column(cells, Column(name, "date", found), missing) if found else (cells, [])
    if found and not bad:
        return values, found
    numbers, bad = read_column(cells, Column(name, "numeric"), missing)
    if bad or np.isnan(numbers).any():
        raise LoadError(f"the time column {shorten(name)} has no one format",
                        expected="dates of one format, or seconds as numbers, in every row", fix="mend the column")
    exact = np.array([float(cell) for cell in cells])
    if np.abs(exact).max() > 1e11:
        raise LoadError(f"the time column {shorten(name)} has numbers such as {exact.max():g}",
                        expected="seconds, up to 1e11", fix="divide milliseconds by 1,000")
    return (exact * 1e6).round().astype(np.int64).astype("datetime64[us]"), ""
