"""Slices of the rows where a model errs more than elsewhere, found by looking at every value or bin
of each column, and at pairs (as Slice Finder does, Chung et al. 2019,
https://arxiv.org/abs/1807.06068), corrected for as many as were looked at (Holm 1979).
"""

from dataclasses import dataclass, replace
from itertools import combinations
from math import sqrt

import numpy as np

from ..corrected import CONFIDENCE, holm
from .columns import Binned, binned
from .opened import OpenedBundle
from .reading import Reading

TITLE = "Error slices"
LEAST_ROWS = 30
MOST_LOOKED_AT = 5000
MAX_SHOWN = 20
LEAST_VARIANCE = 1e-300


@dataclass(frozen=True)
class Slice:
    """Rows with one value or bin of a column, or of two.

    Attributes:
        where: (column, value or bin) of each.
        num_rows: In the slice.
        error: Its mean error.
        standard_error: Of that mean.
        elsewhere: The mean error of all other rows.
        p_value: Of no more error than elsewhere; Holm's, once all were looked at.
    """

    where: tuple[tuple[str, str], ...]
    num_rows: int
    error: float
    standard_error: float
    elsewhere: float
    p_value: float = 1.0

    @property
    def words(self) -> str:
        return " and ".join(f"{column}: {value}" for column, value in self.where)

    @property
    def is_real(self) -> bool:
        return self.p_value <= 1 - CONFIDENCE


@dataclass(frozen=True)
class FoundSlices:
    """The slices with more error than elsewhere.

    Attributes:
        slices: The least p-value first; a pair only where it shows more than one of its two.
        num_looked_at: Slices that were tested.
        has_pairs: Whether pairs of columns were among them.
    """

    slices: tuple[Slice, ...]
    num_looked_at: int
    has_pairs: bool


def find_slices(
    columns: dict[str, Binned],
    errors: np.ndarray,
    *,
    are_mistakes: bool,
    least_rows: int = LEAST_ROWS,
) -> FoundSlices:
    """Returns where errors are larger than elsewhere by more than noise.

    Args:
        columns: Name → its groups of the rows.
        errors: float64 [rows].
        are_mistakes: Whether they are 0 or 1: then the p-value is of Fisher's exact test, else of
            Welch's t-test, one-sided.
        least_rows: Of a slice, and of the rows elsewhere.
    """
    found = []
    for name, column in columns.items():
        found += _slices_of(
            (name,),
            (column,),
            errors,
            least_rows,
        )
    pairs = list(combinations(columns, 2))
    num_cells = 0
    for one, other in pairs:
        num_cells += len(columns[one].names) * len(columns[other].names)
    has_pairs = 0 < num_cells <= MOST_LOOKED_AT
    if has_pairs:
        for one, other in pairs:
            parts = (columns[one], columns[other])
            found += _slices_of(
                (one, other),
                parts,
                errors,
                least_rows,
            )
    p_values = _p_values(found, errors, are_mistakes)
    real = []
    for each, p_value in zip(found, holm(p_values), strict=True):
        tested = replace(each, p_value=p_value)
        if tested.is_real:
            real.append(tested)
    real.sort(key=_order)
    telling = _telling(real)
    return FoundSlices(tuple(telling), len(found), has_pairs)


def _order(found):
    return found.p_value, -found.error


def _slices_of(names, columns, errors, least_rows):
    """Returns the slices of a column, or of a pair, that have rows enough.

    Args:
        names: Of the columns.
        columns: Their groups.
        errors: float64 [rows].
        least_rows: Of a slice.
    """
    shape = tuple(len(column.names) for column in columns)
    codes = [column.codes for column in columns]
    cells = np.ravel_multi_index(codes, shape)
    counts = np.bincount(cells)
    sums = np.bincount(cells, weights=errors)
    squares = np.bincount(cells, weights=errors**2)
    total = errors.sum()
    num_rows = len(errors)
    found = []
    for cell in np.flatnonzero(counts >= least_rows):
        inside = int(counts[cell])
        outside = num_rows - inside
        if outside < least_rows:
            continue
        mean = sums[cell] / inside
        variance = max(squares[cell] / inside - mean**2, 0.0)
        elsewhere = (total - sums[cell]) / outside
        places = np.unravel_index(cell, shape)
        where = []
        for name, column, place in zip(
            names,
            columns,
            places,
            strict=True,
        ):
            where.append((name, column.names[place]))
        each = Slice(
            tuple(where),
            num_rows=inside,
            error=float(mean),
            standard_error=sqrt(variance / inside),
            elsewhere=float(elsewhere),
        )
        found.append(each)
    return found


