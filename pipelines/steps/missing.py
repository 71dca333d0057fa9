"""Steps for missing values. Where an imputer stands a learned one can stand: it only has to end as
primitives.
"""

from abc import abstractmethod
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from ..device.cells import BOOLEAN, CATEGORICAL, DATE, NUMERIC
from ..device.primitives import Fill, FillPrevious, Missing, missing_mask
from ..errors import StepError
from ..rows.parts import TrainSet, require_train_set
from ..slots import BY_SAMPLE, EXACT, RowFilter
from ..spec import knob
from .statistics import count_texts, has_missing, is_same, mean_and_spread, missing_share
from .step import ColumnStep, FittedStep, as_float32, is_categorical, is_numeric, present


@dataclass(frozen=True)
class DropColumns(ColumnStep):
    """Drops columns that are missing in most training rows, or the same in all of them.

    Attributes:
        more_than: Share of the training rows in which a column may be missing and stay.
    """

    reads: ClassVar[tuple[str, ...]] = (
        NUMERIC,
        CATEGORICAL,
        BOOLEAN,
        DATE,
    )

    streamed: ClassVar[str] = EXACT

    more_than: float = knob(0.95, 0, 1, unit="share of the rows")

    def _suits(self, x):
        return x.ndim == 1

    def _fit(self, train):
        dropped = []
        for name in self.chosen(train):
            # A column that is always there or always the same carries no information; one that is
            # sometimes missing may.
            if is_same(train, name) or missing_share(train, name) > self.more_than:
                dropped.append(name)
        if len(dropped) == len(train.x):
            raise StepError(
                f"every column is missing in more than {self.more_than:.0%} of the training rows "
                f"or constant: {', '.join(dropped)}",
                expected="at least one column with two values",
                fix="check separator and missing words when loading, or raise more_than",
            )
        return FittedStep("DropColumns", (), dropped=tuple(dropped))


@dataclass(frozen=True)
class DropRowsWithMissing(RowFilter):
    """Leaves out training rows with a missing value. Held-out rows are never dropped: an imputer
    must follow for them.

    Attributes:
        columns: Names of the columns that must have a value; empty: all columns.
    """

    columns: tuple[str, ...] = ()

    def filter_rows(self, train: TrainSet) -> TrainSet:
        """TrainSet → TrainSet. Raises StepError where no row, or not every class, would be left."""
        train = require_train_set(train, "DropRowsWithMissing")
        names = self.columns or tuple(train.x)
        unknown = [name for name in names if name not in train.x]
        if unknown:
            raise StepError(
                f"DropRowsWithMissing names {', '.join(map(repr, unknown))}, which are not there",
                expected=", ".join(train.x),
                fix="correct the names",
            )
        whole = ~np.any([missing_mask(train.x[name]) for name in names], axis=0)
        kept = train.take(whole)
        classes = train.schema.target.labels
        if not len(kept) or (classes and _num_classes(kept.y) < _num_classes(train.y)):
            raise StepError(
                f"{int(whole.sum())} of {len(train)} training rows have no missing value in "
                f"{', '.join(names)}, and a class would be lost",
                expected="rows of every class",
                fix="name fewer columns, or impute instead",
            )
        return kept


def _num_classes(y):
    """How many classes there are; of y [rows, labels] with and without each label."""
    if y.ndim == 1:
        return len(np.unique(y))
    return int(sum(len(np.unique(has)) for has in y.T))


@dataclass(frozen=True)
class FlagMissing(ColumnStep):
    """Adds a column of 1.0 and 0.0 for each numeric column that has missing values in training, so
    that the model can tell a filled value from a measured one. Put it before the imputers.
    """

    reads: ClassVar[tuple[str, ...]] = (NUMERIC,)
    streamed: ClassVar[str] = EXACT

    def _suits(self, x):
        return is_numeric(x)

    def _fit(self, train):
        names = [name for name in self.chosen(train) if has_missing(train, name)]
        made = {name: f"{name} is missing" for name in names}
        clash = [flag for flag in made.values() if flag in train.x]
        if clash:
            raise StepError(
                f"the data set has a column {clash[0]!r} already",
                expected="a free name for the flag",
                fix="rename that column in the source",
            )
        return FittedStep("FlagMissing", tuple(Missing(name, flag) for name, flag in made.items()))


