"""Rows that fall into one step of one series: refused where they are many, for their mean is hardly
ever meant.
"""

from collections.abc import Mapping, Sequence

import numpy as np

from ..device.cells import is_missing, shorten
from ..device.history import MOST_SHARED
from ..errors import LoadError
from .grid import RegularGrid

SHARED = ("", "mean")
MAX_CANDIDATES = 200  # columns that are tried as ids


def refuse_shared(
    table: Mapping[str, Sequence],
    times: np.ndarray,
    series: np.ndarray,
    grid: RegularGrid,
    *,
    roles: tuple[str, ...],
    step: str,
) -> None:
    """Refuses rows of which more than MOST_SHARED share their step with another row.

    With a `step` that was asked for, which may be a coarser one, rows that share their time stamp
    count.

    Args:
        table: Raw cells by column.
        times: datetime64[s] [rows].
        series: The code of each row's series, int64 [rows].
        grid: Where the rows lie.
        roles: The columns of time, target, label and series.
        step: The step that was asked for, or "".

    Raises:
        LoadError: If too many rows share their step.
    """
    num_rows = len(times)
    num_alike = _num_shared(times.astype(np.int64), series)
    most_shared = MOST_SHARED * num_rows
    num_shared = grid.num_shared
    what = f"their step of {grid.pace.step_seconds:,} s"
    if step:
        num_shared = num_alike
        what = "their time"
    if num_shared <= most_shared:
        return
    hint = "--id COLUMN, the one that separates the series"
    found = _tells_apart(table, times, series, roles)
    if found:
        name, num_values = found
        hint = f"--id '{name}', whose {num_values:,} values tell them apart"
    finer = ""
    if not step and num_alike <= most_shared:
        finer = "; a finer step, such as --set load.step=1min"
    raise LoadError(
        f"{num_shared:,} of {num_rows:,} rows share {what} with another row of the same series",
        expected=f"at most {MOST_SHARED:.0%} of the rows: of the others the mean would be taken",
        fix=f"{hint}{finer}; or, if the mean is meant, --set load.shared=mean",
    )


def _num_shared(times, series):
    """Returns how many rows are more than one of a time and series."""
    pairs = np.stack([series, times])
    num_distinct = np.unique(pairs, axis=1).shape[1]
    return len(times) - num_distinct


def _tells_apart(table, times, series, roles):
    """Returns the name and the number of values of the column whose values part the rows of one
    time best, if nearly all; or None.
    """
    num_rows = len(times)
    seconds = times.astype(np.int64)
    best = None
    fewest = (num_rows, num_rows)
    names = [name for name in table if name not in roles]
    for name in names[:MAX_CANDIDATES]:
        codes, num_values = _codes(table[name])
        if not 2 <= num_values <= num_rows // 2:
            continue
        pairs = np.stack([series, codes])
        _, together = np.unique(pairs, axis=1, return_inverse=True)
        num_left = _num_shared(seconds, together.ravel())
        if num_left <= MOST_SHARED * num_rows and (num_left, num_values) < fewest:
            fewest = (num_left, num_values)
            best = (name, num_values)
    return best


def _codes(cells):
    """Returns the codes of a column's values, int64 [rows], and how many values there are.

    A column with a missing cell has none, and neither have numbers with a fraction: these are
    measurements.
    """
    is_real = isinstance(cells, np.ndarray) and cells.dtype.kind == "f"
    if is_real and np.any(cells != np.floor(cells)):
        return np.zeros(len(cells), np.int64), 0
    empty = frozenset({""})
    numbers: dict[str, int] = {}
    codes = np.zeros(len(cells), np.int64)
    for row, cell in enumerate(cells):
        if is_missing(cell, empty):
            return codes, 0
        text = str(cell).strip()
        codes[row] = numbers.setdefault(text, len(numbers))
    return codes, len(numbers)


def check_shared(shared: str) -> None:
    """Raises LoadError for another word than one of SHARED."""
    if shared not in SHARED:
        words = [repr(word) for word in SHARED]
        raise LoadError(
            f"load.shared={shorten(shared)}",
            expected=" or ".join(words),
            fix="--set load.shared=mean",
        )
