"""The peer that knows nothing of a row: the share of each class, or the mean."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from ..rows.parts import TrainSet
from ..rows.sketch import DataSketch
from ..tasks import task_of
from .peer import Peer, Predict


@dataclass(frozen=True)
class PriorPeer(Peer):
    """Answers every row alike."""

    name: ClassVar[str] = "prior"

    def suits(self, sketch: DataSketch) -> str:
        """Returns why there is no single prior, or ""."""
        if sketch.may_be(lambda task: not task.needs_frame):
            return ""
        return "windows have the plain rules of their frame"

    def row_seconds(self, train: TrainSet) -> float:
        """Returns next to nothing."""
        return 1e-9

    def learn(self, train: TrainSet) -> Predict:
        """Returns the share of each class or label, or the mean, whatever the row."""
        target = train.schema.target
        task = task_of(target)
        if task.has_classes:
            prior = np.bincount(train.y, minlength=len(target.labels)) / len(train)
        else:
            prior = train.y.mean(axis=0)

        def predict(x):
            num_rows = len(next(iter(x.values())))
            return np.broadcast_to(prior, (num_rows, *np.shape(prior))).astype(np.float64)

        return predict