class _FillNumbers(ColumnStep):
    reads: ClassVar[tuple[str, ...]] = (NUMERIC,)
    fills_numbers: ClassVar[bool] = True

    @abstractmethod
    def _value(self, train: TrainSet, name: str, x: np.ndarray) -> float:
        """Returns what fills a column, of whose values x float64 [n] stand in memory."""

    def _suits(self, x):
        return is_numeric(x)

    def _fit(self, train):
        return FittedStep(
            type(self).__name__,
            tuple(
                Fill(name, as_float32(self._value(train, name, present(train, name, self))))
                for name in self.chosen(train)
            ),
        )


@dataclass(frozen=True)
class ImputeMedian(_FillNumbers):
    """Fills numeric columns with the training median."""

    streamed: ClassVar[str] = BY_SAMPLE

    def _value(self, train, name, x):
        return np.median(x)


@dataclass(frozen=True)
class ImputeMean(_FillNumbers):
    """Fills numeric columns with the training mean."""

    streamed: ClassVar[str] = EXACT

    def _value(self, train, name, x):
        mean, _ = mean_and_spread(train, name, x)
        return mean


@dataclass(frozen=True)
class ImputeConstant(ColumnStep):
    """Fills each kind of column with one constant.

    Attributes:
        number: What fills numeric columns, in the column's own unit.
        text: What fills categorical columns: a category of its own, or one that is there.
    """

    reads: ClassVar[tuple[str, ...]] = (
        NUMERIC,
        CATEGORICAL,
        BOOLEAN,
    )
    fills_numbers: ClassVar[bool] = True
    streamed: ClassVar[str] = EXACT

    number: float = knob(0.0, -1e30, 1e30)
    text: str = "missing"

    def _suits(self, x):
        return is_numeric(x) or is_categorical(x)

    def _fit(self, train):
        return FittedStep(
            "ImputeConstant",
            tuple(
                Fill(name, as_float32(self.number) if is_numeric(train.x[name]) else self.text)
                for name in self.chosen(train)
            ),
        )


@dataclass(frozen=True)
class ImputeMostFrequent(ColumnStep):
    """Fills numeric and categorical columns with their most frequent training value, the first in
    order of ties.
    """

    reads: ClassVar[tuple[str, ...]] = (
        NUMERIC,
        CATEGORICAL,
        BOOLEAN,
    )
    fills_numbers: ClassVar[bool] = True
    streamed: ClassVar[str] = BY_SAMPLE

    def _suits(self, x):
        return is_numeric(x) or is_categorical(x)

    def _fit(self, train):
        fills = []
        for name in self.chosen(train):
            values, counts = _values_and_counts(train, name)
            if not len(values):
                raise StepError(
                    f"column {name!r} has no value in the {len(train)} training rows",
                    expected="at least one value for ImputeMostFrequent",
                    fix="put DropColumns() before it, "
                    "or name the columns that the step should take",
                )
            value = values[counts.argmax()]
            fills.append(Fill(name, value if isinstance(value, str) else as_float32(value)))
        return FittedStep("ImputeMostFrequent", tuple(fills))


def _values_and_counts(train, name):
    """Returns the values of a column in order, and how many rows have each; of texts all rows."""
    x = train.x[name]
    if is_numeric(x):
        return np.unique(x[~missing_mask(x)], return_counts=True)
    found = count_texts(train, name)
    values = sorted(text for text in found if text is not None)
    return values, np.array([found[value] for value in values])


@dataclass(frozen=True)
class ImputePrevious(ColumnStep):
    """Fills numeric columns with the last value in the rows before, in the order of the rows of
    each part; the first rows get the training median. For rows that follow each other in time.
    """

    reads: ClassVar[tuple[str, ...]] = (NUMERIC,)
    fills_numbers: ClassVar[bool] = True
    instead: ClassVar[str] = "use ImputeMedian(), which needs no row before"

    def _suits(self, x):
        return is_numeric(x)

    def _fit(self, train):
        return FittedStep(
            "ImputePrevious",
            tuple(
                FillPrevious(name, as_float32(np.median(present(train, name, self))))
                for name in self.chosen(train)
            ),
        )
