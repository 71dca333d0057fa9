"""Peers of pictures: a linear model on features; `pretrained` has those of a network."""

from abc import abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from ..device.cells import PICTURE
from ..rows.columns import read_rows
from ..rows.parts import TrainSet
from ..rows.sketch import DataSketch
from .outputs import fit_outputs
from .peer import Columns, Peer, Predict
from .tables import num_models

SIDE = 16
_ALPHAS = np.logspace(-1, 6, 15)
_PIECE = 64
_FEATURES = "features"


class PicturePeer(Peer):
    """A linear model on features of pictures."""

    def suits(self, sketch: DataSketch) -> str:
        """Returns why there are no pictures, or ""."""
        if sketch.may_have(PICTURE):
            return ""
        return f"columns of {sketch.kind_names()} hold no pictures"

    @abstractmethod
    def reader(self) -> Callable[[np.ndarray], np.ndarray]:
        """Returns pixels uint8 [rows, height, width, channels] → float64 [rows, features]."""

    def extract(self, x: Columns) -> dict[str, Any]:
        """Returns the features of all columns of pictures, piece by piece."""
        features = self.reader()
        columns = [column for column in x.values() if column.ndim == 4]
        parts = []
        for start in range(0, len(columns[0]), _PIECE):
            places = slice(start, start + _PIECE)
            pieces = []
            for column in columns:
                pixels = read_rows(column, places)
                pieces.append(features(pixels))
            parts.append(np.concatenate(pieces, axis=1))
        return {_FEATURES: np.concatenate(parts)}

    def learn(self, train: TrainSet) -> Predict:
        """Fits the scale of the features and the model."""
        from sklearn.linear_model import LogisticRegression, RidgeCV
        from sklearn.preprocessing import StandardScaler

        scale = StandardScaler()
        # With as many features as rows, little regularization would only learn them by heart.
        outputs = fit_outputs(
            scale.fit_transform(train.x[_FEATURES]),
            train.y,
            train.schema.target,
            classifier=lambda y: LogisticRegression(C=0.01, max_iter=200),
            regressor=lambda y: RidgeCV(_ALPHAS),
        )
        return lambda x: outputs(scale.transform(x[_FEATURES]))


@dataclass(frozen=True)
class PixelPeer(PicturePeer):
    """Logistic regression, or ridge, on pictures of SIDE × SIDE pixels."""

    name: ClassVar[str] = "linear model of pixels"
    doubts_labels: ClassVar[bool] = True
    advice: ClassVar[str] = "more epochs: --set training.epochs=40"

    def row_seconds(self, train: TrainSet) -> float:
        """Returns the seconds by classes, and by the pixels that are read."""
        num_pixels = sum(np.prod(column.shape[1:]) for column in train.x.values())
        return 1e-8 * num_pixels + 4e-5 * num_models(train, by_class=True)

    def reader(self) -> Callable[[np.ndarray], np.ndarray]:
        """Returns pixels → the mean of each of SIDE × SIDE areas."""
        return _mean_areas


def _mean_areas(pixels):
    values = pixels.astype(np.float64)
    rows = _areas(values, 1)
    areas = _areas(rows, 2)
    return areas.reshape(len(pixels), -1)


def _areas(pixels, axis):
    """Returns the means of SIDE areas along an axis; of less pixels they are as they are."""
    size = pixels.shape[axis]
    if size <= SIDE:
        return pixels
    starts = np.arange(SIDE) * size // SIDE
    sums = np.add.reduceat(pixels, starts, axis=axis)
    ends = np.append(starts[1:], size)
    counts = ends - starts
    shape = [1] * pixels.ndim
    shape[axis] = SIDE
    return sums / counts.reshape(shape)
