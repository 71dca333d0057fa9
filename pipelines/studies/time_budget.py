"""How much of a study is begun: as much as fits into the minutes that were asked for."""

import math
import time
from collections.abc import Iterator, Sequence
from typing import TypeVar

from ..errors import RecipeError

Item = TypeVar("Item")


class TimeBudget:
    """Counts from when it is made. What was begun is finished."""

    def __init__(self, minutes: float = 0.0):
        """Starts to count.

        Args:
            minutes: after which nothing is begun; 0: everything is.

        Raises:
            RecipeError: less than no time, or no number.
        """
        if not 0 <= minutes < math.inf:
            raise RecipeError(
                f"a time budget of {minutes} minutes",
                expected="a number of minutes; 0 for no budget",
                fix="--time-budget 3",
            )
        self.minutes = minutes
        self._end = time.monotonic() + 60 * minutes
        self._longest = 0.0

    def portions(self, items: Sequence[Item], *, size: int) -> Iterator[Sequence[Item]]:
        """Gives items to work on, portion by portion, while there is time for one that takes as
        long as the longest so far.

        Args:
            items: the most important first.
            size: of a portion; without a budget, all items are one.
        """
        if not self.minutes:
            yield items
            return
        for start in range(0, len(items), size):
            began = time.monotonic()
            if began + self._longest > self._end:
                return
            yield items[start : start + size]
            self._longest = max(self._longest, time.monotonic() - began)

    def over(self) -> RecipeError:
        """Returns what stands against something that was not begun."""
        return RecipeError(
            f"not tried: the time budget of {self.minutes:g} minutes was over",
            expected="time for every candidate",
            fix=f"--time-budget {2 * self.minutes:g}",
        )
