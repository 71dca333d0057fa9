"""The two types of preparing: a Step can be fitted and not applied, a FittedStep applied and not
fitted.
"""

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import ClassVar, TypeVar

import numpy as np

from ..device.cells import shorten
from ..device.primitives import Columns, Primitive, run_primitives
from ..errors import StepError
from ..rows.parts import HeldOut, TrainSet, require_train_set
from ..rows.sketch import DataSketch
from ..slots import RowFilter, Step
from ..spec import Refusal
from .statistics import follow_steps

MAX_ENCODED_BYTES = 4 * 2**30
MAX_INPUTS = 32_768
# Training rows stay training rows, held-out rows stay held out.
Part = TypeVar("Part", TrainSet, HeldOut)


@dataclass(frozen=True)
class FittedStep:
    """What a step learned.

    Attributes:
        name: Of the step.
        primitives: What a device does to the columns.
        unit: What the columns that it finished are measured in, "" if they are still to be encoded.
        dropped: Columns that go no further.
        num_ids: How many ids there are, for id columns.
    """

    name: str
    primitives: tuple[Primitive, ...]
    unit: str = ""
    dropped: tuple[str, ...] = ()
    num_ids: int = 0

    def apply(self, rows: Part) -> Part:
        """Returns the same rows with the step's columns; the type of the rows stays."""
        return rows.with_columns(self.apply_columns(rows.x))

    def apply_columns(self, columns: Columns) -> Columns:
        """Returns the columns after the step, of the same rows; those given stay as they were."""
        columns = run_primitives(self.primitives, columns)
        return {name: array for name, array in columns.items() if name not in self.dropped}


@dataclass(frozen=True)
class ColumnStep(Step):
    """A step that works on some columns.

    Attributes:
        reads: The kinds of columns that the step works on.
        replaces: Those of them that are gone afterwards.
        makes: The kinds of columns that it makes.
        columns: Names of the columns to work on; empty: every column that the step suits.
    """

    columns: tuple[str, ...] = ()

    reads: ClassVar[tuple[str, ...]] = ()
    replaces: ClassVar[tuple[str, ...]] = ()
    makes: ClassVar[tuple[str, ...]] = ()

    def suits(self, sketch: DataSketch) -> str:
        """Returns why the step would find no column to work on, or ""."""
        if sketch.is_read or not self.reads:
            return ""
        if sketch.may_have(*self.reads):
            return ""
        name = type(self).__name__
        return Refusal(
            f"{name} on columns of {sketch.kind_names()}",
            expected=f"columns of {', '.join(self.reads)}",
            fix=f"leave {name} out of the steps",
        )

    def sketch(self, sketch: DataSketch) -> DataSketch:
        """Returns what is known of the data after the step."""
        if not sketch.may_have(*self.reads):
            return sketch
        sketch = sketch.plus(*self.makes)
        if self.columns:
            return sketch
        return sketch.without(*self.replaces)

    @abstractmethod
    def _fit(self, train: TrainSet) -> FittedStep: ...

    @abstractmethod
    def _suits(self, x: np.ndarray) -> bool: ...

    def fit(self, train: TrainSet) -> FittedStep:
        """Learns from training rows only.

        Raises:
            LeakError: For anything but a TrainSet.
            StepError: If a named column does not suit.
        """
        stage = f"{type(self).__name__}.fit"
        return self._fit(require_train_set(train, stage))

    def chosen(self, train: TrainSet) -> list[str]:
        """Returns the columns that the step will work on.

        Raises:
            StepError: If a named column is missing or does not suit.
        """
        if not self.columns:
            return [name for name, x in train.x.items() if self._suits(x)]
        step = type(self).__name__
        for name in self.columns:
            if name not in train.x:
                raise StepError(
                    f"{step} names the column {shorten(name)}, which is not there",
                    expected=", ".join(train.x),
                    fix="correct the name, or drop the step",
                )
            x = train.x[name]
            if not self._suits(x):
                raise StepError(
                    f"{step} names {shorten(name)}, a {kind_of(x)} column",
                    expected=f"a column that suits {step}",
                    fix="use a step for that kind, or override the column's kind when loading",
                )
        return list(self.columns)


