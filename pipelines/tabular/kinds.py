"""The kind of a column, inferred from its cells; printed, and overridden where it is wrong."""

import warnings
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from ..device.cells import FALSE_WORDS, TRUE_WORDS, Column, is_missing, read_column, shorten
from ..errors import LoadError

# Text columns in which more than this share of the values are different are free text or ids.
MOSTLY_DISTINCT = 0.5


@dataclass(frozen=True)
class Inferred:
    """One line of the printed schema: a column, its kind ("ignored" where it is left out) and why."""

    name: str
    kind: str
    why: str


def infer_column(name: str, cells: Sequence, given: str, *, decimal: str, missing: frozenset[str]
                 ) -> tuple[Column | None, str]:
    """(Column, or None where it is left out; why) of raw cells. `given`: a kind that overrides, or "". Raises
    LoadError where a column is mostly, but not all, numbers: which cells are wrong only the user knows."""
    if given == "ignored":
        return None, "given"
    if given:
        column = Column(name, given, decimal=decimal)
        return (replace(column, format=date_format(cells, missing) or "ISO8601") if given == "date" else column), ""
    if isinstance(cells, np.ndarray):
        kind = {"b": "boolean", "M": "date"}.get(cells.dtype.kind, "numeric")
        return Column(name, kind), f"stored as {cells.dtype}"
    filled = [cell for cell in cells if not is_missing(cell, missing)]
    if not filled:
        return Column(name, "numeric"), "all missing"
    words = {str(cell).strip().lower() for cell in filled}
    if words <= TRUE_WORDS | FALSE_WORDS and not words <= {"0", "1", "0.0", "1.0"}:
        return Column(name, "boolean"), "true and false words"
    _, bad = read_column(filled, Column(name, "numeric", decimal=decimal), missing)
    odd = [each for each in bad if each.reason == "not a number"]
    if not odd:
        return Column(name, "numeric", decimal=decimal), "every value is a number"
    if len(odd) <= 0.1 * len(filled):
        examples = ", ".join(list(dict.fromkeys(each.value for each in odd))[:5])
        raise LoadError(f"the column {shorten(name)} has {len(filled) - len(odd):,} numbers and {len(odd):,} other "
                        f"values: {examples}", expected="numbers only, or categories",
                        fix=f"read them as missing (--missing WORD), or --kind '{name}=categorical'")
    found = date_format(filled, missing)
    if found:
        return Column(name, "date", found), f"dates of the format {found}"
    distinct = len({str(cell) for cell in filled})
    if distinct > 50 and distinct > MOSTLY_DISTINCT * len(filled):
        return None, f"{distinct:,} different values in {len(filled):,} cells: free text or ids"
    return Column(name, "categorical"), f"{distinct:,} different values"


def date_format(cells: Sequence, missing: frozenset[str]) -> str:
    """The one format that reads every cell, or "" where there is none."""
    from pandas.tseries.api import guess_datetime_format
    filled = [str(cell).strip() for cell in cells if not is_missing(cell, missing)]
    if not filled or not any(letter.isdigit() for letter in filled[0]) or len(filled[0]) > 40:
        return ""
    guesses = ["ISO8601"] if filled[0][:4].isdigit() else []
    for dayfirst in (False, True):
        with warnings.catch_warnings():
            # pandas warns where the first date can only be read the other way round; every cell is tried below.
            warnings.simplefilter("ignore", UserWarning)
            guess = guess_datetime_format(filled[0], dayfirst=dayfirst)
        guesses += [guess] if guess and guess not in guesses else []
    for guess in guesses:
        if not read_column(filled, Column("", "date", guess), missing)[1]:
            return guess
    return ""
