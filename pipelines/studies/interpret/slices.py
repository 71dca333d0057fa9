"""Slices of the rows where a model errs more than elsewhere, found by looking at every value or bin
of each column, and at pairs (as Slice Finder does, Chung et al. 2019,
https://arxiv.org/abs/1807.06068), corrected for as many as were looked at (Holm 1979).
"""

from dataclasses import dataclass, replace
from itertools import combinations

import numpy as np

from ..corrected import CONFIDENCE, holm
from .columns import Binned, binned
from .opened import OpenedBundle
from .reading import Reading

TITLE = "Error slices"
LEAST_ROWS = 30
MOST_LOOKED_AT = 5000
MAX_SHOWN = 20


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
    singles = {name: (column,) for name, column in columns.items()}
    found = _slices_of([((name,), parts) for name, parts in singles.items()], errors, least_rows)
    pairs = [
        ((one, other), (columns[one], columns[other])) for one, other in combinations(columns, 2)
    ]
    num_cells = sum(len(one.names) * len(other.names) for _, (one, other) in pairs)
    has_pairs = bool(pairs) and len(found) + num_cells <= MOST_LOOKED_AT
    if has_pairs:
        found += _slices_of(pairs, errors, least_rows)
    p_values = _p_values(found, errors, are_mistakes)
    found = [
        replace(each, p_value=value) for each, value in zip(found, holm(p_values), strict=True)
    ]
    real = [each for each in found if each.is_real and each.error > each.elsewhere]
    real.sort(key=lambda each: (each.p_value, -each.error))
    return FoundSlices(tuple(_telling(real)), len(found), has_pairs)


def _slices_of(groups, errors, least_rows):
    """Returns the slices of columns, or of pairs of them, that have rows enough.

    Args:
        groups: (names, columns) of each.
        errors: float64 [rows].
        least_rows: Of a slice.
    """
    found = []
    total = errors.sum()
    num_rows = len(errors)
    for names, columns in groups:
        shape = tuple(len(column.names) for column in columns)
        cells = np.ravel_multi_index([column.codes for column in columns], shape)
        counts = np.bincount(cells)
        sums = np.bincount(cells, weights=errors)
        squares = np.bincount(cells, weights=errors**2)
        enough = (counts >= least_rows) & (num_rows - counts >= least_rows)
        for cell in np.flatnonzero(enough):
            places = np.unravel_index(cell, shape)
            values = [column.names[place] for column, place in zip(columns, places, strict=True)]
            inside = int(counts[cell])
            mean = sums[cell] / inside
            variance = max(squares[cell] / inside - mean**2, 0.0)
            found.append(
                Slice(
                    tuple(zip(names, values, strict=True)),
                    num_rows=inside,
                    error=float(mean),
                    standard_error=float(np.sqrt(variance / inside)),
                    elsewhere=float((total - sums[cell]) / (num_rows - inside)),
                )
            )
    return found


def _p_values(found, errors, are_mistakes):
    """Returns the one-sided p-value of each slice."""
    if not found:
        return []
    inside = np.array([each.num_rows for each in found])
    mean = np.array([each.error for each in found])
    if are_mistakes:
        from scipy.stats import hypergeom

        wrong = np.rint(mean * inside)
        return hypergeom.sf(wrong - 1, len(errors), int(errors.sum()), inside).tolist()
    variance = inside * np.array([each.standard_error for each in found]) ** 2
    return _welch(errors, inside, mean, variance).tolist()


def _welch(errors, inside, mean, variance):
    """Returns the p-values of Welch's t-test, float64 [slices], of rows in each slice, their mean
    error and its variance.
    """
    from scipy.stats import t as student

    outside = len(errors) - inside
    mean_outside = (errors.sum() - inside * mean) / outside
    squares = inside * (variance + mean**2)
    variance_outside = ((errors**2).sum() - squares) / outside - mean_outside**2
    one = variance / (inside - 1)
    other = np.maximum(variance_outside, 0) / (outside - 1)
    total = np.maximum(one + other, 1e-300)
    parts = one**2 / (inside - 1) + other**2 / (outside - 1)
    freedom = np.maximum(total**2 / np.maximum(parts, 1e-300), 1)
    return student.sf((mean - mean_outside) / np.sqrt(total), freedom)


def _telling(real):
    """Yields slices; a pair only if it errs clearly more than each of its two that is listed."""
    alone = {each.where[0]: each for each in real if len(each.where) == 1}
    for each in real:
        if len(each.where) == 1:
            yield each
            continue
        parents = [alone[part].error for part in each.where if part in alone]
        least = each.error - 2 * each.standard_error
        if all(least > parent for parent in parents):
            yield each


def read_slices(opened: OpenedBundle) -> Reading:
    """Looks for slices among the raw columns that the rows have, read by the model or not."""
    errors = opened.task.row_errors(opened.rows.y, opened.answers, opened.target)
    known = ~np.isnan(errors)
    columns = {}
    for name, x in opened.rows.x.items():
        column = binned(x)
        columns[name] = Binned(column.names, column.codes[known])
    found = find_slices(columns, errors[known], are_mistakes=opened.task.has_mistakes)
    return _reading(opened, found, errors[known])


def _reading(opened, found, errors):
    words = opened.task.error_words
    lines = []
    for each in found.slices[:MAX_SHOWN]:
        lines.append(
            (
                each.words,
                f"{each.num_rows:,}",
                f"{each.error:.4g}",
                f"{each.elsewhere:.4g}",
                f"{each.p_value:.2g}",
            )
        )
    kinds = "single columns and pairs of them" if found.has_pairs else "single columns"
    test = "Fisher's exact test" if opened.task.has_mistakes else "Welch's t-test"
    return Reading(
        TITLE,
        _verdict(found, words, errors),
        headings=("where", "rows", words, "elsewhere", "p"),
        lines=tuple(lines),
        note=f"The int8 file on {len(errors):,} {opened.part} rows; every value or fifth of "
        f"{kinds} with {LEAST_ROWS} rows or more, {found.num_looked_at:,} slices; p is {test}, "
        "one-sided, Holm's for all of them. A pair is listed where it shows more than its two "
        "alone",
        values=[vars(each) for each in found.slices],
    )


def _verdict(found, words, errors):
    if not found.slices:
        return (
            f"No slice of {found.num_looked_at:,} errs more than the other rows by more than "
            f"noise; all rows: {words} {errors.mean():.4g}."
        )
    worst = max(found.slices, key=lambda each: each.error)
    return (
        f"The {words} is {errors.mean():.4g} over all rows and {worst.error:.4g} where "
        f"{worst.words} ({worst.num_rows:,} rows); {len(found.slices):,} of "
        f"{found.num_looked_at:,} slices err more than elsewhere by more than noise."
    )
