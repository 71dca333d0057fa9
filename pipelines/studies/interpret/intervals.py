"""95 % intervals of shares and of means."""

import math

import numpy as np

Z = 1.959963984540054


def share_interval(values: np.ndarray) -> tuple[float, float, float]:
    """Returns the share of ones with Wilson's interval (1927,
    https://doi.org/10.1080/01621459.1927.10502953), NaN of no rows.

    Args:
        values: float64 [rows], 0 or 1.
    """
    num = len(values)
    if num == 0:
        return math.nan, math.nan, math.nan
    share = float(np.mean(values))
    per_row = Z**2 / num
    shrunk = 1 + per_row
    middle = (share + per_row / 2) / shrunk
    variance = share * (1 - share)
    inner = (variance + per_row / 4) / num
    reach = Z * math.sqrt(inner) / shrunk
    low = max(middle - reach, 0.0)
    high = min(middle + reach, 1.0)
    return share, low, high


def mean_interval(values: np.ndarray) -> tuple[float, float, float]:
    """Returns the mean with the interval of Student's t, float64 [rows], NaN of no rows."""
    from scipy.stats import t as student

    num = len(values)
    if num == 0:
        return math.nan, math.nan, math.nan
    mean = float(np.mean(values))
    if num == 1:
        return mean, -math.inf, math.inf
    sd = float(np.std(values, ddof=1))
    error = sd / math.sqrt(num)
    times = float(student.ppf(0.975, num - 1))
    reach = error * times
    return mean, mean - reach, mean + reach