def _p_values(found, errors, are_mistakes):
    """Returns the one-sided p-value of each slice."""
    if not found:
        return []
    inside = np.array([each.num_rows for each in found])
    mean = np.array([each.error for each in found])
    if are_mistakes:
        return _fisher(errors, inside, mean).tolist()
    standard_error = np.array([each.standard_error for each in found])
    variance = inside * standard_error**2
    return _welch(
        errors,
        inside,
        mean,
        variance,
    ).tolist()


def _fisher(errors, inside, mean):
    """Returns the p-values of Fisher's exact test, float64 [slices], of rows in each slice and the
    share of mistakes there.
    """
    from scipy.stats import hypergeom

    wrong = np.rint(mean * inside)
    all_wrong = int(errors.sum())
    return hypergeom.sf(
        wrong - 1,
        len(errors),
        all_wrong,
        inside,
    )


def _welch(errors, inside, mean, variance):
    """Returns the p-values of Welch's t-test, float64 [slices], of rows in each slice, their mean
    error and its variance.
    """
    from scipy.stats import t as student

    outside = len(errors) - inside
    sum_outside = errors.sum() - inside * mean
    mean_outside = sum_outside / outside
    squares = inside * (variance + mean**2)
    squares_outside = np.sum(errors**2) - squares
    variance_outside = squares_outside / outside - mean_outside**2
    variance_outside = np.maximum(variance_outside, 0)
    one = variance / (inside - 1)
    other = variance_outside / (outside - 1)
    total = np.maximum(one + other, LEAST_VARIANCE)
    of_one = one**2 / (inside - 1)
    of_other = other**2 / (outside - 1)
    parts = np.maximum(of_one + of_other, LEAST_VARIANCE)
    freedom = np.maximum(total**2 / parts, 1)
    distance = (mean - mean_outside) / np.sqrt(total)
    return student.sf(distance, freedom)


def _telling(real):
    """Yields slices; a pair only if it errs clearly more than each of its two that is listed."""
    alone = {}
    for each in real:
        if len(each.where) == 1:
            alone[each.where[0]] = each.error
    for each in real:
        least = each.error - 2 * each.standard_error
        parents = [alone.get(part, 0.0) for part in each.where]
        if len(parents) == 1 or least > max(parents):
            yield each


def read_slices(opened: OpenedBundle) -> Reading:
    """Looks for slices among the raw columns that the rows have, read by the model or not."""
    errors = opened.task.row_errors(opened.rows.y, opened.answers, opened.target)
    known = ~np.isnan(errors)
    columns = {}
    for name, x in opened.rows.x.items():
        column = binned(x)
        columns[name] = Binned(column.names, column.codes[known])
    errors = errors[known]
    found = find_slices(
        columns,
        errors,
        are_mistakes=opened.task.has_mistakes,
    )
    return _reading(opened, found, errors)


def _reading(opened, found, errors):
    words = opened.task.error_words
    lines = [_line(each) for each in found.slices[:MAX_SHOWN]]
    return Reading(
        TITLE,
        _verdict(found, words, errors),
        headings=("where", "rows", words, "elsewhere", "p"),
        lines=tuple(lines),
        note=_note(opened, found, errors),
        values=[vars(each) for each in found.slices],
    )


def _line(each):
    return (
        each.words,
        f"{each.num_rows:,}",
        f"{each.error:.4g}",
        f"{each.elsewhere:.4g}",
        f"{each.p_value:.2g}",
    )


def _note(opened, found, errors):
    kinds = "single columns"
    if found.has_pairs:
        kinds = "single columns and pairs of them"
    overlap = ""
    if opened.signature.frame is not None:
        overlap = ". Windows share steps, so that p is too small"
    test = "Welch's t-test"
    if opened.task.has_mistakes:
        test = "Fisher's exact test"
    return (
        f"The int8 file on {len(errors):,} {opened.part} rows; every value or fifth of {kinds} "
        f"with {LEAST_ROWS} rows or more, {found.num_looked_at:,} slices; p is {test}, "
        "one-sided, Holm's for all of them. A pair is listed where it shows more than its two "
        f"alone{overlap}"
    )


def _verdict(found, words, errors):
    overall = f"{errors.mean():.4g}"
    looked_at = f"{found.num_looked_at:,}"
    if not found.slices:
        return (
            f"No slice of {looked_at} errs more than the other rows by more than noise; all rows: "
            f"{words} {overall}."
        )
    worst = max(found.slices, key=lambda each: each.error)
    return (
        f"The {words} is {overall} over all rows and {worst.error:.4g} where {worst.words} "
        f"({worst.num_rows:,} rows); {len(found.slices):,} of {looked_at} slices err more than "
        "elsewhere by more than noise."
    )
