"""Means of a target over the parts of a column, out of fold, and what ranks by them are worth."""

import numpy as np

NUM_FOLDS = 5
MAX_PARTS = 64
# Of a part of a column of numbers.
MIN_ROWS = 10


def draw_folds(train, random):
    """Draws the fold of each row, int64 [rows]: one for all rows of a group."""
    groups = np.arange(len(train))
    if train.group is not None:
        _, groups = np.unique(train.group, return_inverse=True)
    num_groups = groups.max() + 1
    order = random.permutation(num_groups)
    return order[groups] % NUM_FOLDS


def cut_column(x, most=MAX_PARTS):
    """Returns the parts of a column: each category one; of numbers and dates parts with about as
    many rows each, and equal values in one. Missing values come first.

    Args:
        x: Of the column.
        most: Parts of numbers and dates.

    Returns:
        int64 [rows], the part of each row; float64 [rows], the ranks, or None of categories.
    """
    import pandas as pd

    if x.dtype.kind == "O":
        codes, _ = pd.factorize(x)
        return codes + 1, None
    if x.dtype.kind == "M":
        is_absent = np.isnat(x)
        x = x.astype(np.int64)
    else:
        is_absent = np.isnan(x)
    values = np.where(is_absent, -np.inf, x)
    ranks = ranks_of(values)
    num_rows = len(x)
    num_parts = num_rows // MIN_ROWS
    num_parts = np.clip(num_parts, 2, most)
    places = (ranks - 0.5) * num_parts / num_rows
    parts = 1 + places.astype(np.int64)
    parts = np.where(is_absent, 0, parts)
    return parts, ranks


def area_out_of_fold(y, parts, folds):
    """Returns the area under the ROC curve of the rows, scored by the means of other folds."""
    means, counts, sums = means_out_of_fold(y, parts, folds)
    cell_ranks = ranks_of_cells(means, counts)
    rank_sum = cell_ranks @ sums
    return area_of_ranks(
        rank_sum,
        sums.sum(),
        len(y),
    )


def means_out_of_fold(y, parts, folds):
    """Computes what is known of each cell, which is a fold of a part.

    Args:
        y: float64 [rows].
        parts: int64 [rows].
        folds: int64 [rows].

    Returns:
        Three times float64 [cells]: the mean of y over the other folds of the part, drawn to the
        mean of all as by one row more; the number of rows; the sum of y.
    """
    cells, num_parts = _cells(parts, folds)
    shape = (NUM_FOLDS, num_parts)
    num_cells = NUM_FOLDS * num_parts
    counts = np.bincount(cells, minlength=num_cells)
    counts = counts.reshape(shape)
    sums = np.bincount(cells, y, minlength=num_cells)
    sums = sums.reshape(shape)
    other_sums = sums.sum(axis=0) - sums
    other_counts = counts.sum(axis=0) - counts
    means = other_sums + y.mean()
    means = means / (other_counts + 1)
    num_rows = counts.ravel()
    return (
        means.ravel(),
        num_rows.astype(np.float64),
        sums.ravel(),
    )


def _cells(parts, folds):
    """Returns the cell of each row, which is a fold of a part, and the number of parts."""
    num_parts = parts.max() + 1
    return folds * num_parts + parts, num_parts


def row_means(y, parts, folds):
    """Returns float64 [rows]: the mean over the other folds of the part that a row is in."""
    means, _, _ = means_out_of_fold(y, parts, folds)
    cells, _ = _cells(parts, folds)
    return means[cells]


def ranks_of(values):
    from scipy.stats import rankdata

    return rankdata(values)


def ranks_of_cells(means, counts):
    """Returns float64 [cells]: the mean rank from 1 of the rows of each cell, were they sorted by
    its mean.
    """
    _, places = np.unique(means, return_inverse=True)
    together = np.bincount(places, counts)
    last_ranks = np.cumsum(together)
    mean_ranks = last_ranks - (together - 1) / 2
    return mean_ranks[places]


def area_of_ranks(rank_sum, positives, num_rows):
    """Returns the area under the ROC curve of the sum of the ranks of the positive rows."""
    least_sum = positives * (positives + 1) / 2
    negatives = num_rows - positives
    num_pairs = positives * negatives
    area = (rank_sum - least_sum) / num_pairs
    return float(area)


def correlation(product, square, num_rows):
    """Returns the correlation with a target of mean 0 and variance 1.

    Args:
        product: Of the values around their mean with the target.
        square: The sum of the squares of these values.
        num_rows: The number of rows.
    """
    if not square > 0:
        return 0.0
    norm = np.sqrt(square * num_rows)
    return float(product / norm)
