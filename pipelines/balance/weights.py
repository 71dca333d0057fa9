"""Class weights: rare classes count more in the loss; no row is touched."""

from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np

from ..errors import BalanceError
from ..rows.parts import BalancedSet, TrainSet, require_train_set
from ..rows.sketch import DataSketch
from ..rows.stream import ClassRedraw, StreamedRows
from ..slots import Balancer
from ..spec import knob


@dataclass(frozen=True)
class WeightByClass(Balancer):
    """Weights each row by (rows / (classes * rows of its class)) ** `strength`; 1.0 is
    scikit-learn's "balanced", 0.5 the square root that often serves better with many classes.

    Of several labels a row, each label is weighted by itself: rows that have it by (rows / (2 *
    rows that have it)) ** `strength`, rows that lack it alike. Such weights depend on the label, so
    they stand in the loss and not in a row's weight (`label_weights`).

    Attributes:
        strength: How much rare classes are raised: 0 not at all, 1 until classes count alike.
    """

    strength: float = knob(1.0, 0, 2)

    redraws: ClassVar[bool] = False

    def suits(self, sketch: DataSketch) -> str:
        """Returns why there are no labels to weight, or ""."""
        if sketch.may_have_labels():
            return ""
        return super().suits(sketch)

    def resample(self, train: TrainSet) -> BalancedSet:
        """TrainSet → BalancedSet with the same rows in the same order. Raises BalanceError for
        real-number targets.
        """
        train = require_train_set(train, "balance")
        if has_several_labels(train):
            weights = (len(train) / (2 * _label_counts(train.y))) ** self.strength
            return replace(balanced(train), label_weights=weights.astype(np.float32))
        counts = class_counts(train, "WeightByClass")
        by_class = (
            train.num_rows / (np.count_nonzero(counts) * np.maximum(counts, 1))
        ) ** self.strength
        weight = (train.weight * by_class[train.y]).astype(np.float32)
        weighted = replace(balanced(train), weight=weight)
        if train.whole is None:
            return weighted
        return replace(weighted, class_weights=by_class.astype(np.float32))


def balanced(rows: TrainSet) -> BalancedSet:
    """Returns rows, as they are, as what a balancer gives."""
    return BalancedSet(
        x=rows.x,
        y=rows.y,
        ids=rows.ids,
        schema=rows.schema,
        weight=rows.weight,
        group=rows.group,
        time=rows.time,
        whole=rows.whole,
    )


def redrawn_stream(
    train: TrainSet, whole: StreamedRows, *, wanted: np.ndarray, seed: int
) -> BalancedSet:
    """Returns streamed rows of which batches draw each class as often as it is wanted.

    Args:
        train: Training rows, a sample.
        whole: All of them.
        wanted: int64 [classes], the rows of each class in an epoch.
        seed: Of the draw.
    """
    rates = wanted / np.maximum(train.count_classes(), 1)
    even = replace(
        whole,
        num_rows=int(wanted.sum()),
        class_counts=wanted,
        redraw=ClassRedraw(rates, seed),
    )
    return replace(balanced(train), whole=even)


def has_several_labels(train: TrainSet) -> bool:
    """Returns whether a row has several labels: y int64 [rows, labels]."""
    return bool(train.schema.target.labels) and train.y.ndim == 2


def _label_counts(has):
    """float64 [2, labels]: rows that lack each label, rows that have it; at least one."""
    counts = np.stack([(has == 0).sum(axis=0), (has == 1).sum(axis=0)])
    return np.maximum(counts, 1).astype(np.float64)


def class_counts(train: TrainSet, balancer: str) -> np.ndarray:
    """int64 [classes]: training rows of each class. Raises BalanceError where the target is a real
    number.
    """
    labels = train.schema.target.labels
    if not labels:
        raise BalanceError(
            f"{balancer} on the real-number target {train.schema.target.name!r}",
            expected="a target with classes",
            fix="leave `balance` empty (None) for regression",
        )
    if has_several_labels(train):
        raise BalanceError(
            f"{balancer} on the target {train.schema.target.name!r} of several labels a row",
            expected="one class a row: a row that is drawn for one label has its other labels too, "
            "and between two rows there is no set of labels",
            fix="--set 'balance=WeightByClass()', which weights each label in the loss",
        )
    return train.count_classes()
