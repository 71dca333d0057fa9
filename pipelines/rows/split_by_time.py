"""The last rows in time are held out: what a model will meet comes after what it learned from."""

from dataclasses import dataclass
from itertools import pairwise
from typing import ClassVar

import numpy as np

from ..errors import SplitError
from ..slots import Split
from ..spec import Refusal, knob
from .parts import Dataset
from .sketch import DataSketch


@dataclass(frozen=True)
class SplitByTime(Split):
    """Cuts rows in the order of time: the first are training rows, then come validation rows, and
    the last are test rows.

    Attributes:
        test: Share of all rows that become test rows, the latest ones.
        valid: Share of the rows that `test` leaves that become validation rows, the latest of them.
        gap: Rows that follow the end of a part by less than this are left out, so that what the
            part knows cannot reach into the next.
    """

    redraw: ClassVar[str] = (
        "hold out other times: --set split.test=0.4 or --set split.valid=0.3, or leave --time out"
    )

    test: float = knob(0.2, 0.001, 0.9, unit="share of the rows")
    valid: float = knob(0.15, 0.001, 0.9, unit="share of the rows")
    gap: float = knob(0.0, 0, 1e12, unit="seconds")

    def suits(self, sketch: DataSketch) -> str:
        """Returns why there are no times, or ""."""
        if sketch.has_times:
            return ""
        return Refusal(
            "SplitByTime on a data set without times",
            expected="load.time",
            fix="name the column with the time: load.time='date', or --set 'split=SplitRandom()'",
        )

    def parts(self, dataset: Dataset) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Cuts the parts.

        Returns:
            Places int64 of train, valid and test rows, each in the order of time.

        Raises:
            SplitError: If a row has no time, or a part no row.
        """
        time = _times(dataset)
        in_order = np.argsort(time, kind="stable")
        rest, test = self._cut(time, in_order, self.test)
        train, valid = self._cut(time, rest, self.valid)
        return train, valid, test

    def cut_valid(self, dataset: Dataset, places: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Returns the places int64 of the first rows in time, and of the last to validate on."""
        time = _times(dataset)
        in_order = places[np.argsort(time[places], kind="stable")]
        return self._cut(time, in_order, self.valid)

    def cut_folds(
        self, dataset: Dataset, places: np.ndarray, num: int, *, repeat: int = 0
    ) -> list[tuple[np.ndarray, np.ndarray]]:
        """Cuts the last share `test` of the time into stretches; each is judged by what was learned
        from the rows before it: a rolling origin (Tashman 2000,
        https://doi.org/10.1016/S0169-2070(00)00065-0).

        Raises:
            SplitError: There are fewer times than folds, or `repeat` is not 0: time has one order.
        """
        if repeat:
            raise SplitError(
                "repeated folds of rows in time",
                expected="one rolling origin: time has one order",
                fix="--repeats 1, and more --folds",
            )
        time = _times(dataset)
        in_order = places[np.argsort(time[places], kind="stable")]
        time = time[in_order]
        times = np.unique(time)
        first = len(times) - round(len(times) * self.test)
        bounds = np.linspace(first, len(times), num + 1).astype(int)
        if first == 0 or (np.diff(bounds) == 0).any():
            raise SplitError(
                f"{num} folds of the last {len(times) - first:,} times of {len(times):,}",
                expected="a time in every fold, and one before the first",
                fix="ask for fewer folds, or a larger split.test",
            )
        folds = []
        for start, end in pairwise(bounds):
            is_before = time < times[start]
            is_in_stretch = ~is_before & (time <= times[end - 1])
            seconds = (time - times[start - 1]) / np.timedelta64(1, "s")
            folds.append((in_order[is_before], in_order[is_in_stretch & (seconds >= self.gap)]))
        return folds

    def _cut(self, time, places, share):
        """Returns (before, after) of `places`, which are in the order of time."""
        num_rows = len(places)
        first = num_rows - round(num_rows * share)
        before = places[:first]
        after = places[first:]
        if not len(before) or not len(after):
            raise SplitError(
                f"{num_rows} rows cannot be split by time with a share of {share}",
                expected="rows in every part",
                fix="provide more rows, or change the share",
            )
        last_time = time[before[-1]]
        # Rows of the same second never lie on both sides.
        after = after[time[after] > last_time]
        seconds = (time[after] - last_time) / np.timedelta64(1, "s")
        after = after[seconds >= self.gap]
        if not len(after):
            raise SplitError(
                f"no row is left after a gap of {self.gap:g} seconds",
                expected="rows in every part",
                fix="shorten split.gap, or provide rows over a longer time",
            )
        return before, after


def _times(dataset):
    """Returns the time of each row. Raises SplitError if one has none."""
    time = dataset.time
    if time is None:
        raise SplitError(
            "SplitByTime on a data set without times",
            expected="load.time",
            fix="name the column with the time: load.time='date'",
        )
    num_unknown = int(np.isnat(time).sum())
    if num_unknown:
        raise SplitError(
            f"{num_unknown} rows have no time",
            expected="a time in every row",
            fix="remove these rows, or split with SplitRandom()",
        )
    return time
