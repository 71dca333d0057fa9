"""What is known of all values of a column that is read in pieces: partial states, each of some
rows, that are merged in the order of the pieces.

Counts and extremes are exact. Means and sums of squared deviations are merged by the formulas of
Chan, Golub and LeVeque 1983 (https://doi.org/10.1080/00031305.1983.10483115), whose last digits
depend on the pieces and their order, which a source fixes.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np


class ColumnSummary(ABC):
    """What is known of all values of a column."""

    num_rows: int
    num_missing: int

    @abstractmethod
    def merge(self, later: Self) -> Self:
        """Returns what is known of these rows and of later ones."""

    @abstractmethod
    def filled(self, value: Any) -> ColumnSummary:
        """Returns what is known once the missing values are `value`."""

    @property
    @abstractmethod
    def is_same(self) -> bool:
        """Whether all values that are there are the same, or none is."""


@dataclass(frozen=True)
class NumberSummary(ColumnSummary):
    """Of numbers.

    Attributes:
        num_rows: How many rows there are.
        num_missing: How many of them have no number.
        mean: Of the numbers, 0 if there is none.
        squares: The sum of their squared deviations from the mean.
        least: NaN if there is none.
        largest: NaN if there is none.
    """

    num_rows: int
    num_missing: int
    mean: float
    squares: float
    least: float
    largest: float

    @property
    def num_known(self) -> int:
        """How many rows have a number."""
        return self.num_rows - self.num_missing

    @property
    def spread(self) -> float:
        """The standard deviation, of all rows and not of a sample of them."""
        if not self.num_known:
            return math.nan
        return math.sqrt(self.squares / self.num_known)

    @property
    def is_same(self) -> bool:
        return self.num_known == 0 or self.least == self.largest

    def merge(self, later: NumberSummary) -> NumberSummary:
        """See `ColumnSummary`."""
        num_rows = self.num_rows + later.num_rows
        num_missing = self.num_missing + later.num_missing
        if not later.num_known:
            return _with_counts(self, num_rows, num_missing)
        if not self.num_known:
            return _with_counts(later, num_rows, num_missing)
        num_known = num_rows - num_missing
        difference = later.mean - self.mean
        share = later.num_known / num_known
        squares = self.squares + later.squares + difference**2 * self.num_known * share
        return NumberSummary(
            num_rows,
            num_missing,
            self.mean + difference * share,
            squares,
            min(self.least, later.least),
            max(self.largest, later.largest),
        )

    def filled(self, value: float) -> NumberSummary:
        """See `ColumnSummary`."""
        if not self.num_missing:
            return self
        known = _with_counts(self, self.num_known, 0)
        same = same_numbers(self.num_missing, value)
        return known.merge(same)


def same_numbers(num_rows: int, value: float) -> NumberSummary:
    """Returns what is known of rows that all have one number."""
    if num_rows == 0:
        return NumberSummary(0, 0, 0.0, 0.0, math.nan, math.nan)
    return NumberSummary(
        num_rows,
        num_missing=0,
        mean=value,
        squares=0.0,
        least=value,
        largest=value,
    )


def _with_counts(summary, num_rows, num_missing):
    return NumberSummary(
        num_rows,
        num_missing,
        summary.mean,
        summary.squares,
        summary.least,
        summary.largest,
    )


def summary_of_numbers(x: np.ndarray) -> NumberSummary:
    """Returns what is known of float numbers [rows], NaN where missing."""
    missing = np.flatnonzero(np.isnan(x))
    num_missing = len(missing)
    num_known = len(x) - num_missing
    if not num_known:
        return NumberSummary(len(x), num_missing, 0.0, 0.0, math.nan, math.nan)
    # Zeros in place of missing numbers: to leave those out takes four times as long.
    values = x.astype(np.float64)
    values[missing] = 0.0
    mean = float(values.sum()) / num_known
    values -= mean
    values[missing] = 0.0
    # Not `values @ values`: BLAS takes several threads for it, which wait for each other longer
    # than they work, and whose number decides the last digits.
    squares = float(np.square(values, out=values).sum())
    return NumberSummary(
        len(x),
        num_missing,
        mean,
        squares,
        float(np.fmin.reduce(x)),
        float(np.fmax.reduce(x)),
    )


@dataclass(frozen=True)
class TextSummary(ColumnSummary):
    """Of texts.

    Attributes:
        counts: Text → how many rows have it, None for a missing one.
    """

    counts: Mapping[str | None, int]

    @property
    def num_rows(self) -> int:  # type: ignore[override]
        """How many rows there are."""
        return sum(self.counts.values())

    @property
    def num_missing(self) -> int:  # type: ignore[override]
        """How many of them have no text."""
        return self.counts.get(None, 0)

    @property
    def is_same(self) -> bool:
        return len(self.counts.keys() - {None}) <= 1

    def merge(self, later: TextSummary) -> TextSummary:
        """See `ColumnSummary`."""
        counts = dict(self.counts)
        for text, count in later.counts.items():
            counts[text] = counts.get(text, 0) + count
        return TextSummary(counts)

    def filled(self, text: str) -> TextSummary:
        """See `ColumnSummary`."""
        counts = dict(self.counts)
        num_missing = counts.pop(None, 0)
        if num_missing:
            counts[text] = counts.get(text, 0) + num_missing
        return TextSummary(counts)


@dataclass(frozen=True)
class DateSummary(ColumnSummary):
    """Of dates.

    Attributes:
        num_rows: How many rows there are.
        num_missing: How many of them have no date.
        least: The first one in seconds since 1970, None if there is none.
        largest: The last one.
    """

    num_rows: int
    num_missing: int
    least: int | None
    largest: int | None

    @property
    def is_same(self) -> bool:
        return self.least == self.largest

    def filled(self, value: int) -> DateSummary:
        """See `ColumnSummary`; `value`: in seconds since 1970."""
        same = DateSummary(
            self.num_missing,
            num_missing=0,
            least=value,
            largest=value,
        )
        known = DateSummary(
            self.num_rows - self.num_missing,
            num_missing=0,
            least=self.least,
            largest=self.largest,
        )
        if not self.num_missing:
            return known
        return known.merge(same)

    def merge(self, later: DateSummary) -> DateSummary:
        """See `ColumnSummary`."""
        both = [each for each in (self, later) if each.least is not None]
        least = None
        largest = None
        if both:
            least = min(each.least for each in both if each.least is not None)
            largest = max(each.largest for each in both if each.largest is not None)
        return DateSummary(
            self.num_rows + later.num_rows,
            self.num_missing + later.num_missing,
            least,
            largest,
        )


def summary_of_dates(x: np.ndarray) -> DateSummary:
    """Returns what is known of dates, datetime64 [rows]."""
    is_missing = np.isnat(x)
    known = x[~is_missing].astype("datetime64[s]").astype(np.int64)
    num_missing = len(x) - len(known)
    if not len(known):
        return DateSummary(len(x), num_missing, None, None)
    return DateSummary(len(x), num_missing, int(known.min()), int(known.max()))
