"""Edges between groups of training values that hold about the same number of rows."""

import math

import numpy as np


def quantile_edges(x: np.ndarray, num_bins: int, least_share: float = 0.5) -> np.ndarray:
    """Computes the rising edges of bins over values.

    The edges are quantiles. A value that holds more than 1 / num_bins of the rows is several of
    these quantiles at once, and the other values share the edges that are left: with 96 % zeros, 16
    bins became one. Where such values hold so many rows that the others would keep less than
    `least_share` of the bins, each becomes one edge, and that share of the bins lies at the
    quantiles of the other values, among which the same rule holds again. In every other column the
    edges are the plain quantiles.

    Args:
        x: float64 [rows].
        num_bins: Most bins.
        least_share: See above.

    Returns:
        float32 [edges], one edge where all values are the same.
    """
    values, counts = np.unique(x, return_counts=True)
    edges = []
    bins = num_bins
    while True:
        num_rows = counts.sum()
        is_frequent = counts > max(num_rows / bins, 1)
        num_others = counts[~is_frequent].sum()
        if num_others == 0 or num_others >= least_share * num_rows:
            break
        edges.append(values[is_frequent])
        # The frequent values are fewer than the bins, because each holds more than one bin's rows.
        bins_left = bins - int(is_frequent.sum())
        bins_of_others = math.ceil(bins * least_share)
        bins = min(bins_left, bins_of_others)
        values = values[~is_frequent]
        counts = counts[~is_frequent]
    shares = np.linspace(0, 1, bins + 1)
    rows = np.repeat(values, counts)
    edges.append(np.quantile(rows, shares))
    all_edges = np.concatenate(edges)
    return np.unique(all_edges.astype(np.float32))
