"""A forecaster in the manner of scikit-learn whose answers are the int8 file's."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any, Self

import numpy as np
from sklearn.utils.validation import check_array, check_consistent_length, check_is_fitted

from ..device.answers import Answers
from ..device.history import newest_windows, num_past_steps
from ..errors import EstimatorError
from ..recipe import Recipe
from ..rows.split_by_time import SplitByTime
from ..sources.memory import table_from_memory
from ..timeseries import LoadSeries, series_recipe
from .base import SOURCE, PipelineEstimator
from .errors import as_value_errors
from .steps import Steps, steps_of


class PipelineForecaster(PipelineEstimator):
    """The next steps of a series, answered by the int8 file of a bundle.

    `fit` runs the whole line once. Of the steps given, the last `test_size` are those that the int8
    file is checked on, and 15 % of the others, those before, are what training is stopped by.
    `predict` is answered by `model_int8.tflite` through `pipelines.device`, from the newest steps
    of all that were given.

    Args:
        horizon: How many steps are forecast.
        recipe: How it is learned; None is `timeseries.series_recipe`. Of a recipe given, what it
            reads, how it splits and its targets are replaced; it keeps its frame.
        knobs: Knobs of the recipe to turn, such as {"frame.window": 96}. `set_params`, and so
            GridSearchCV, also take them one by one: training__epochs, frame__window.
        runs_on: The runtimes that the file must run on, as `--runs-on` takes them.
        test_size: Share of the steps that the int8 file is checked on.
        random_state: Seed of the training.
        verbose: Whether the stages print what they do.

    Attributes:
        bundle_: The `Bundle` that was shipped.

    Example:
        model = PipelineForecaster(horizon=24).fit(load)  # a Series with a DatetimeIndex
        model.predict()
    """

    def __init__(
        self,
        *,
        horizon: int = 1,
        recipe: Recipe | None = None,
        knobs: Mapping[str, Any] | None = None,
        runs_on: str = "litert",
        test_size: float = 0.1,
        random_state: Any = 0,
        verbose: bool = False,
    ):
        self.horizon = horizon
        self.recipe = recipe
        self.knobs = knobs
        self.runs_on = runs_on
        self.test_size = test_size
        self.random_state = random_state
        self.verbose = verbose

    def fit(self, X: Any, y: Any = None) -> Self:
        """Learns from a series and ships an int8 file.

        Args:
            X: The series, a pandas Series whose index is its time. With `y` the other columns of
                the same steps, a DataFrame. Whole numbers in the index, or none, count steps.
            y: The values that are forecast, [steps]; None if X holds them.

        Raises:
            EstimatorError: The steps cannot be learned from, or the int8 file loses too much.
        """
        if y is not None and not _has_index(X):
            X = check_array(
                X,
                dtype=None,
                ensure_all_finite="allow-nan",
                ensure_min_samples=2,
                estimator=self,
            )
        check_consistent_length(X, y)
        steps = steps_of(X, y)
        load = LoadSeries(SOURCE, steps.time, steps.target)
        with as_value_errors():
            recipe = self.recipe or series_recipe(load, horizon=self.horizon)
            split = SplitByTime(test=self.test_size)
            self._run(recipe, steps.frame, load=load, split=split, seed=self._seed())
        self.steps_ = replace(steps, frame=self._newest(steps.frame))
        return self

    def predict(self, X: Any = None, y: Any = None) -> Any:
        """Forecasts the steps after the newest one.

        Args:
            X: The newest steps in the form that `fit` took, in place of those; None for the steps
                given to `fit`.
            y: As in `fit`.

        Returns:
            A Series of `horizon` values, whose index goes on from that of the steps.
        """
        import pandas as pd

        steps, index, answers = self._ahead(X, y)
        return pd.Series(answers.scores[0], index=index, name=steps.target)

    def predict_quantiles(self, X: Any = None, y: Any = None) -> Any:
        """Forecasts quantiles of the steps after the newest one.

        Args:
            X: As in `predict`.
            y: As in `predict`.

        Returns:
            A DataFrame [horizon, quantiles]; its columns are the levels, such as 0.1, 0.5 and 0.9.

        Raises:
            EstimatorError: The model forecasts the mean alone.
        """
        import pandas as pd

        _, index, answers = self._ahead(X, y)
        if answers.quantiles is None:
            raise EstimatorError(
                "quantiles of a model that forecasts the mean",
                expected="a model of quantiles",
                fix="knobs={'frame.quantiles': (0.1, 0.5, 0.9)}",
            )
        levels = list(self.shipped_.runner().signature.target.quantiles)
        return pd.DataFrame(answers.quantiles[0], index=index, columns=levels)

    def score(self, X: Any, y: Any = None) -> float:
        """Returns the mean absolute error of forecasts of these steps, times -1: larger is better.

        Every `horizon` steps one is made, from what comes before it. What is known at the first of
        them are the steps given to `fit`, if they come before.

        Args:
            X: Steps in the form that `fit` took, such as those that TimeSeriesSplit holds out.
            y: As in `fit`.
        """
        check_is_fitted(self)
        steps = steps_of(X, y)
        errors = []
        for past, truth in self._origins(steps):
            answers, _ = self._answer(past)
            errors.append(np.abs(answers.scores[0][: len(truth)] - truth))
        error = np.nanmean(np.concatenate(errors))
        return -float(error)

    def _origins(self, steps: Steps) -> Iterator[tuple[Any, np.ndarray]]:
        """Yields a table of what is known, and the values that follow."""
        import pandas as pd

        frame = steps.frame
        before = self.steps_.frame
        before = before[before[steps.time] < frame[steps.time].iloc[0]]
        whole = pd.concat([before, frame], ignore_index=True)
        windows = self.shipped_.runner().signature.windows()
        known = {steps.time, *windows.known}
        unknown = [name for name in whole.columns if name not in known]
        truth = whole[steps.target].to_numpy(np.float64)
        first = max(len(before), 1)
        for place in range(first, len(whole), windows.horizon):
            table = whole.iloc[: place + windows.horizon].copy()
            table.loc[place:, unknown] = np.nan
            yield table, truth[place : place + windows.horizon]

    def _ahead(self, X, y):
        """Returns the steps, the index of those ahead, and what the int8 file answers."""
        check_is_fitted(self)
        steps = self.steps_
        if X is not None:
            steps = steps_of(X, y)
        answers, times = self._answer(steps.frame)
        return steps, steps.index_of(times), answers

    def _answer(self, frame: Any) -> tuple[Answers, np.ndarray]:
        """Returns the answer to the newest window of a table of steps, and the times ahead."""
        with as_value_errors():
            signature = self.shipped_.runner().signature
            table = table_from_memory(self._newest(frame))
            _, columns = newest_windows(signature, table)
            answers = self.shipped_.answer_columns(columns)
            windows = signature.windows()
            return answers, windows.ahead(columns[windows.time][0])

    def _newest(self, frame: Any) -> Any:
        """Returns the rows of a table of steps that a forecast can need."""
        signature = self.shipped_.runner().signature
        num_steps = num_past_steps(signature) + signature.windows().horizon
        # Twice as many: rows of one step become their mean.
        return frame.tail(2 * num_steps)


def _has_index(X):
    import pandas as pd

    return isinstance(X, (pd.Series, pd.DataFrame))
