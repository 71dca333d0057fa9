"""Primitives for series: columns float32 [rows, steps], the newest step last, NaN where a value is
missing.

Sums run from the oldest step to the newest, one addition after the other, so that C gives the same
bits.
"""

from dataclasses import dataclass

import numpy as np

from ..errors import DeviceError
from .primitive import MAX_SIDE, ColumnPrimitive, Columns, Flow, Flows, PackingPrimitive, take

MAX_IDS = 2**24  # float32 holds every whole number below
FILLS = ("previous", "line", "season")
OWN_OFFSETS = ("none", "last", "mean")


@dataclass(frozen=True)
class FillSteps(ColumnPrimitive):
    """Missing steps from known ones of the same series. `how`: "previous", the last value known;
    "line", on the straight line between the neighbours known, and after the newest one as it is;
    "season", the value `season` steps before, filled or known, else the last one known. Before the
    first known value it is `first`.
    """

    how: str
    season: int
    first: float

    def check(self) -> None:
        """Raises ValueError for knobs that mean nothing."""
        if self.how not in FILLS or self.season < 1:
            raise ValueError(f"a fill {self.how!r} with season {self.season}")

    def run(self, columns: Columns) -> None:
        x = columns[self.column]
        unknown = np.isnan(x)
        if not unknown.any():
            return
        if self.how == "season":
            columns[self.column] = self._by_season(x, unknown)
            return
        steps = np.arange(x.shape[1])
        known_steps = np.where(unknown, -1, steps)
        before = np.maximum.accumulate(known_steps, axis=1)
        places = np.maximum(before, 0)
        last_known = np.take_along_axis(x, places, axis=1)
        first = np.float32(self.first)
        previous = np.where(before < 0, first, last_known)
        if self.how == "line":
            columns[self.column] = self._on_lines(x, unknown, before, previous)
        else:
            columns[self.column] = previous

    def _on_lines(self, x, unknown, before, previous):
        end = x.shape[1]
        steps = np.arange(end)
        known_steps = np.where(unknown, end, steps)
        newest_first = known_steps[:, ::-1]
        after = np.minimum.accumulate(newest_first, axis=1)[:, ::-1]
        has_before = before >= 0
        has_after = after < end
        between = unknown & has_before & has_after
        places = np.minimum(after, end - 1)
        following = np.take_along_axis(x, places, axis=1)
        distance = (steps - before).astype(np.float32)
        gap = np.maximum(after - before, 1).astype(np.float32)
        with np.errstate(invalid="ignore"):
            share = distance / gap
            rise = (following - previous) * share
        return np.where(between, previous + rise, previous)

    def _by_season(self, x, unknown):
        x = x.copy()
        num_rows, num_steps = x.shape
        last = np.full(num_rows, self.first, np.float32)
        for step in range(num_steps):
            if step >= self.season:
                other = x[:, step - self.season]
            else:
                other = last
            last = np.where(unknown[:, step], other, x[:, step])
            x[:, step] = last
        return x

    def follow(self, flows: Flows) -> None:
        take(flows, self.column, "float32", (1,))


@dataclass(frozen=True)
class SinceSeen(ColumnPrimitive):
    """A new column `into`: how many steps ago a value was known, as a share of `most` steps, 1 for
    as many and more.
    """

    into: str
    most: int

    def check(self) -> None:
        """Raises ValueError where there is nothing to divide by."""
        if self.most < 1:
            raise ValueError(f"most {self.most}")

    def run(self, columns: Columns) -> None:
        x = columns[self.column]
        steps = np.arange(x.shape[1])
        known_steps = np.where(np.isnan(x), -self.most, steps)
        before = np.maximum.accumulate(known_steps, axis=1)
        age = np.minimum(steps - before, self.most)
        columns[self.into] = age.astype(np.float32) / np.float32(self.most)

    def makes(self) -> tuple[str, ...]:
        return (self.into,)

    def follow(self, flows: Flows) -> None:
        if self.most > MAX_SIDE:
            raise ValueError(f"most {self.most}")
        flows[self.into] = take(flows, self.column, "float32", (1,))


