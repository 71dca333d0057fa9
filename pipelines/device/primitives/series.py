"""Primitives for series: columns float32 [rows, steps], the newest step last, NaN where a value is
missing.

Sums run from the oldest step to the newest, one addition after the other, so that C gives the same
bits.
"""

from dataclasses import dataclass

import numpy as np

from ..errors import DeviceError
from .primitive import (
    MAX_SIDE,
    ColumnPrimitive,
    Columns,
    DerivingPrimitive,
    Flow,
    Flows,
    MappingPrimitive,
    PackingPrimitive,
)

MAX_IDS = 2**24  # float32 holds every whole number below
FILLS = ("previous", "line", "season")
OWN_OFFSETS = ("none", "last", "mean")


@dataclass(frozen=True)
class FillSteps(MappingPrimitive):
    """Fills missing steps from known ones of the same series.

    Attributes:
        how: "previous": with the last known value. "line": on the straight line between the known
            neighbours, and after the newest one with its value. "season": with the value `season`
            steps before, filled or known, else with the last known one.
        season: Steps of a season.
        first: What stands before the first known value.
    """

    how: str
    season: int
    first: float

    def check(self) -> None:
        """Raises ValueError for knobs that mean nothing."""
        if self.how not in FILLS or self.season < 1:
            raise ValueError(f"a fill {self.how!r} with season {self.season}")

    def compute(self, x: np.ndarray) -> np.ndarray:
        unknown = np.isnan(x)
        if not unknown.any():
            return x
        if self.how == "season":
            return self._by_season(x, unknown)
        if self.how == "line":
            return self._on_lines(x, unknown)
        before = _last_known_steps(unknown)
        return self._previous(x, before)

    def flow_of(self, flow: Flow) -> Flow:
        self.expect(flow, "float32", (1,))
        return flow

    def _previous(self, x, before):
        """Returns the last known value at each step, float32 [rows, steps]."""
        first = np.float32(self.first)
        places = np.maximum(before, 0)
        last_known = np.take_along_axis(x, places, axis=1)
        return np.where(before < 0, first, last_known)

    def _on_lines(self, x, unknown):
        num_steps = x.shape[1]
        steps = np.arange(num_steps)
        before = _last_known_steps(unknown)
        after = _next_known_steps(unknown)
        previous = self._previous(x, before)
        places = np.minimum(after, num_steps - 1)
        following = np.take_along_axis(x, places, axis=1)
        distance = (steps - before).astype(np.float32)
        gap = np.maximum(after - before, 1)
        with np.errstate(invalid="ignore"):
            share = distance / gap.astype(np.float32)
            rise = (following - previous) * share
        has_before = before >= 0
        has_after = after < num_steps
        is_between = unknown & has_before & has_after
        return np.where(is_between, previous + rise, previous)

    def _by_season(self, x, unknown):
        x = x.copy()
        num_rows, num_steps = x.shape
        last = np.full(num_rows, self.first, np.float32)
        for step in range(num_steps):
            substitute = last
            season_before = step - self.season
            if season_before >= 0:
                substitute = x[:, season_before]
            is_unknown = unknown[:, step]
            last = np.where(is_unknown, substitute, x[:, step])
            x[:, step] = last
        return x


@dataclass(frozen=True)
class SinceSeen(DerivingPrimitive):
    """Makes a column of how many steps ago a value was known, as a share of `most` steps.

    Attributes:
        most: Steps from which on the share is 1.
    """

    most: int

    def check(self) -> None:
        """Raises ValueError if there is nothing to divide by."""
        if self.most < 1:
            raise ValueError(f"most {self.most}")

    def compute(self, x: np.ndarray) -> np.ndarray:
        num_steps = x.shape[1]
        steps = np.arange(num_steps)
        unknown = np.isnan(x)
        # Before the first known value the age is at least `most`.
        known_steps = np.where(unknown, -self.most, steps)
        before = np.maximum.accumulate(known_steps, axis=1)
        age = np.minimum(steps - before, self.most)
        most = np.float32(self.most)
        return age.astype(np.float32) / most

    def flow_of(self, flow: Flow) -> Flow:
        if self.most > MAX_SIDE:
            raise ValueError(f"most {self.most}")
        self.expect(flow, "float32", (1,))
        return flow


