"""Peers of forecasts: ridge on lags, and one boosting model for all steps ahead. Last value and
seasonal naive come from the frame.
"""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from ..rows.parts import TrainSet
from ..rows.sketch import DataSketch
from ..tabular.plain_features import boosting_knobs
from .peer import Columns, Peer, Predict
from .windows import WindowColumns, linear_windows, step_features

_ALPHAS = np.logspace(-1, 5, 13)
# Steps ahead that boosting learns from of each window: neighbouring windows show the others.
MOST_STEPS = 24
_PIECE = 250


class ForecastPeer(Peer):
    """A peer of windows with steps to forecast."""

    def suits(self, sketch: DataSketch) -> str:
        """Returns why there is nothing to forecast, or ""."""
        if sketch.may_be(lambda task: task.looks_ahead) and sketch.horizon:
            return ""
        return f"a {sketch.task_names()} target is no forecast"


@dataclass(frozen=True)
class RidgePeer(ForecastPeer):
    """Ridge from the window and the calendar to every step ahead."""

    name: ClassVar[str] = "ridge on lags and calendar"
    advice: ClassVar[str] = "a linear network: --set 'build=NLinear(regularizer=1e-4)'"

    def row_seconds(self, train: TrainSet) -> float:
        """Returns the seconds by values and steps ahead."""
        num_features = 20 + sum(np.prod(column.shape[1:]) for column in train.x.values())
        return 1e-9 * num_features**2 * (1 + 0.2 * train.y.shape[1]) + 1e-5

    def learn(self, train: TrainSet) -> Predict:
        """Fits the scale of the features, the penalty, and the weights of every step."""
        from sklearn.impute import SimpleImputer
        from sklearn.pipeline import make_pipeline
        from sklearn.preprocessing import StandardScaler

        columns = WindowColumns.of(train.schema)
        scale = make_pipeline(SimpleImputer(keep_empty_features=True), StandardScaler())
        x = scale.fit_transform(linear_windows(columns, train.x))
        y = train.y - columns.base(train.x)[:, None]
        models = _fit_steps(x, y)

        def predict(given: Columns) -> np.ndarray:
            features = scale.transform(linear_windows(columns, given))
            steps = [model.predict(features).reshape(len(features), -1) for model in models]
            return np.concatenate(steps, axis=1) + columns.base(given)[:, None]

        return predict


def _fit_steps(x, y):
    """Fits all steps at once where every value is known, else each on the windows that have it."""
    from sklearn.linear_model import Ridge, RidgeCV

    is_known = ~np.isnan(y)
    if is_known.all():
        return [RidgeCV(_ALPHAS).fit(x, y)]
    middle = is_known.sum(axis=0).argmax()
    rows = is_known[:, middle]
    alpha = RidgeCV(_ALPHAS).fit(x[rows], y[rows, middle]).alpha_
    models = []
    for step in range(y.shape[1]):
        rows = is_known[:, step]
        if not rows.any():
            rows, step = is_known[:, middle], middle
        models.append(Ridge(alpha).fit(x[rows], y[rows, step]))
    return models


@dataclass(frozen=True)
class BoostedStepsPeer(ForecastPeer):
    """Histogram gradient boosting of single steps, with the step as a feature; of the absolute
    error where the median is asked for, else of the squared one.
    """

    name: ClassVar[str] = "gradient boosting on lags and calendar"
    advice: ClassVar[str] = (
        "a longer window that holds a whole season, such as --set frame.window=168 for hours"
    )

    def row_seconds(self, train: TrainSet) -> float:
        """Returns the seconds by steps ahead and series."""
        return 5e-5 * min(train.y.shape[1], MOST_STEPS) * (1 + 0.1 * len(train.x))

    def learn(self, train: TrainSet) -> Predict:
        """Fits the trees on known steps."""
        from sklearn.ensemble import HistGradientBoostingRegressor

        columns = WindowColumns.of(train.schema)
        x, y = _known_steps(columns, train, self.seed)
        loss = "squared_error"
        if 0.5 in train.schema.target.quantiles:
            loss = "absolute_error"
        knobs = boosting_knobs(self.seed, len(y)) | {"max_iter": 200, "loss": loss}
        model = HistGradientBoostingRegressor(**knobs).fit(x, y)

        def predict(given: Columns) -> np.ndarray:
            parts = []
            for start in range(0, len(given[columns.frame.time]), _PIECE):
                piece = {name: x[start : start + _PIECE] for name, x in given.items()}
                features = step_features(columns, piece)
                flat = features.reshape(-1, features.shape[-1])
                steps = model.predict(flat).reshape(features.shape[:2])
                parts.append(steps + columns.base(piece)[:, None])
            return np.concatenate(parts)

        return predict


def _known_steps(columns, train, seed):
    """Returns features and differences from the last value of known steps ahead, of each window at
    most MOST_STEPS.
    """
    random = np.random.default_rng(seed)
    parts = []
    for start in range(0, len(train), _PIECE):
        piece = {name: x[start : start + _PIECE] for name, x in train.x.items()}
        y = train.y[start : start + _PIECE] - columns.base(piece)[:, None]
        features = step_features(columns, piece)
        order = random.random(y.shape).argsort(axis=1)[:, :MOST_STEPS]
        y = np.take_along_axis(y, order, axis=1)
        is_known = ~np.isnan(y)
        chosen = np.take_along_axis(features, order[..., None], axis=1)
        parts.append((chosen[is_known], y[is_known]))
    chosen, known = zip(*parts, strict=True)
    return np.concatenate(chosen), np.concatenate(known)
