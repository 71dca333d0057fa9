"""Edges between groups of training values that hold about the same number of rows."""

import math

import numpy as np


def quantile_edges(x: np.ndarray, num_bins: int, least_share: float = 0.5) -> np.ndarray:
    """Computes rising float32 edges of at most `num_bins` bins over the values of float64 `x`
    [rows].

    The edges are quantiles. A value that holds more than 1 / num_bins of the rows is several of
    these quantiles at once, and the other values share the edges that are left: with 96 % zeros, 16
    bins became one. Where such values hold so many rows that the others would keep less than
    `least_share` of the bins, each becomes one edge, and that share of the bins lies at the
    quantiles of the other values, among which the same rule holds again. In every other column the
    edges are the plain quantiles.

    Returns:
        float32 [edges], one edge where all values are the same.
    """
    values, counts = np.unique(x, return_counts=True)
    edges = []
    bins = num_bins
    while True:
        frequent = counts > max(counts.sum() / bins, 1)
        num_others = counts[~frequent].sum()
        if num_others == 0 or num_others >= least_share * counts.sum():
            break
        edges.append(values[frequent])
        # The frequent values are fewer than the bins, because each holds more than one bin's rows.
        bins = min(bins - int(frequent.sum()), math.ceil(bins * least_share))
        values = values[~frequent]
        counts = counts[~frequent]
    edges.append(np.quantile(np.repeat(values, counts), np.linspace(0, 1, bins + 1)))
    return np.unique(np.concatenate(edges).astype(np.float32))
