"""The peer of anomalies: an isolation forest on whole windows."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from ..rows.parts import TrainSet
from ..rows.sketch import DataSketch
from .peer import Peer, Predict
from .series import ChannelScale, read_series

NUM_TREES = 200


@dataclass(frozen=True)
class IsolationPeer(Peer):
    """An isolation forest (Liu et al. 2008, https://doi.org/10.1109/ICDM.2008.17) of windows that
    are not labelled as anomalies; it ranks windows and has no threshold.
    """

    name: ClassVar[str] = "isolation forest"
    advice: ClassVar[str] = "a longer window, or more epochs: --set training.epochs=80"

    def suits(self, sketch: DataSketch) -> str:
        """Returns why there are no windows to judge, or ""."""
        if sketch.may_be(lambda task: task.gives_back):
            return ""
        return f"a {sketch.task_names()} target has no anomalies"

    def row_seconds(self, train: TrainSet) -> float:
        """Returns the seconds of a row: each tree grows on 256 of them."""
        return 1e-4

    def learn(self, train: TrainSet) -> Predict:
        """Grows the trees."""
        from sklearn.ensemble import IsolationForest

        series = read_series(train, train.x)
        calm = series[train.y != 1]
        scale = ChannelScale.of(calm)
        model = IsolationForest(n_estimators=NUM_TREES, random_state=self.seed)
        model.fit(scale.flat(calm))

        def predict(x):
            given = read_series(train, x)
            calmness = model.score_samples(scale.flat(given))
            return -calmness.astype(np.float64)

        return predict
