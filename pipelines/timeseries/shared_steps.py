"""Rows that fall into one step of one series: refused where they are many, for their mean is hardly
ever meant.
"""

from collections.abc import Mapping, Sequence

import numpy as np

from ..device.cells import is_missing, shorten
from ..device.history import MOST_SHARED
from ..errors import LoadError
from .grid import Gridded

SHARED = ("", "mean")
MAX_CANDIDATES = 200  # columns that are tried as ids


def refuse_shared(
    table: Mapping[str, Sequence],
    times: np.ndarray,
    series: np.ndarray,
    grid: Gridded,
    *,
    roles: tuple[str, ...],
    step: str,
) -> None:
    """Raises LoadError where more than MOST_SHARED of the rows share their step with another row of
    their series; with a `step` that was asked for, which may be a coarser one, where they share
    their time stamp.

    times: datetime64[s] [rows]; series: int64 [rows]; roles: the columns that tell time, target,
    label and series.
    """
    num_rows = len(times)
    num_alike = _num_shared(times.astype(np.int64), series)
    if step:
        num_shared = num_alike
    else:
        num_shared = grid.num_shared
    if num_shared <= MOST_SHARED * num_rows:
        return
    if step:
        what = "their time"
    else:
        what = f"their step of {grid.pace.step_seconds:,} s"
    found = _tells_apart(table, times, series, roles)
    if found:
        hint = f"--id '{found[0]}', whose {found[1]:,} values tell them apart"
    else:
        hint = "--id COLUMN, the one that separates the series"
    if step or num_alike > MOST_SHARED * num_rows:
        finer = ""
    else:
        finer = "; a finer step, such as --set load.step=1min"
    raise LoadError(
        f"{num_shared:,} of {num_rows:,} rows share {what} with another row of the same series",
        expected=f"at most {MOST_SHARED:.0%} of the rows: of the others the mean would be taken",
        fix=f"{hint}{finer}; or, if the mean is meant, --set load.shared=mean",
    )


def _num_shared(times, series):
    """How many rows are more than one of a time and series."""
    return len(times) - len(np.unique(np.stack([series, times]), axis=1).T)


def _tells_apart(table, times, series, roles):
    """(name, number of values) of the column whose values part the rows of one time best, if nearly
    all; or None.
    """
    best = None
    names = [name for name in table if name not in roles][:MAX_CANDIDATES]
    for name in names:
        codes, num_values = _codes(table[name])
        if not 2 <= num_values <= len(times) // 2:
            continue
        together = np.unique(np.stack([series, codes]), axis=1, return_inverse=True)[1].ravel()
        left = _num_shared(times.astype(np.int64), together)
        if left <= MOST_SHARED * len(times) and (best is None or (left, num_values) < best[:2]):
            best = (left, num_values, name)
    return best and (best[2], best[1])


def _codes(cells):
    """int64 [rows] of the values of a column, and how many there are; numbers with a fraction are
    measurements, and have none.
    """
    if (
        isinstance(cells, np.ndarray)
        and cells.dtype.kind == "f"
        and np.any(cells != np.floor(cells))
    ):
        return np.zeros(len(cells), np.int64), 0
    texts = [None if is_missing(cell, frozenset({""})) else str(cell).strip() for cell in cells]
    places = {text: place for place, text in enumerate(dict.fromkeys(texts))}
    return np.array([places[text] for text in texts], np.int64), 0 if None in places else len(
        places
    )


def check_shared(shared: str) -> None:
    """Raises LoadError for another word than one of SHARED."""
    if shared not in SHARED:
        raise LoadError(
            f"load.shared={shorten(shared)}",
            expected=" or ".join(map(repr, SHARED)),
            fix="--set load.shared=mean",
        )
