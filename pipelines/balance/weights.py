"""Class weights: rare classes count more in the loss; no row is touched."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from ..errors import BalanceError
from ..rows.parts import BalancedSet, TrainSet, require_train_set
from ..rows.sketch import DataSketch
from ..slots import Balancer
from ..spec import knob


@dataclass(frozen=True)
class WeightByClass(Balancer):
    """Weights each row by (rows / (classes * rows of its class)) ** `strength`; 1.0 is
    scikit-learn's "balanced", 0.5 the square root that often serves better with many classes.
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
        counts = class_counts(train, "WeightByClass")
        by_class = (
            len(train) / (np.count_nonzero(counts) * np.maximum(counts, 1))
        ) ** self.strength
        weight = (train.weight * by_class[train.y]).astype(np.float32)
        return BalancedSet(
            x=train.x,
            y=train.y,
            ids=train.ids,
            schema=train.schema,
            weight=weight,
            group=train.group,
            time=train.time,
        )


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
    return np.bincount(train.y, minlength=len(labels))
