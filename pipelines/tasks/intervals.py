"""Bootstrap intervals of scores, and by how much one model is ahead of another."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Margin:
    """By how much one model is ahead of another in a metric on the same rows (negative: behind),
    and the 95 % interval of a paired bootstrap.
    """

    metric: str
    value: float
    interval: list[float]


def bootstrap_intervals(
    score: Callable[[np.ndarray], dict[str, float]],
    num_rows: int,
    *,
    num_draws: int = 200,
    seed: int = 0,
) -> dict[str, list[float]]:
    """95 % percentile intervals of every metric that `score(places)` gives, over rows drawn with
    replacement (Efron 1979); NaN draws are passed over.
    """
    generator = np.random.default_rng(seed)
    draws = [score(generator.integers(0, num_rows, num_rows)) for _ in range(num_draws)]
    intervals = {}
    for metric in draws[0]:
        values = np.array([draw[metric] for draw in draws])
        values = values[~np.isnan(values)]
        if len(values):
            bounds = np.percentile(values, [2.5, 97.5])
            intervals[metric] = [float(each) for each in bounds]
        else:
            intervals[metric] = []
    return intervals
