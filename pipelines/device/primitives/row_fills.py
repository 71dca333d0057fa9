"""Primitives that fill missing numbers of a row by the other numbers of the row."""

from abc import abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

import numpy as np

from .primitive import Columns, Flows, Primitive

MAX_COLUMNS = 1024
# What mixes the bits of a row, and of the place of a column (Knuth's golden ratio of 2**32).
_PRIME = np.uint32(16_777_619)
GOLDEN = 0x9E3779B1
_START = np.uint32(2_166_136_261)


@dataclass(frozen=True)
class RowFill(Primitive):
    """Fills the missing numbers among some columns, each by the others of its row.

    float32 [rows] of each column → the same. Numbers that are there stay as they are.

    Attributes:
        columns: The names of the columns.
    """

    columns: tuple[str, ...]

    def reads(self) -> tuple[str, ...]:
        return self.columns

    def makes(self) -> tuple[str, ...]:
        return self.columns

    def run(self, columns: Columns) -> None:
        x = np.stack([columns[name] for name in self.columns], axis=1)
        unknown = np.isnan(x)
        rows = np.flatnonzero(unknown.any(axis=1))
        filled = x.copy()
        if len(rows):
            filled[rows] = np.where(
                unknown[rows],
                self.fill(x[rows]),
                x[rows],
            )
        for place, name in enumerate(self.columns):
            columns[name] = filled[:, place]

    def follow(self, flows: Flows) -> None:
        for name in self.columns:
            flow = flows[name]
            if flow.dtype != "float32" or flow.shape:
                raise ValueError(f"column {name!r} is {flow}, wanted is a number")
        num = len(self.columns)
        if not 0 < num <= MAX_COLUMNS:
            raise ValueError(f"{num} columns to fill")
        if len(set(self.columns)) < num:
            raise ValueError("a column is filled twice")
        self.check_sizes()

    @abstractmethod
    def check_sizes(self) -> None:
        """Raises ValueError if its numbers are not as many as its columns need."""

    @abstractmethod
    def fill(self, x: np.ndarray) -> np.ndarray:
        """Returns what stands for missing numbers, float32 [rows, columns].

        Args:
            x: float32 [rows, columns], NaN where a number is missing.
        """


@dataclass(frozen=True)
class LinearFill(RowFill):
    """Fills each missing number by a linear function of the others, sweep after sweep.

    It starts at the means. A sweep goes through the columns in their order and predicts each
    missing number from all others as they are by then.

    Attributes:
        means: Of the columns.
        lows: The least number of each column; lower ones count as it, so that nothing overflows.
        highs: The largest one.
        weights: Row after row, what each column's prediction takes of each other's distance from
            its mean; 0 of itself.
        sweeps: How many.
    """

    means: tuple[float, ...]
    lows: tuple[float, ...]
    highs: tuple[float, ...]
    weights: tuple[tuple[float, ...], ...]
    sweeps: int

    def check_sizes(self) -> None:
        num = len(self.columns)
        lengths = {len(row) for row in (self.means, self.lows, self.highs, *self.weights)}
        if lengths != {num} or len(self.weights) != num:
            raise ValueError(f"{len(self.weights)} rows of weights for {num} columns")
        if not 1 <= self.sweeps <= 100:
            raise ValueError(f"{self.sweeps} sweeps")

    def fill(self, x: np.ndarray) -> np.ndarray:
        return fill_by_sweeps(self, x, _start_at_zero)


def _start_at_zero(rows, sweep, place):
    """Returns what the sum over the other columns begins with, float32 of each of some rows."""
    return np.zeros(int(rows.sum()), np.float32)


class Swept(Protocol):
    """What fills missing numbers by linear functions of the others, sweep after sweep.

    Attributes:
        means: Of the columns.
        lows: Below which no number is taken.
        highs: Above which none is.
        weights: Of each column, those of the others.
        sweeps: How often all columns are gone through.
    """

    @property
    def means(self) -> tuple[float, ...]: ...
    @property
    def lows(self) -> tuple[float, ...]: ...
    @property
    def highs(self) -> tuple[float, ...]: ...
    @property
    def weights(self) -> tuple[tuple[float, ...], ...]: ...
    @property
    def sweeps(self) -> int: ...


