"""Peers of whole series: the nearest neighbour, and MiniRocket."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from ..device.cells import SERIES
from ..installed import import_fault
from ..rows.parts import TrainSet
from ..rows.sketch import DataSketch
from .outputs import RidgeShares, fit_outputs
from .peer import Columns, Peer, Predict
from .windows import carried, read_numbers

_ALPHAS = np.logspace(-1, 5, 13)


class SeriesPeer(Peer):
    """A peer of series that are rows themselves."""

    def suits(self, sketch: DataSketch) -> str:
        """Returns why rows are no whole series, or ""."""
        if sketch.may_have(SERIES) and sketch.may_be(lambda task: not task.needs_frame):
            return ""
        return f"a {sketch.task_names()} target of {sketch.kind_names()}: no whole series"


def read_series(train: TrainSet, x: Columns) -> np.ndarray:
    """Returns float64 [rows, channels, steps]: gaps hold the last known value, or the first."""
    names = [column.name for column in train.schema.columns if column.kind == SERIES]
    channels = []
    for name in names:
        window = read_numbers(x, name)
        channels.append(_without_gaps(window))
    return np.stack(channels, axis=1)


def _without_gaps(window):
    forward = carried(window)
    turned = forward[:, ::-1]
    backward = carried(turned)
    return np.nan_to_num(backward[:, ::-1])


@dataclass(frozen=True, eq=False)
class ChannelScale:
    """The scale of each channel of training series.

    Attributes:
        mean: float64 [channels, 1].
        spread: The standard deviation, float64 [channels, 1]; 1 of a channel that never changes.
    """

    mean: np.ndarray
    spread: np.ndarray

    @staticmethod
    def of(series: np.ndarray) -> "ChannelScale":
        """Returns the scale of series [rows, channels, steps]."""
        mean = series.mean(axis=(0, 2))
        spread = series.std(axis=(0, 2))
        spread[spread == 0] = 1.0
        return ChannelScale(mean[:, None], spread[:, None])

    def flat(self, series: np.ndarray) -> np.ndarray:
        """Returns series in this scale, [rows, channels * steps]."""
        scaled = (series - self.mean) / self.spread
        return scaled.reshape(len(scaled), -1)


@dataclass(frozen=True)
class NeighbourPeer(SeriesPeer):
    """The training series of the least Euclidean distance, each channel in its standard
    deviations.
    """

    name: ClassVar[str] = "nearest neighbour"
    advice: ClassVar[str] = "more epochs: --set training.epochs=200"

    def row_seconds(self, train: TrainSet) -> float:
        """Returns the seconds by values: each is compared with those of some thousand rows."""
        return 1e-7 * sum(np.prod(column.shape[1:]) for column in train.x.values()) + 1e-5

    def learn(self, train: TrainSet) -> Predict:
        """Keeps the series."""
        from sklearn.neighbors import KNeighborsClassifier, KNeighborsRegressor

        series = read_series(train, train.x)
        scale = ChannelScale.of(series)
        outputs = fit_outputs(
            scale.flat(series),
            train.y,
            train.schema.target,
            classifier=lambda y: KNeighborsClassifier(1),
            regressor=lambda y: KNeighborsRegressor(1),
        )

        def predict(x):
            given = read_series(train, x)
            return outputs(scale.flat(given))

        return predict


@dataclass(frozen=True)
class MiniRocketPeer(SeriesPeer):
    """Some ten thousand convolutions that are not trained, with a linear model (Dempster et al.
    2021, https://doi.org/10.1145/3447548.3467231); of the package aeon.
    """

    name: ClassVar[str] = "MiniRocket"
    doubts_labels: ClassVar[bool] = True
    advice: ClassVar[str] = (
        "the same as a network: --set 'build=MiniRocket(num_features=1008)' --set 'augment=()' "
        "--set teacher=None"
    )

    def lacks(self) -> str:
        """Returns why aeon cannot be used, or ""."""
        module = "aeon.transformations.collection.convolution_based"
        return import_fault(module, of="pipelines[peers]")

    def row_seconds(self, train: TrainSet) -> float:
        """Returns the seconds by values."""
        return 2e-5 * sum(np.prod(column.shape[1:]) for column in train.x.values()) + 1e-3

    def learn(self, train: TrainSet) -> Predict:
        """Fits the biases of the convolutions and the model."""
        from aeon.transformations.collection.convolution_based import MiniRocket
        from sklearn.linear_model import RidgeCV
        from sklearn.preprocessing import StandardScaler

        rocket = MiniRocket(random_state=self.seed)
        scale = StandardScaler(with_mean=False)
        series = read_series(train, train.x).astype(np.float32)
        convolved = rocket.fit_transform(series)
        x = scale.fit_transform(np.asarray(convolved))
        outputs = fit_outputs(
            x,
            train.y,
            train.schema.target,
            classifier=lambda y: RidgeShares(_ALPHAS),
            regressor=lambda y: RidgeCV(_ALPHAS),
        )

        def predict(given):
            series = read_series(train, given)
            convolved = rocket.transform(series.astype(np.float32))
            features = scale.transform(np.asarray(convolved))
            return outputs(features)

        return predict
