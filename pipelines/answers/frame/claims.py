"""A claim in parts, each held against an interval that was measured."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ...studies.corrected import FoldMean, mean_over_folds

HOLDS = "holds"
FAILS = "does not hold here"
DEPENDS = "depends"

YES = "yes"
NO = "no"
UNCLEAR = "not shown"

# An outcome → what is stated of one part, and of more.
_COUNTED = {
    YES: ("holds", "hold"),
    NO: ("does not", "do not"),
    UNCLEAR: ("is not shown", "are not shown"),
}


def estimate(values: Sequence[float] | np.ndarray) -> FoldMean:
    """Returns the mean of independent repeats, with Student's 95 % interval.

    Args:
        values: one a repeat, two or more; each repeat has a seed of its own.

    Raises:
        ValueError: one value has no interval; what is computed without chance is `exactly`.
    """
    numbers = [float(value) for value in values]
    if len(numbers) < 2:
        raise ValueError(f"{len(numbers)} repeat: an interval needs two or more")
    return mean_over_folds(numbers, test_share=0.0)


def exactly(value: float) -> FoldMean:
    """Returns a value without chance in it, such as a largest difference, as its own interval."""
    number = float(value)
    return FoldMean(number, 0.0, number, number, float(number == 0))


def geometric(values: Sequence[float] | np.ndarray) -> FoldMean:
    """Returns the geometric mean of repeats with its interval, for what spans powers of ten.

    Args:
        values: positive, one a repeat.
    """
    of_logs = estimate(np.log(np.asarray(values, np.float64)))
    ends = [math.exp(each) for each in (of_logs.mean, of_logs.low, of_logs.high)]
    return FoldMean(ends[0], of_logs.sd, ends[1], ends[2], of_logs.p_value)


@dataclass(frozen=True)
class Part:
    """A part of a claim.

    Attributes:
        words: what it states, a sentence.
        measured: what was measured of it, with its interval.
        low: the least value that agrees with it.
        high: the largest one.
    """

    words: str
    measured: FoldMean
    low: float = -math.inf
    high: float = math.inf

    @property
    def outcome(self) -> str:
        """Whether the whole interval agrees, none of it does, or both are possible."""
        if self.low <= self.measured.low and self.measured.high <= self.high:
            return YES
        if self.measured.high < self.low or self.measured.low > self.high:
            return NO
        return UNCLEAR


def above(words: str, measured: FoldMean, bound: float = 0.0) -> Part:
    """Returns a part that holds where all of the interval is above a bound."""
    return Part(words, measured, low=float(np.nextafter(bound, math.inf)))


def below(words: str, measured: FoldMean, bound: float = 0.0) -> Part:
    """Returns a part that holds where all of the interval is below a bound."""
    return Part(words, measured, high=float(np.nextafter(bound, -math.inf)))


def within(words: str, measured: FoldMean, low: float, high: float) -> Part:
    """Returns a part that holds where all of the interval is between two bounds."""
    return Part(words, measured, low, high)


def verdict(parts: Sequence[Part]) -> str:
    """Returns "holds" if every part does, "does not hold here" if some do not and none does.

    All else is "depends": on the part, or on more rows and seeds than there are. Parts that are not
    shown refute nothing, so that a claim of them alone depends too.
    """
    outcomes = {part.outcome for part in parts}
    if outcomes == {YES}:
        return HOLDS
    if NO in outcomes and YES not in outcomes:
        return FAILS
    return DEPENDS


def reason(outcomes: Sequence[str]) -> str:
    """Returns what the verdict was made of: how many parts hold, do not, and are not shown.

    Args:
        outcomes: of the parts, one each.
    """
    counted = []
    for outcome, words in _COUNTED.items():
        count = outcomes.count(outcome)
        one, more = words
        if count == 1:
            counted.append(f"1 {one}")
        if count > 1:
            counted.append(f"{count} {more}")
    parts = "part" if len(outcomes) == 1 else "parts"
    return f"of {len(outcomes)} {parts} {', '.join(counted)}"
