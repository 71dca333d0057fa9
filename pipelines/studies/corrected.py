"""Means over folds, and differences between them, with intervals that know that folds share rows:
the corrected resampled t-test (Nadeau and Bengio 2003, https://doi.org/10.1023/A:1024068626366).
"""

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass, replace

from ..tasks.metrics import limits_of

CONFIDENCE = 0.95


@dataclass(frozen=True)
class FoldMean:
    """A mean over folds.

    Attributes:
        mean: of the folds.
        sd: their standard deviation (n - 1); 0 of one fold.
        low: lower end of the 95 % interval.
        high: its upper end.
        p_value: of a mean of 0; 1 of one fold.
    """

    mean: float
    sd: float
    low: float
    high: float
    p_value: float


@dataclass(frozen=True)
class Difference:
    """How far something is ahead of what it is compared with.

    Attributes:
        ahead: over the folds; positive is better.
        p_value: of no difference, Holm's for as many as were compared.
    """

    ahead: FoldMean
    p_value: float

    @property
    def is_noise(self) -> bool:
        """Whether folds alone explain it."""
        return self.p_value > 1 - CONFIDENCE


def mean_over_folds(values: Sequence[float], *, test_share: float) -> FoldMean:
    """Returns the mean of one value a fold, such as a score or a difference of two scores.

    Training rows of two folds are mostly the same, so that their scores are not independent: the
    variance of the mean is (1/n + rows judged on / rows learned from) of that of the folds.

    Args:
        values: one a fold.
        test_share: rows judged on / rows learned from.
    """
    from scipy.stats import t as student

    mean = statistics.fmean(values)
    num = len(values)
    if num < 2:
        return FoldMean(mean, 0.0, -math.inf, math.inf, 1.0)
    sd = statistics.stdev(values)
    error = sd * math.sqrt(1 / num + test_share)
    if error == 0:
        return FoldMean(mean, sd, mean, mean, float(mean == 0))
    reach = error * float(student.ppf((1 + CONFIDENCE) / 2, num - 1))
    p_value = 2 * float(student.sf(abs(mean) / error, num - 1))
    return FoldMean(mean, sd, mean - reach, mean + reach, p_value)


def score_over_folds(metric: str, values: Sequence[float], *, test_share: float) -> FoldMean:
    """Returns the mean of a score, with an interval that ends where the metric does: Student's t
    knows no limits, and of three folds it reaches past 0 and 1.

    Args:
        metric: of the scores.
        values: one a fold.
        test_share: rows judged on / rows learned from.
    """
    found = mean_over_folds(values, test_share=test_share)
    least, most = limits_of(metric)
    return replace(found, low=max(found.low, least), high=min(found.high, most))


def holm(p_values: Sequence[float]) -> list[float]:
    """Returns the p-values of as many comparisons at once, in the same order (Holm 1979,
    https://www.jstor.org/stable/4615733): the least times their number, the next times one less,
    and none below one before it.
    """
    num = len(p_values)
    adjusted = [0.0] * num
    least = 0.0
    for rank, place in enumerate(sorted(range(num), key=lambda each: p_values[each])):
        least = max(least, min(1.0, (num - rank) * p_values[place]))
        adjusted[place] = least
    return adjusted


def hold_against(
    usual: Sequence[float],
    others: Sequence[Sequence[float]],
    *,
    sign: float,
    test_share: float,
) -> list[Difference]:
    """Returns how far each of the others is ahead, fold by fold, in their order.

    Args:
        usual: what they are compared with, one value a fold.
        others: each one value a fold.
        sign: 1 where larger values are better, else -1.
        test_share: rows judged on / rows learned from.
    """
    means = []
    for other in others:
        pairs = zip(other, usual, strict=True)
        values = [sign * (one - before) for one, before in pairs]
        means.append(mean_over_folds(values, test_share=test_share))
    p_values = holm([mean.p_value for mean in means])
    return list(map(Difference, means, p_values))