@dataclass(frozen=True)
class OwnScale(ColumnPrimitive):
    """Scales each series by itself: (x - offset) / factor.

    An answer finds back to the unit of the series by its offset and factor (Kim et al. 2022,
    https://openreview.net/forum?id=cGDAkQo1C0p; Zeng et al. 2023,
    https://arxiv.org/abs/2205.13504).

    Attributes:
        offset: "last", the newest value; "mean"; or "none", 0.
        scaled: Whether the factor is the mean distance from the offset; else it is 1.
        least: The least factor of a scaled series.
        into_offset: The new column of offsets, float32 [rows].
        into_factor: The new column of factors, float32 [rows].
        into: The new column of scaled series, float32 [rows, steps].
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
        num_steps = np.float32(x.shape[1])
        share = np.float32(1) / num_steps
        offset = self._offset_of(x, share)
        distances = x - offset[:, None]
        factor = self._factor_of(distances, share)
        columns[self.into] = distances / factor[:, None]
        columns[self.into_offset] = offset
        columns[self.into_factor] = factor

    def _offset_of(self, x, share):
        if self.offset == "last":
            newest = x[:, -1]
            return newest.copy()
        if self.offset == "mean":
            return _sum(x) * share
        return np.zeros(len(x), np.float32)

    def _factor_of(self, distances, share):
        if not self.scaled:
            return np.ones(len(distances), np.float32)
        total = _sum(np.abs(distances))
        least = np.float32(self.least)
        return np.maximum(total * share, least)

    def makes(self) -> tuple[str, ...]:
        return (self.into, self.into_offset, self.into_factor)

    def follow(self, flows: Flows) -> None:
        series = flows[self.column]
        self.expect(series, "float32", (1,))
        number = Flow("float32")
        flows[self.into] = series
        flows[self.into_offset] = number
        flows[self.into_factor] = number


@dataclass(frozen=True)
class SeasonMean(DerivingPrimitive):
    """Makes a column of the steps after a series: at each of them, the mean of the values a whole
    number of seasons before. float32 [rows, steps] → float32 [rows, horizon].

    Attributes:
        season: Steps of a season.
        num_seasons: How many of the newest seasons are averaged.
        horizon: How many steps come after.
    """

    season: int
    num_seasons: int
    horizon: int

    def check(self) -> None:
        """Raises ValueError for knobs that mean nothing."""
        if not 0 < self.season <= MAX_SIDE or not 0 < self.num_seasons <= MAX_SIDE:
            raise ValueError(f"{self.num_seasons} seasons of {self.season} steps")
        if not 0 < self.horizon <= MAX_SIDE:
            raise ValueError(f"{self.horizon} steps ahead")

    def compute(self, x: np.ndarray) -> np.ndarray:
        first = x.shape[1] - self.num_seasons * self.season
        seasons = x[:, first:].reshape(len(x), self.num_seasons, self.season)
        total = np.zeros((len(x), self.season), np.float32)
        for place in range(self.num_seasons):
            total += seasons[:, place]
        share = np.float32(1) / np.float32(self.num_seasons)
        mean = total * share
        steps = np.arange(self.horizon) % self.season
        return mean[:, steps]

    def flow_of(self, flow: Flow) -> Flow:
        self.expect(flow, "float32", (1,))
        (num_steps,) = flow.shape
        if self.num_seasons * self.season > num_steps:
            raise ValueError(f"{self} of {num_steps} steps")
        return Flow("float32", (self.horizon,))


@dataclass(frozen=True)
class StepIds(MappingPrimitive):
    """Reads a series of whole numbers as ids; a missing one is 0. float32 [rows, steps] → int32.

    What is no id is refused: another id would answer another question.

    Attributes:
        num_ids: How many ids there are, from 0.
    """

    num_ids: int

    def check(self) -> None:
        """Raises ValueError for more ids than a float32 can distinguish."""
        if not 0 < self.num_ids <= MAX_IDS:
            raise ValueError(f"{self.num_ids} ids")

    def compute(self, x: np.ndarray) -> np.ndarray:
        unknown = np.isnan(x)
        x = np.where(unknown, np.float32(0), x)
        in_range = (x >= 0) & (x < self.num_ids)
        is_whole = x == np.floor(x)
        is_id = in_range & is_whole
        if not is_id.all():
            self._refuse(x, is_id)
        return x.astype(np.int32)

    def _refuse(self, x, is_id):
        """Raises DeviceError for the first step that is no id."""
        invalid_places = np.argwhere(~is_id)
        row, step = invalid_places[0]
        value = x[row, step]
        raise DeviceError(
            f"row {row}, column {self.column!r}: step {step + 1} is {value:g}",
            expected=f"whole numbers from 0 to {self.num_ids - 1}",
            fix="use the vocabulary that the model was trained with",
        )

    def flow_of(self, flow: Flow) -> Flow:
        self.expect(flow, "float32", (1,))
        return Flow("int32", flow.shape, self.num_ids)


@dataclass(frozen=True)
class PackSteps(PackingPrimitive):
    """Packs series of one unit and one length into the port `into`.

    float32 [rows, steps] each → float32 [rows, steps, columns].
    """

    def pack(self, parts: list[np.ndarray]) -> np.ndarray:
        return np.stack(parts, axis=2)

    def flow_of(self, parts: list[Flow]) -> Flow:
        first = parts[0]
        is_series = first.dtype == "float32" and len(first.shape) == 1
        are_alike = len(set(parts)) == 1
        if not (is_series and are_alike):
            raise ValueError(f"series {parts} packed into {self.into!r}")
        (num_steps,) = first.shape
        num_channels = len(parts)
        return Flow("float32", (num_steps, num_channels))


def _last_known_steps(unknown):
    """Returns the newest known step up to each step, int64 [rows, steps]; -1 before the first."""
    num_steps = unknown.shape[1]
    steps = np.arange(num_steps)
    known_steps = np.where(unknown, -1, steps)
    return np.maximum.accumulate(known_steps, axis=1)


def _next_known_steps(unknown):
    """Returns the first known step from each step on, int64 [rows, steps]; their number after the
    last.
    """
    num_steps = unknown.shape[1]
    steps = np.arange(num_steps)
    known_steps = np.where(unknown, num_steps, steps)
    newest_first = known_steps[:, ::-1]
    nearest = np.minimum.accumulate(newest_first, axis=1)
    return nearest[:, ::-1]


def _sum(x):
    """Returns the sum of each row, float32 [rows], adding the oldest step first."""
    num_rows, num_steps = x.shape
    total = np.zeros(num_rows, np.float32)
    for step in range(num_steps):
        total += x[:, step]
    return total
