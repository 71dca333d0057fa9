"""Rows, and who may learn from them.

Dataset    as loaded; can do nothing but be split
TrainSet   the only rows that may be learned from, redrawn or altered
HeldOut    rows to judge on; no learning function takes one
Splits     train, valid and test, with no row and no group in two of them
"""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from ..device.cells import MISSING_WORDS, Column
from ..device.frame import Frame
from ..device.target import Target
from ..errors import LeakError
from .stream import StreamedRows

if TYPE_CHECKING:
    from ..report.screening import Screening


@dataclass(frozen=True)
class Schema:
    """What the columns of a source are: the raw feature columns, the target, the words that read as
    missing, how windows were cut, and whether rows are read part by part.
    """

    columns: tuple[Column, ...]
    target: Target
    missing_words: tuple[str, ...] = MISSING_WORDS
    frame: Frame | None = None
    is_streamed: bool = False


@dataclass(frozen=True)
class ColumnNote:
    """One line of the printed schema: a column, its kind ("ignored" where it is left out)
    and why.
    """

    name: str
    kind: str
    why: str


@dataclass(frozen=True, eq=False, repr=False)
class UnlabelledRows:
    """Rows without a label. x: column → array [rows, ...]; group: as of the rows with a label,
    None where those have none. Like training rows they may be learned from, and `split` leaves out
    those that held-out rows hold.
    """

    x: dict[str, np.ndarray]
    group: np.ndarray | None = None

    def __len__(self):
        return len(next(iter(self.x.values())))

    def take(self, places: np.ndarray) -> "UnlabelledRows":
        """The rows at `places` (int [n] or bool [rows])."""
        return UnlabelledRows(
            {name: array[places] for name, array in self.x.items()},
            None if self.group is None else self.group[places],
        )


@dataclass(frozen=True, eq=False, repr=False)
class _Rows:
    """x: column → array [rows, ...], or one that stays on disk (`columns.StoredColumn`);
    y: int64 class or float64 value [rows], of
    several labels int64 [rows, labels], 1 where a row has the label, of
    windows float64 [rows, horizon], NaN where it is unknown; ids: int64 [rows], the source row,
    which survives resampling; weight: float32 [rows], 1.0 by default; part: object [rows], "train",
    "valid" or "test" if the source names it, else None; series: text [rows], the series that a row
    is a step or a window of; baselines: name → what a plain rule gives for each row, like y, or of
    windows to be judged float64 [rows], the higher the more anomalous; unlabelled: more rows
    without a label, never of a HeldOut, which balancers leave behind and `run.fit` hands to
    training as ports; label_weights: float32 [2, labels], of rows with several labels what lacking
    and having each label counts in the loss, None where all count alike; logit_shift: float32
    [classes], what the loss adds to logits, None for nothing; whole: all rows, where these are a
    sample of them (never of a HeldOut); class_weights: float32 [classes], what every row of a class
    counts, of such rows, None where all count alike.
    """

    x: dict[str, np.ndarray]
    y: np.ndarray
    ids: np.ndarray
    schema: Schema
    weight: np.ndarray | None = None
    group: np.ndarray | None = None
    time: np.ndarray | None = None
    part: np.ndarray | None = None
    series: np.ndarray | None = None
    baselines: dict[str, np.ndarray] | None = None
    unlabelled: UnlabelledRows | None = None
    label_weights: np.ndarray | None = None
    logit_shift: np.ndarray | None = None
    whole: StreamedRows | None = None
    class_weights: np.ndarray | None = None

    def __post_init__(self):
        if self.weight is None:
            object.__setattr__(self, "weight", np.ones(len(self.y), np.float32))
        per_row = {
            "ids": self.ids,
            "weight": self.weight,
            "group": self.group,
            "time": self.time,
            "part": self.part,
            "series": self.series,
            **(self.baselines or {}),
            **self.x,
        }
        unlike = {
            name: len(array)
            for name, array in per_row.items()
            if array is not None and len(array) != len(self.y)
        }
        if unlike:
            raise LeakError(
                f"{type(self).__name__} with {len(self.y)} labels and other lengths: {unlike}",
                expected="one value a row in every array",
                fix="cut every array with the same index",
                stage="rows",
            )
        if self.unlabelled is not None and isinstance(self, HeldOut):
            raise LeakError(
                "a HeldOut with rows to learn from",
                expected="unlabelled rows next to training rows",
                fix="leave HeldOut.unlabelled empty",
                stage="rows",
            )
        if self.whole is not None and isinstance(self, HeldOut):
            raise LeakError(
                "a HeldOut with rows that are read from their source",
                expected="held-out rows in memory",
                fix="leave HeldOut.whole empty",
                stage="rows",
            )

    def __len__(self):
        return len(self.y)

    @property
    def num_rows(self) -> int:
        """How many rows there are, of a sample those that it was drawn from."""
        if self.whole is None:
            return len(self)
        return self.whole.num_rows

    def count_classes(self) -> np.ndarray:
        """int64 [classes]: the rows of each class, of a sample those that it was drawn from."""
        if self.whole is not None and self.whole.class_counts is not None:
            return self.whole.class_counts
        return np.bincount(self.y, minlength=len(self.schema.target.labels))

    def __repr__(self):
        return (
            f"{type(self).__name__}({len(self):,} rows of "
            f"{', '.join(map(repr, list(self.x)[:20]))})"
        )