def fill_by_sweeps(
    of: Swept,
    x: np.ndarray,
    start: Callable[[np.ndarray, int, int], np.ndarray],
) -> np.ndarray:
    """Returns the numbers with those that were missing, float32 [rows, columns].

    Args:
        of: The linear functions.
        x: float32 [rows, columns].
        start: bool [rows], the sweep and the column → what the sum over the others begins with.
    """
    means = np.asarray(of.means, np.float32)
    lows = np.asarray(of.lows, np.float32) - means
    highs = np.asarray(of.highs, np.float32) - means
    weights = np.asarray(of.weights, np.float32)
    unknown = np.isnan(x)
    known = np.clip(x - means, lows, highs)
    distances = np.where(unknown, np.float32(0), known)
    for sweep in range(of.sweeps):
        for place in range(x.shape[1]):
            rows = unknown[:, place]
            total = start(rows, sweep, place)
            for other, weight in enumerate(weights[place]):
                total += weight * distances[rows, other]
            distances[rows, place] = np.clip(total, lows[place], highs[place])
    return means + distances


@dataclass(frozen=True)
class NeighborFill(RowFill):
    """Fills each missing number by the mean of it over the nearest of some known rows.

    Near is the squared distance over the numbers that are there, each in a unit of its own; of
    equally near rows the first.

    Attributes:
        factors: What makes a number of each column one of the common unit.
        known: Row after row, numbers without gaps.
        num_neighbors: Over how many rows the mean is taken.
    """

    factors: tuple[float, ...]
    known: tuple[tuple[float, ...], ...]
    num_neighbors: int

    def check_sizes(self) -> None:
        num = len(self.columns)
        lengths = {len(row) for row in (self.factors, *self.known)}
        if lengths != {num} or not 1 <= self.num_neighbors <= len(self.known):
            raise ValueError(
                f"{self.num_neighbors} neighbours among {len(self.known)} rows of {num} columns"
            )

    @cached_property
    def _known(self):
        """float32 [known rows, columns]."""
        return np.array(self.known, np.float32)

    def fill(self, x: np.ndarray) -> np.ndarray:
        known = self._known
        distances = np.zeros((len(x), len(known)), np.float32)
        with np.errstate(over="ignore"):
            for place, factor in enumerate(np.asarray(self.factors, np.float32)):
                apart = (x[:, place, None] - known[:, place]) * factor
                apart[np.isnan(apart)] = 0
                distances += apart * apart
        nearest = np.argsort(
            distances,
            axis=1,
            kind="stable",
        )[:, : self.num_neighbors]
        total = np.zeros(x.shape, np.float32)
        for rank in range(self.num_neighbors):
            total += known[nearest[:, rank]]
        return total * (np.float32(1) / np.float32(self.num_neighbors))


@dataclass(frozen=True)
class DrawFill(RowFill):
    """Fills each missing number by one of some that were seen, drawn by the bits of the others.

    The same row draws the same numbers everywhere.

    Attributes:
        seen: Column after column, numbers that were seen.
        seed: Of the draw.
    """

    seen: tuple[tuple[float, ...], ...]
    seed: int

    def check_sizes(self) -> None:
        num = len(self.columns)
        if len(self.seen) != num or not all(self.seen):
            raise ValueError(f"numbers of {len(self.seen)} columns for {num}")
        if not 0 <= self.seed < 2**31:
            raise ValueError(f"the seed {self.seed}")

    def fill(self, x: np.ndarray) -> np.ndarray:
        drawn = np.zeros(x.shape, np.float32)
        bits = row_bits(x, self.seed)
        for place, seen in enumerate(self.seen):
            of_column = (place + 1) * GOLDEN % 2**32
            turned = mixed_bits(bits ^ np.uint32(of_column))
            values = np.asarray(seen, np.float32)
            drawn[:, place] = values[turned % np.uint32(len(values))]
        return drawn


def row_bits(x, seed):
    """Returns a number made of all bits of a row, uint32 [rows]; a missing number has the bits 0,
    and so has a negative zero.
    """
    known = np.where(
        np.isnan(x) | (x == 0),
        np.float32(0),
        x,
    )
    words = np.ascontiguousarray(known, np.float32).view(np.uint32)
    bits = np.full(len(x), _START ^ np.uint32(seed))
    for place in range(x.shape[1]):
        bits = (bits ^ words[:, place]) * _PRIME
        bits = bits ^ bits >> np.uint32(15)
    return bits


def mixed_bits(bits):
    """Returns numbers whose low bits depend on all bits of those given, uint32 [rows]."""
    bits = (bits ^ bits >> np.uint32(16)) * np.uint32(0x85EBCA6B)
    bits = (bits ^ bits >> np.uint32(13)) * np.uint32(0xC2B2AE35)
    return bits ^ bits >> np.uint32(16)