@dataclass(frozen=True)
class OwnScale(ColumnPrimitive):
    """The series `into`: (x - offset) / factor, of a series by itself: `offset`, its "last" value,
    its "mean" or "none" (0); the factor, where it is `scaled`, the mean distance from that offset,
    at least `least`, else 1. Both are new columns [rows], by which an answer finds back to the
    series' own unit (Kim et al. 2022, https://openreview.net/forum?id=cGDAkQo1C0p; Zeng et al.
    2023, https://arxiv.org/abs/2205.13504).
    """

    offset: str
    scaled: bool
    least: float
    into_offset: str
    into_factor: str
    into: str

    def check(self) -> None:
        """Raises ValueError for knobs that mean nothing."""
        if self.offset not in OWN_OFFSETS or not self.least > 0:
            raise ValueError(f"an own scale by {self.offset!r}, at least {self.least}")

    def run(self, columns: Columns) -> None:
        x = columns[self.column]
        share = np.float32(1) / np.float32(x.shape[1])
        offset = self._offset_of(x, share)
        x = x - offset[:, None]
        factor = self._factor_of(x, share)
        columns[self.into] = x / factor[:, None]
        columns[self.into_offset] = offset
        columns[self.into_factor] = factor

    def _offset_of(self, x, share):
        if self.offset == "last":
            return x[:, -1].copy()
        if self.offset == "mean":
            return _sum(x) * share
        return np.zeros(len(x), np.float32)

    def _factor_of(self, x, share):
        if not self.scaled:
            return np.ones(len(x), np.float32)
        distance = _sum(np.abs(x)) * share
        least = np.float32(self.least)
        return np.maximum(distance, least)

    def makes(self) -> tuple[str, ...]:
        return (self.into, self.into_offset, self.into_factor)

    def follow(self, flows: Flows) -> None:
        flow = take(flows, self.column, "float32", (1,))
        flows[self.into] = flow
        flows[self.into_offset] = Flow("float32")
        flows[self.into_factor] = Flow("float32")


@dataclass(frozen=True)
class StepIds(ColumnPrimitive):
    """A series of whole numbers from 0 to num_ids - 1 as ids, a missing one is 0. float32 [rows,
    steps] → int32. What is no id is refused: another id would answer another question.
    """

    num_ids: int

    def check(self) -> None:
        """Raises ValueError for more ids than a float32 can distinguish."""
        if not 0 < self.num_ids <= MAX_IDS:
            raise ValueError(f"{self.num_ids} ids")

    def run(self, columns: Columns) -> None:
        x = columns[self.column]
        x = np.where(np.isnan(x), np.float32(0), x)
        in_range = (x >= 0) & (x < self.num_ids)
        is_whole = x == np.floor(x)
        invalid = ~(in_range & is_whole)
        if invalid.any():
            row, step = np.argwhere(invalid)[0]
            raise DeviceError(
                f"row {row}, column {self.column!r}: step {step + 1} is {x[row, step]:g}",
                expected=f"whole numbers from 0 to {self.num_ids - 1}",
                fix="use the vocabulary that the model was trained with",
            )
        columns[self.column] = x.astype(np.int32)

    def follow(self, flows: Flows) -> None:
        series = take(flows, self.column, "float32", (1,))
        flows[self.column] = Flow("int32", series.shape, self.num_ids)


@dataclass(frozen=True)
class PackSteps(PackingPrimitive):
    """Series of one unit and one length side by side become the port `into`: [rows, steps] each →
    [rows, steps, columns].
    """

    def run(self, columns: Columns) -> None:
        series = [columns[name] for name in self.columns]
        columns[self.into] = np.stack(series, axis=2)

    def follow(self, flows: Flows) -> None:
        shapes = set()
        for name in self.columns:
            series = take(flows, name, "float32", (1,))
            shapes.add(series.shape)
        if len(shapes) != 1:
            raise ValueError(f"series of {sorted(shapes)} steps packed into {self.into!r}")
        steps = shapes.pop()
        flows[self.into] = Flow("float32", (*steps, len(self.columns)))


def _sum(x):
    """Returns the sum of each row, float32 [rows], adding the oldest step first."""
    num_rows, num_steps = x.shape
    total = np.zeros(num_rows, np.float32)
    for step in range(num_steps):
        total += x[:, step]
    return total
