"""Edges between groups of training values that hold about the same number of rows."""

import numpy as np


def quantile_edges(x: np.ndarray, num_bins: int) -> np.ndarray:
    """Computes rising float32 edges of at most `num_bins` bins over the values of float64 `x` [rows].

    The edges are quantiles. A value that holds more than 1 / num_bins of the rows would be several of these quantiles
    at once, and the other values would share the edges that are left: with 96 % zeros, 16 bins became one. So such a
    value gets an edge of its own, and its rows no longer count for the quantiles of the others. Among those the same
    rule holds again. Without such a value the edges are the plain quantiles.

    Returns:
        float32 [edges], one edge where all values are the same.
    """
    values, counts = np.unique(x, return_counts=True)
    edges, bins = [], num_bins
    while True:
        often = counts > max(counts.sum() / bins, 1)
        if not often.any() or len(values) == 1:
            break
        # They hold more than 1 / bins of the rows each, so they are fewer than the bins, or all that is left.
        edges.append(values[often])
        bins -= int(often.sum())
        values, counts = values[~often], counts[~often]
        if not len(values):
            break
    if len(values):
        edges.append(np.quantile(np.repeat(values, counts), np.linspace(0, 1, bins + 1)))
    return np.unique(np.concatenate(edges).astype(np.float32))
