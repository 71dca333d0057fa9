"""What steps learn of a column: of all training rows, whether they stand in memory or are streamed.

Of streamed rows, `TrainSet.whole` holds summaries of all values, which follow the steps
(`follow_steps`); what it cannot hold is computed of the rows in memory, a sample.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np

from ..device.primitives import Fill, Missing, Primitive, missing_mask
from ..rows.parts import TrainSet
from ..rows.stream import StreamedRows
from ..rows.summaries import (
    ColumnSummary,
    DateSummary,
    NumberSummary,
    TextSummary,
    same_numbers,
)


def _summary(train: TrainSet, name: str) -> ColumnSummary | None:
    """Returns what is known of all values of a column, None if only those in memory are."""
    if train.whole is None:
        return None
    return train.whole.summaries.get(name)


def mean_and_spread(train: TrainSet, name: str, values: np.ndarray) -> tuple[float, float]:
    """Returns the mean and the standard deviation of a column.

    Args:
        train: Training rows.
        name: Of the column.
        values: float64 [n], those in memory that are there.
    """
    summary = _summary(train, name)
    if isinstance(summary, NumberSummary):
        return summary.mean, summary.spread
    mean = np.mean(values)
    spread = np.std(values)
    return float(mean), float(spread)


def least_and_largest(train: TrainSet, name: str, values: np.ndarray) -> tuple[float, float]:
    """Returns the least and the largest number of a column; arguments as above."""
    summary = _summary(train, name)
    if isinstance(summary, NumberSummary):
        return summary.least, summary.largest
    least = np.min(values)
    largest = np.max(values)
    return float(least), float(largest)


def span_seconds(train: TrainSet, name: str) -> int:
    """Returns the seconds from the first known date of a column to the last one, 0 without any."""
    summary = _summary(train, name)
    if isinstance(summary, DateSummary):
        if summary.least is None or summary.largest is None:
            return 0
        return summary.largest - summary.least
    dates = train.x[name]
    known = dates[~np.isnat(dates)]
    if not len(known):
        return 0
    span = known.max() - known.min()
    return int(span // np.timedelta64(1, "s"))


def missing_share(train: TrainSet, name: str) -> float:
    """Returns the share of the training rows in which a column is missing."""
    summary = _summary(train, name)
    if summary is not None:
        return summary.num_missing / summary.num_rows
    missing = missing_mask(train.x[name])
    return float(missing.mean())


def has_missing(train: TrainSet, name: str) -> bool:
    """Tests whether a column is missing in some training row."""
    summary = _summary(train, name)
    if summary is not None:
        return summary.num_missing > 0
    missing = missing_mask(train.x[name])
    return bool(missing.any())


def is_same(train: TrainSet, name: str) -> bool:
    """Tests whether a column is always missing, or always there with one value."""
    summary = _summary(train, name)
    if summary is not None:
        if summary.num_missing == summary.num_rows:
            return True
        return summary.num_missing == 0 and summary.is_same
    x = train.x[name]
    missing = missing_mask(x)
    seen = x[~missing]
    if not len(seen):
        return True
    if missing.any():
        return False
    first = seen[0]
    return all(value == first for value in seen)


def count_texts(train: TrainSet, name: str) -> Counter[str | None]:
    """Returns how many training rows have each text of a column, None for a missing one."""
    summary = _summary(train, name)
    if isinstance(summary, TextSummary):
        return Counter(summary.counts)
    return Counter(train.x[name])


def follow_steps(primitives: Sequence[Primitive], rows: StreamedRows) -> StreamedRows:
    """Returns what is known of all values after a step.

    Args:
        primitives: Of the fitted step.
        rows: What is known before it.
    """
    summaries = dict(rows.summaries)
    for primitive in primitives:
        known = _after(primitive, summaries)
        for name in primitive.makes():
            summaries.pop(name, None)
        summaries |= known
    return rows.with_summaries(summaries)


def _after(primitive, summaries) -> dict[str, ColumnSummary]:
    """Returns what is known of the columns that a primitive makes."""
    if not isinstance(primitive, (Fill, Missing)):
        return {}
    before = summaries.get(primitive.column)
    if before is None:
        return {}
    if isinstance(primitive, Missing):
        return {primitive.into: _flag(before)}
    return {primitive.column: before.filled(primitive.value)}


def _flag(before: ColumnSummary) -> NumberSummary:
    """Returns what is known of the flag that a column is missing: 1.0 if it is, else 0.0."""
    num_known = before.num_rows - before.num_missing
    zeros = same_numbers(num_known, 0.0)
    ones = same_numbers(before.num_missing, 1.0)
    return zeros.merge(ones)
