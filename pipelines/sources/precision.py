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
_FEW = 100  # numbers that are looked at first
_ONE_IN = 5  # numbers that are sorted first
# What is as near as this, relative to its size, differs by rounding in float64 alone.
ROUNDING = 2.0**-44
_EPOCH_SECONDS = (946_684_800, 4_102_444_800)  # the years 2000 to 2100


def numbers_as_float32(name: str, cells: Sequence, values: np.ndarray) -> np.ndarray:
    """Returns a column of numbers as float32 [rows].

    Args:
        name: Of the column.
        cells: Raw, one a row.
        values: float64 [rows], read from `cells`.

    Raises:
        LoadError: If the column loses information by it, see `refuse_merged`.
    """
    merged = find_merged(cells, values)
    if not merged:
        return values.astype(np.float32)
    fix = f"--drop '{name}' or --kind '{name}=categorical' for ids"
    if _may_be_epoch_seconds(values):
        fix += f"; --kind '{name}=date:unix' for seconds since 1970"
    fix += "; or subtract a constant in the source"
    raise _merged_error(f"the column {shorten(name)}", merged, fix)


def _may_be_epoch_seconds(values):
    is_known = ~np.isnan(values)
    known = values[is_known]
    if not len(known):
        return False
    first, last = _EPOCH_SECONDS
    return first <= known.min() and known.max() <= last


def series_as_float32(what: str, values: np.ndarray) -> np.ndarray:
    """Returns the numbers of one whole series, in any shape, as float32.

    Raises:
        LoadError: If the series loses information by it, see `refuse_merged`.
    """
    if values.dtype == np.float32:
        return values.astype(np.float32)
    is_large = np.abs(values) > FLOAT32_WHOLE  # False for NaN
    if is_large.any():
        flat = values.ravel()
        exact = flat.astype(np.float64)
        refuse_merged(what, flat, exact, "subtract a constant from every step")
    return values.astype(np.float32)


def refuse_merged(what: str, cells: Sequence, values: np.ndarray, fix: str) -> None:
    """Refuses numbers of which float32 makes different ones equal: more than a few of whole numbers
    beyond 2^24, or numbers whose own spread is below what float32 can show at their size.

    Args:
        what: The numbers' name, for the error.
        cells: Raw, one a row.
        values: float64 [rows], NaN where missing, read from `cells`.
        fix: What the user may do, for the error.

    Raises:
        LoadError: For such numbers.
    """
    merged = find_merged(cells, values)
    if merged:
        raise _merged_error(what, merged, fix)


def _merged_error(what, merged, fix):
    """Returns the error of numbers that are merged as `find_merged` has it."""
    return LoadError(
        f"{what} has {merged}",
        expected="numbers that differ by more than 1 in 16,777,216",
        fix=fix,
    )


def find_merged(cells: Sequence, values: np.ndarray) -> str:
    """Returns what of numbers is lost in float32, in words; "" if `refuse_merged` lets them pass.

    Args:
        cells: Raw, one a row.
        values: float64 [rows], NaN where missing, read from `cells`.
    """
    known = values
    is_missing = np.isnan(values)
    if is_missing.any():
        known = values[~is_missing]
    largest = max(known.max(initial=0), -known.min(initial=0))
    if largest <= FLOAT32_WHOLE and (_are_whole(known) or _are_far_apart(known, largest)):
        return ""
    distinct = np.unique(known)
    num_distinct = len(distinct)
    if largest >= FLOAT64_WHOLE:
        num_exact = _num_exact(cells, values)
        num_distinct = max(num_distinct, num_exact)
    merged = distinct.astype(np.float32)
    num_left = len(merged) - np.count_nonzero(merged[1:] == merged[:-1])  # they are sorted
    num_lost = num_distinct - num_left
    if num_lost <= MAX_SHARE_MERGED * num_distinct:
        return ""
    if not _matters(distinct):
        return ""
    pair = _first_merged(distinct, merged)
    shown = " and ".join(map(_in_full, pair))
    as_float32 = np.float32(pair[0])
    return (
        f"{num_distinct:,} different numbers, of which {num_left:,} are left in "
        f"float32, which nets compute in: {shown} become {_in_full(as_float32)}"
    )


def _are_whole(values):
    few = values[:_FEW]  # they show it of most columns
    if not np.array_equal(few, np.round(few)):
        return False
    return np.array_equal(values, np.round(values))


def _are_far_apart(known, largest):
    """Tests whether `_matters` is surely False, by some of the numbers, as all take longer to sort.

    One in twenty of all different numbers, at most, lies below the 5th percentile of them. Where so
    many different ones are found on each side of a range, it lies within the middle 90 %.
    """
    num_outside = len(known) // 20 + 2
    some = np.unique(known[::_ONE_IN])
    if len(some) <= 2 * num_outside:
        return False
    middle = some[-num_outside] - some[num_outside - 1]
    return middle >= MIN_LEVELS * float(np.spacing(np.float32(largest)))


def _first_merged(distinct, merged):
    """Returns the first two numbers that are equal in float32, or the first number alone."""
    is_equal = merged[1:] == merged[:-1]
    if not is_equal.any():
        return distinct[:1]
    first = int(is_equal.argmax())
    return distinct[first : first + 2]


def _in_full(value):
    if value == round(value):
        return f"{value:.0f}"
    return f"{value:.17g}"


def _num_exact(cells, values):
    """Returns how many different whole numbers the cells are, where float64 has lost some."""
    if isinstance(cells, np.ndarray):
        if cells.dtype.kind in "iu":
            return len(np.unique(cells))
        return 0
    digits = set()
    is_large = np.abs(values) >= FLOAT64_WHOLE
    for row in np.flatnonzero(is_large):
        cell = str(cells[row])
        text = cell.strip().lstrip("+-")
        if text.isdigit():
            digits.add(text)
    return len(digits)


def _matters(distinct):
    """Tests whether rising numbers are whole ones, or lie closer together than float32 can show."""
    sizes = np.abs(distinct)
    is_large = sizes.max() > FLOAT32_WHOLE
    if is_large and _are_whole(distinct):
        return True
    size = float(np.median(sizes))
    spread = distinct[-1] - distinct[0]
    if spread <= ROUNDING * size:
        return False
    low, high = np.percentile(distinct, [5, 95])
    middle = high - low
    spacing = np.spacing(np.float32(size))
    return middle < MIN_LEVELS * float(spacing)
