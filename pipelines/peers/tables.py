"""Peers of tables: a linear model, a forest, and boosting."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from ..device.cells import PICTURE, SERIES, TEXT
from ..rows.parts import TrainSet
from ..rows.sketch import DataSketch
from ..tabular.plain_features import (
    TABLE_KINDS,
    boosting_knobs,
    linear_features,
    tree_features,
)
from ..tasks import task_of
from .outputs import fit_outputs
from .peer import Peer, Predict

NUM_TREES = 200
_FINER_BINS = "finer bins: --set 'encode=(EncodeBins(num_bins=64), EncodeOnehot())'"
_ALPHAS = np.logspace(-2, 4, 13)


class TablePeer(Peer):
    """A peer of rows of numbers, categories, flags and dates."""

    def suits(self, sketch: DataSketch) -> str:
        """Returns why the rows are no table, or ""."""
        if sketch.may_have(*TABLE_KINDS) and not sketch.may_have(PICTURE, SERIES, TEXT):
            return ""
        return f"columns of {sketch.kind_names()} are no table"


def num_models(train: TrainSet, *, by_class: bool) -> int:
    """Returns how many models a target takes: one a label of label sets, and one a class if
    `by_class` and there are more than two.
    """
    target = train.schema.target
    task = task_of(target)
    if task.has_label_sets:
        return len(target.labels)
    if by_class and len(target.labels) > 2:
        return len(target.labels)
    return 1


@dataclass(frozen=True)
class LinearPeer(TablePeer):
    """Logistic regression, or ridge, on scaled numbers and one-hot categories."""

    name: ClassVar[str] = "linear model"
    doubts_labels: ClassVar[bool] = True
    advice: ClassVar[str] = (
        "numbers as they are in place of bins: --set 'encode=(ScaleStandard(), EncodeOnehot())'; "
        "or a smaller network, or more dropout: --set 'build.widths=(32,)', --set build.dropout=0.3"
    )
    streamed_advice: ClassVar[str] = advice

    def row_seconds(self, train: TrainSet) -> float:
        """Returns the seconds by columns and classes."""
        return 3e-6 * len(train.x) * num_models(train, by_class=True)

    def learn(self, train: TrainSet) -> Predict:
        """Fits the features and the model."""
        from sklearn.linear_model import LogisticRegression, RidgeCV

        features = linear_features(train)
        outputs = fit_outputs(
            features(train.x),
            train.y,
            train.schema.target,
            classifier=lambda y: LogisticRegression(max_iter=300),
            regressor=lambda y: RidgeCV(_ALPHAS),
        )
        return lambda x: outputs(features(x))


@dataclass(frozen=True)
class ForestPeer(TablePeer):
    """A random forest (Breiman 2001, https://doi.org/10.1023/A:1010933404324)."""

    name: ClassVar[str] = "random forest"
    advice: ClassVar[str] = "a forest as teacher: --set 'teacher=ForestTeacher()'"
    streamed_advice: ClassVar[str] = _FINER_BINS

    def row_seconds(self, train: TrainSet) -> float:
        """Returns the seconds by columns and labels."""
        return 7e-5 * np.sqrt(len(train.x)) * num_models(train, by_class=False)

    def learn(self, train: TrainSet) -> Predict:
        """Fits the features and the trees."""
        from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor

        features = linear_features(train)
        knobs = {"n_estimators": NUM_TREES, "n_jobs": -1, "random_state": self.seed}
        outputs = fit_outputs(
            features(train.x),
            train.y,
            train.schema.target,
            classifier=lambda y: RandomForestClassifier(min_samples_leaf=2, **knobs),
            regressor=lambda y: RandomForestRegressor(
                min_samples_leaf=2, max_features=1 / 3, **knobs
            ),
        )
        return lambda x: outputs(features(x))


@dataclass(frozen=True)
class BoostingPeer(TablePeer):
    """Histogram gradient boosting, with native categories and missing values (Ke et al. 2017)."""

    name: ClassVar[str] = "histogram gradient boosting"
    advice: ClassVar[str] = (
        "finer bins, or a forest as teacher: --set 'encode=(EncodeBins(num_bins=64), "
        "EncodeOnehot())', --set 'teacher=ForestTeacher()'"
    )
    streamed_advice: ClassVar[str] = _FINER_BINS

    def row_seconds(self, train: TrainSet) -> float:
        """Returns the seconds by columns, classes and labels."""
        return 3e-6 * len(train.x) * num_models(train, by_class=True)

    def learn(self, train: TrainSet) -> Predict:
        """Fits the features and the trees."""
        from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor

        features, is_code = tree_features(train)
        outputs = fit_outputs(
            features(train.x),
            train.y,
            train.schema.target,
            classifier=lambda y: HistGradientBoostingClassifier(
                **boosting_knobs(self.seed, np.bincount(y).min()), categorical_features=is_code
            ),
            regressor=lambda y: HistGradientBoostingRegressor(
                **boosting_knobs(self.seed, len(y)), categorical_features=is_code
            ),
        )
        return lambda x: outputs(features(x))