def _take(rows: _Rows, kind: type, places: np.ndarray):
    def cut(array):
        if array is None:
            return None
        return array[places]

    return kind(
        x={name: cut(array) for name, array in rows.x.items()},
        y=cut(rows.y),
        ids=cut(rows.ids),
        schema=rows.schema,
        weight=cut(rows.weight),
        group=cut(rows.group),
        time=cut(rows.time),
        part=cut(rows.part),
        series=cut(rows.series),
        baselines=rows.baselines and {name: cut(array) for name, array in rows.baselines.items()},
        label_weights=rows.label_weights,
        logit_shift=rows.logit_shift,
    )


class Dataset(_Rows):
    """Rows as loaded. `split` is the only stage that takes it."""


def dataset_at(dataset: Dataset, places: np.ndarray) -> Dataset:
    """The rows of a source at `places` (int64 [n]): for a loader, before anything is split."""
    return _take(dataset, Dataset, places)


class TrainSet(_Rows):
    """Rows that may be learned from, redrawn and altered."""

    def take(self, places: np.ndarray) -> "TrainSet":
        """The rows at `places` (int [n] or bool [rows]), in that order, repeats allowed; unlabelled
        rows stay.
        """
        return replace(_take(self, type(self), places), unlabelled=self.unlabelled)

    def smaller_sample(self, most: int) -> "TrainSet":
        """At most so many of the rows, evenly drawn, still as a sample of `whole`."""
        if len(self) <= most:
            return self
        evenly = np.linspace(0, len(self) - 1, most)
        return replace(self.take(evenly.astype(np.int64)), whole=self.whole)

    def with_columns(self, x: dict[str, np.ndarray]) -> "TrainSet":
        """The same rows with other columns."""
        return replace(self, x=x)


class HeldOut(_Rows):
    """Rows to judge on. There is no `take`: they are judged as they are."""

    def with_columns(self, x: dict[str, np.ndarray]) -> "HeldOut":
        """The same rows with other columns."""
        return replace(self, x=x)


class BalancedSet(TrainSet):
    """What a balancer gives: to be trained on, but no longer a fair sample, so nothing is fitted on
    it and no int8 range is calibrated on it.
    """


@dataclass(frozen=True, eq=False)
class SourceData:
    """What a loader read of a source.

    Attributes:
        dataset: the rows.
        columns: a line a column of the source: its kind and why.
        facts: the name and the checksums of the source, for the report.
        screening: what is suspicious about the rows, once their split was looked at.
    """

    dataset: Dataset
    columns: tuple[ColumnNote, ...]
    facts: dict
    screening: "Screening | None" = None


@dataclass(frozen=True, eq=False)
class Splits:
    """The three parts of a data set; `steps`: where rows are windows, the parts they were cut from;
    `notes`: what a reader of the scores should know of the cut. Raises LeakError where two share a
    source row or a group.
    """

    train: TrainSet
    valid: HeldOut
    test: HeldOut
    steps: "Splits | None" = None
    notes: tuple[str, ...] = ()

    def __post_init__(self):
        parts = {"train": self.train, "valid": self.valid, "test": self.test}
        kinds = {"train": TrainSet, "valid": HeldOut, "test": HeldOut}
        for name, kind in kinds.items():
            part = parts[name]
            if not isinstance(part, kind):
                raise LeakError(
                    f"Splits.{name} is a {type(part).__name__}",
                    expected=f"a {kind.__name__}",
                    fix="take the parts from pipelines.rows.split",
                )
        self._check_stream()
        for first, second in (("train", "valid"), ("train", "test"), ("valid", "test")):
            one = parts[first]
            other = parts[second]
            shared = np.intersect1d(one.ids, other.ids)
            if len(shared):
                raise LeakError(
                    f"{first} and {second} share {len(shared)} source rows, "
                    f"such as row {shared[0]}",
                    expected="no row in two parts",
                    fix="split by source row, before resampling",
                )
            if one.group is not None and other.group is not None:
                both = np.intersect1d(one.group, other.group)
                if len(both):
                    raise LeakError(
                        f"{first} and {second} share {len(both)} groups",
                        expected="each group whole in one part",
                        fix="split with SplitGrouped",
                    )

    def _check_stream(self):
        """Raises LeakError where the stream of the training rows reads held-out ones."""
        whole = self.train.whole
        if whole is None:
            return
        for name, rows in (("valid", self.valid), ("test", self.test)):
            is_learned = whole.stream.holds(rows.ids, rows.group)
            if is_learned.any():
                raise LeakError(
                    f"the streamed training rows hold {int(is_learned.sum())} {name} rows",
                    expected="no row in two parts",
                    fix="take the parts from pipelines.rows.split",
                )


def require_train_set(rows: object, stage: str) -> TrainSet:
    """`rows`, if it may be learned from. Raises LeakError for a Dataset, a HeldOut, a BalancedSet
    or anything else.
    """
    if type(rows) is not TrainSet:
        raise LeakError(
            f"a {type(rows).__name__} was handed to {stage}, which learns from it",
            expected="a TrainSet, as it was before balancing"
            if isinstance(rows, BalancedSet)
            else "a TrainSet",
            fix="pass splits.train; held-out rows are only applied to",
            stage=stage,
        )
    return rows


def require_unseen(rows: HeldOut, seen_ids: np.ndarray) -> None:
    """Raises LeakError if a source row was learned from or chosen by; `seen_ids`: int64, of
    those.
    """
    seen = np.intersect1d(seen_ids, rows.ids)
    if len(seen):
        raise LeakError(
            f"{len(seen)} of the test rows were seen in training or validation, such as row "
            f"{seen[0]}",
            expected="rows that no stage has seen",
            fix="judge on the splits.test of the same split",
        )
