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
    middle = (share + Z**2 / (2 * num)) / (1 + Z**2 / num)
    inner = share * (1 - share) / num + Z**2 / (4 * num**2)
    reach = Z * math.sqrt(inner) / (1 + Z**2 / num)
    return share, max(middle - reach, 0.0), min(middle + reach, 1.0)


def mean_interval(values: np.ndarray) -> tuple[float, float, float]:
    """Returns the mean with the interval of Student's t, float64 [rows], NaN of no rows."""
    from scipy.stats import t as student

    num = len(values)
    if num == 0:
        return math.nan, math.nan, math.nan
    mean = float(np.mean(values))
    if num == 1:
        return mean, -math.inf, math.inf
    error = float(np.std(values, ddof=1)) / math.sqrt(num)
    reach = error * float(student.ppf(0.975, num - 1))
    return mean, mean - reach, mean + reach