_KIND_NAMES = {"O": "categorical", "T": "text", "M": "date", "i": "id"}


def kind_of(x: np.ndarray) -> str:
    """Returns a column's kind in words, from its dtype."""
    if x.ndim == 2:
        return "finished or series"
    return _KIND_NAMES.get(x.dtype.kind, "numeric")


def is_numeric(x: np.ndarray) -> bool:
    return x.ndim == 1 and x.dtype.kind == "f"


def is_series(x: np.ndarray) -> bool:
    return x.ndim == 2 and x.dtype.kind == "f"


def is_categorical(x: np.ndarray) -> bool:
    return x.dtype.kind == "O"


def is_text(x: np.ndarray) -> bool:
    return x.dtype.kind == "T"


def is_tokens(x: np.ndarray) -> bool:
    return x.ndim == 2 and x.dtype == np.int32


def is_date(x: np.ndarray) -> bool:
    return x.dtype.kind == "M"


def present(train: TrainSet, name: str, step: ColumnStep) -> np.ndarray:
    """Returns the values of a numeric column that are there, float64 [n].

    Raises:
        StepError: If none is.
    """
    x = train.x[name]
    is_present = ~np.isnan(x)
    values = x[is_present]
    if not len(values):
        raise StepError(
            f"column {shorten(name)} has no value in the {len(train)} training rows",
            expected=f"at least one value for {type(step).__name__}",
            fix="put DropColumns() before it, or name the columns that the step should take",
        )
    return values.astype(np.float64)


def as_float32(value: float) -> float:
    """Returns a Python float that float32 holds exactly, so that what is written is what is
    computed with.
    """
    return float(np.float32(value))


def fit_steps(
    steps: Sequence, train: TrainSet, *, applies_last: bool = True
) -> tuple[tuple[FittedStep, ...], TrainSet]:
    """Fits each step on the rows as the steps before it leave them.

    A RowFilter (see `DropRowsWithMissing`) leaves out training rows and has nothing to apply to
    others.

    Args:
        steps: In their order.
        train: Training rows.
        applies_last: Whether the rows that are returned are those after the last step; if not,
            those before it, which take less memory.

    Returns:
        The fitted steps and the prepared rows.

    Raises:
        StepError: If a step would make more columns than memory should hold.
    """
    fitted_steps = []
    for place, step in enumerate(steps, start=1):
        if isinstance(step, RowFilter):
            train = step.filter_rows(train)
            continue
        fitted = step.fit(train)
        _refuse_too_large(fitted, len(train))
        fitted_steps.append(fitted)
        if applies_last or place < len(steps):
            train = _after(fitted, train)
    return tuple(fitted_steps), train


def _after(fitted, train):
    """Returns training rows after a step, and what is known of those that are streamed."""
    after = fitted.apply(train)
    if train.whole is None:
        return after
    whole = follow_steps(fitted.primitives, train.whole)
    return replace(after, whole=whole)


def _refuse_too_large(step, num_rows):
    """Raises StepError for the widths that a step makes, before the memory is taken."""
    widths = []
    for primitive in step.primitives:
        if primitive.width():
            widths.append(primitive.width())
    width = sum(widths)
    if width > MAX_INPUTS:
        lower = ""
        most = MAX_INPUTS // len(widths)
        if most:
            lower = f"set num_bins or max_categories to {most} at most, or "
        raise StepError(
            f"{step.name} would make {width:,} model inputs of {len(widths):,} columns",
            expected=f"at most {MAX_INPUTS:,}",
            fix=f"{lower}leave columns out (--drop COLUMN); ScaleStandard() makes one input of "
            "a number",
        )
    num_bytes = width * num_rows * 4
    if num_bytes > MAX_ENCODED_BYTES:
        raise StepError(
            f"{step.name} would make {width:,} columns of {num_rows:,} rows, "
            f"{num_bytes / 2**30:.1f} GiB",
            expected=f"at most {MAX_ENCODED_BYTES / 2**30:.0f} GiB",
            fix="lower max_categories or num_bins, raise min_count, or use EncodeIds()",
        )


def apply_steps(fitted: Sequence[FittedStep], rows: Part) -> Part:
    """Returns the rows after every fitted step."""
    for step in fitted:
        rows = step.apply(rows)
    return rows
