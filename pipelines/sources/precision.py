"""Numbers that float32 cannot tell apart: nets, C and int8 scales compute in float32, so they are
refused.

An offset would keep them apart, but one that is found from all rows is learned from held-out rows,
and a raw row of a device is float32 as well. So the source has to say what such numbers are.
"""

from collections.abc import Sequence

import numpy as np

from ..device.cells import shorten
from ..errors import LoadError

# Up to here every whole number is a float32, and a float64.
FLOAT32_WHOLE = 2**24
FLOAT64_WHOLE = 2**53
# Of large amounts a few in thousands fall together, which changes nothing that is learned; of
# stamps and ids most do.
MAX_SHARE_MERGED = 0.005
# Fractions matter where the middle 90 % of a column holds fewer float32 than this.
MIN_LEVELS = 256
# What is as near as this, relative to its size, differs by rounding in float64 alone.
ROUNDING = 2.0**-44
_EPOCH_SECONDS = (946_684_800, 4_102_444_800)  # the years 2000 to 2100


def numbers_as_float32(name: str, cells: Sequence, values: np.ndarray) -> np.ndarray:
    """float64 [rows] of the column `name`, read from `cells`, as float32. Raises LoadError where
    the column loses information by it: see `refuse_merged`.
    """
    what = f"the column {shorten(name)}"
    known = values[~np.isnan(values)]
    fix = f"--drop '{name}' or --kind '{name}=categorical' for ids"
    if len(known) and _EPOCH_SECONDS[0] <= known.min() and known.max() <= _EPOCH_SECONDS[1]:
        fix += f"; --kind '{name}=date:unix' for seconds since 1970"
    refuse_merged(what, cells, values, f"{fix}; or subtract a constant in the source")
    return values.astype(np.float32)


def series_as_float32(what: str, values: np.ndarray) -> np.ndarray:
    """The numbers of one whole series, in any shape, as float32. Raises LoadError where it loses
    its information.
    """
    if values.dtype != np.float32 and np.any(np.abs(values) > FLOAT32_WHOLE):  # False for NaN
        refuse_merged(
            what,
            values.ravel(),
            values.ravel().astype(np.float64),
            "subtract a constant from every step",
        )
    return values.astype(np.float32)


def refuse_merged(what: str, cells: Sequence, values: np.ndarray, fix: str) -> None:
    """Raises LoadError where float32 makes different numbers equal: more than a few of whole
    numbers beyond 2^24, or numbers whose own spread is below what float32 can show at their size.

    values: float64 [rows], NaN where missing, read from `cells`.
    """
    known = np.abs(values[~np.isnan(values)])
    most = known.max(initial=0)
    if most <= FLOAT32_WHOLE and np.array_equal(known, np.round(known)):
        return
    distinct = np.unique(values[~np.isnan(values)])
    num_distinct = max(len(distinct), _num_exact(cells, values) if most >= FLOAT64_WHOLE else 0)
    merged = distinct.astype(np.float32)
    num_left = len(np.unique(merged))
    if num_distinct - num_left <= MAX_SHARE_MERGED * num_distinct or not _matters(distinct):
        return
    order = np.flatnonzero(merged[1:] == merged[:-1])
    if len(order):
        pair = distinct[order[0] : order[0] + 2]
    else:
        pair = distinct[:1]
    raise LoadError(
        f"{what} has {num_distinct:,} different numbers, of which {num_left:,} are left in "
        f"float32, which nets compute in: {' and '.join(map(_in_full, pair))} become "
        f"{_in_full(np.float32(pair[0]))}",
        expected="numbers that differ by more than 1 in 16,777,216",
        fix=fix,
    )


def _in_full(value):
    if value == round(value):
        return f"{value:.0f}"
    return f"{value:.17g}"


def _num_exact(cells, values):
    """How many different whole numbers the cells are, where float64 has lost some."""
    if isinstance(cells, np.ndarray):
        if cells.dtype.kind in "iu":
            return len(np.unique(cells))
        return 0
    large = np.flatnonzero(np.abs(values) >= FLOAT64_WHOLE)
    digits = {text for row in large if (text := str(cells[row]).strip().lstrip("+-")).isdigit()}
    return len(digits)


def _matters(distinct):
    """Whether rising numbers are whole ones, or lie closer together than float32 can show."""
    if np.abs(distinct).max() > FLOAT32_WHOLE and np.array_equal(distinct, np.round(distinct)):
        return True
    size = float(np.median(np.abs(distinct)))
    low, high = np.percentile(distinct, [5, 95])
    if distinct[-1] - distinct[0] <= ROUNDING * size:
        return False
    return high - low < MIN_LEVELS * float(np.spacing(np.float32(size)))
