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
        before = np.maximum.accumulate(np.where(unknown, -1, steps), axis=1)
        previous = np.where(
            before < 0, np.float32(self.first), np.take_along_axis(x, np.maximum(before, 0), axis=1)
        )
        if self.how == "line":
            columns[self.column] = self._on_lines(x, unknown, before, previous)
        else:
            columns[self.column] = previous

    def _on_lines(self, x, unknown, before, previous):
        steps = np.arange(x.shape[1])
        end = x.shape[1]
        after = np.minimum.accumulate(np.where(unknown, end, steps)[:, ::-1], axis=1)[:, ::-1]
        between = unknown & (before >= 0) & (after < end)
        following = np.take_along_axis(x, np.minimum(after, end - 1), axis=1)
        with np.errstate(invalid="ignore"):
            share = (steps - before).astype(np.float32) / np.maximum(after - before, 1).astype(
                np.float32
            )
            rise = (following - previous) * share
        return np.where(between, previous + rise, previous)

    def _by_season(self, x, unknown):
        x = x.copy()
        last = np.full(len(x), self.first, np.float32)
        for step in range(x.shape[1]):
            if step >= self.season:
                other = x[:, step - self.season]
            else:
                other = last
            x[:, step] = last = np.where(unknown[:, step], other, x[:, step])
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
        before = np.maximum.accumulate(np.where(np.isnan(x), -self.most, steps), axis=1)
        columns[self.into] = np.minimum(steps - before, self.most).astype(np.float32) / np.float32(
            self.most
        )

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
        offset = {
            "none": lambda: np.zeros(len(x), np.float32),
            "last": lambda: x[:, -1].copy(),
            "mean": lambda: _sum(x) * share,
        }[self.offset]()
        x = x - offset[:, None]
        if self.scaled:
            factor = np.maximum(_sum(np.abs(x)) * share, np.float32(self.least))
        else:
            factor = np.ones(len(x), np.float32)
        columns[self.into] = x / factor[:, None]
        columns[self.into_offset], columns[self.into_factor] = offset, factor

    def makes(self) -> tuple[str, ...]:
        return (self.into, self.into_offset, self.into_factor)

    def follow(self, flows: Flows) -> None:
        flow = take(flows, self.column, "float32", (1,))
        flows.update(
            {self.into: flow, self.into_offset: Flow("float32"), self.into_factor: Flow("float32")}
        )


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
        x = np.where(np.isnan(columns[self.column]), np.float32(0), columns[self.column])
        invalid = ~((x >= 0) & (x < self.num_ids) & (x == np.floor(x)))
        if invalid.any():
            row, step = np.argwhere(invalid)[0]
            raise DeviceError(
                f"row {row}, column {self.column!r}: step {step + 1} is {x[row, step]:g}",
                expected=f"whole numbers from 0 to {self.num_ids - 1}",
                fix="use the vocabulary that the model was trained with",
            )
        columns[self.column] = x.astype(np.int32)

    def follow(self, flows: Flows) -> None:
        flows[self.column] = Flow(
            "int32", take(flows, self.column, "float32", (1,)).shape, self.num_ids
        )


@dataclass(frozen=True)
class PackSteps(PackingPrimitive):
    """Series of one unit and one length side by side become the port `into`: [rows, steps] each →
    [rows, steps, columns].
    """

    def run(self, columns: Columns) -> None:
        columns[self.into] = np.stack([columns[name] for name in self.columns], axis=2)

    def follow(self, flows: Flows) -> None:
        shapes = {take(flows, name, "float32", (1,)).shape for name in self.columns}
        if len(shapes) != 1:
            raise ValueError(f"series of {sorted(shapes)} steps packed into {self.into!r}")
        flows[self.into] = Flow("float32", (*shapes.pop(), len(self.columns)))


def _sum(x):
    """float32 [rows] of [rows, steps], the oldest first."""
    total = np.zeros(len(x), np.float32)
    for step in range(x.shape[1]):
        total += x[:, step]
    return total
