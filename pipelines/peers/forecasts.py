"""Peers of forecasts: ridge on lags, and one boosting model for all steps ahead. Last value and
seasonal naive come from the frame.
"""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from ..rows.parts import TrainSet
from ..rows.sketch import DataSketch
from ..tabular.plain_features import boosting_knobs, hardly_known
from .peer import Columns, Peer, Predict
from .windows import WindowColumns, linear_windows, step_features

_ALPHAS = np.logspace(-1, 5, 13)
# Steps ahead that boosting learns from of each window: neighbouring windows show the others.
MOST_STEPS = 24
_PIECE = 250
NUM_ITERATIONS = 200


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

    name: ClassVar[str] = "ridge of lags and calendar"
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
        filled = SimpleImputer(keep_empty_features=True)
        scale = make_pipeline(filled, StandardScaler())
        raw = linear_windows(columns, train.x)
        x = scale.fit_transform(raw)
        base = columns.base(train.x)
        models = _fit_steps(x, train.y - base[:, None])

        def predict(given: Columns) -> np.ndarray:
            raw = linear_windows(columns, given)
            features = scale.transform(raw)
            steps = []
            for model in models:
                values = model.predict(features)
                steps.append(values.reshape(len(features), -1))
            base = columns.base(given)
            return np.concatenate(steps, axis=1) + base[:, None]

        return predict


def _fit_steps(x, y):
    """Fits all steps at once where every value is known, else each on the windows that have it."""
    from sklearn.linear_model import Ridge, RidgeCV

    is_known = ~np.isnan(y)
    chooser = RidgeCV(_ALPHAS)
    if is_known.all():
        return [chooser.fit(x, y)]
    counts = is_known.sum(axis=0)
    best = counts.argmax()
    rows = is_known[:, best]
    chooser.fit(x[rows], y[rows, best])
    models = []
    for step, count in enumerate(counts):
        # Of a step that is never known, the one that is known most.
        known = step
        if not count:
            known = best
        rows = is_known[:, known]
        model = Ridge(chooser.alpha_)
        model.fit(x[rows], y[rows, known])
        models.append(model)
    return models


@dataclass(frozen=True)
class BoostedStepsPeer(ForecastPeer):
    """Histogram gradient boosting of single steps, with the step as a feature; of the absolute
    error where the median is asked for, else of the squared one.
    """

    name: ClassVar[str] = "gradient boosting of lags and calendar"
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
        is_unknown = hardly_known(x)
        x[:, is_unknown] = 0.0
        loss = "squared_error"
        if 0.5 in train.schema.target.quantiles:
            loss = "absolute_error"
        knobs = boosting_knobs(self.seed, len(y)) | {"max_iter": NUM_ITERATIONS, "loss": loss}
        model = HistGradientBoostingRegressor(**knobs).fit(x, y)

        def predict(given: Columns) -> np.ndarray:
            parts = []
            for piece in _pieces(given):
                features = step_features(columns, piece)
                num_features = features.shape[2]
                flat = features.reshape(-1, num_features)
                flat[:, is_unknown] = 0.0
                values = model.predict(flat)
                steps = values.reshape(features.shape[:2])
                base = columns.base(piece)
                parts.append(steps + base[:, None])
            return np.concatenate(parts)

        return predict


def _known_steps(columns, train, seed):
    """Returns features and differences from the last value of known steps ahead, of each window at
    most MOST_STEPS.
    """
    random = np.random.default_rng(seed)
    found = []
    truth = []
    first = 0
    for piece in _pieces(train.x):
        base = columns.base(piece)
        last = first + len(base)
        y = train.y[first:last] - base[:, None]
        features = step_features(columns, piece)
        drawn = random.random(y.shape)
        order = drawn.argsort(axis=1)
        order = order[:, :MOST_STEPS]
        y = np.take_along_axis(y, order, axis=1)
        features = np.take_along_axis(features, order[..., None], axis=1)
        is_known = ~np.isnan(y)
        found.append(features[is_known])
        truth.append(y[is_known])
        first = last
    return np.concatenate(found), np.concatenate(truth)


def _pieces(x):
    """Yields the columns of a few hundred rows at a time: features of every step take memory."""
    num_rows = len(next(iter(x.values())))
    for start in range(0, num_rows, _PIECE):
        places = slice(start, start + _PIECE)
        yield {name: column[places] for name, column in x.items()}
