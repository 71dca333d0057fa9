"""What the estimators of tables share: how rows are checked, learned from and answered."""

from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from sklearn.utils.validation import check_is_fitted, column_or_1d, validate_data

from ..device.answers import Answers
from ..recipe import Recipe
from ..rows.split import SplitGrouped, SplitRandom
from ..sources.table import Reading
from ..tabular import LoadTable, table_recipe
from .base import SOURCE, PipelineEstimator
from .errors import as_value_errors
from .frames import columns_of, frame_of, group_name, target_name

# Of a handful of test rows one or two may change sides: no form is refused for these.
_ROWS_GRANTED = 2


class TableEstimator(PipelineEstimator):
    """An estimator of the rows of a table. See `PipelineClassifier`."""

    def __init__(
        self,
        *,
        recipe: Recipe | None = None,
        knobs: Mapping[str, Any] | None = None,
        runs_on: str = "litert",
        test_size: float = 0.1,
        random_state: Any = 0,
        verbose: bool = False,
    ):
        self.recipe = recipe
        self.knobs = knobs
        self.runs_on = runs_on
        self.test_size = test_size
        self.random_state = random_state
        self.verbose = verbose

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        tags.input_tags.string = True
        return tags

    @property
    @abstractmethod
    def _target_kind(self) -> str:
        """The kind of target that the table has, as `LoadTable` takes it."""

    def _check_rows(self, X: Any, *, reset: bool) -> Any:
        """Returns rows that were checked as scikit-learn does: a DataFrame as it is, else an array.

        Args:
            X: Of the caller.
            reset: Whether the columns are those to remember, or must be those remembered.
        """
        import pandas as pd

        least_rows = 1 + reset
        if isinstance(X, pd.DataFrame) and X.shape[1] and len(X) >= least_rows:
            # An array of it would have lost the kinds of its columns.
            validate_data(self, X, reset=reset, skip_check_array=True)
            return X
        return validate_data(
            self,
            X,
            reset=reset,
            dtype=None,
            ensure_all_finite="allow-nan",
            ensure_min_samples=least_rows,
        )

    def _check_target(self, y: Any) -> np.ndarray:
        """Returns what is to be learned, [rows], as scikit-learn takes it.

        Raises:
            ValueError: There is none, or it is no column.
        """
        if y is None:
            raise ValueError(
                f"{type(self).__name__} requires y to be passed, but the target y is None"
            )
        return column_or_1d(y, warn=True)

    def _fit_table(self, X: Any, target: Any, groups: Any) -> None:
        """Runs the line on checked rows.

        Args:
            X: As `_check_rows` gives it.
            target: One cell a row, as the line reads it.
            groups: One a row, or None.
        """
        frame = frame_of(X)
        names = list(frame.columns)
        load = LoadTable(
            SOURCE,
            target_name(names),
            target_kind=self._target_kind,
            # Labels that differ in case alone are different labels.
            reading=Reading(spelling="keep"),
        )
        frame[load.target] = target
        seed = self._seed()
        split = SplitRandom(test=self.test_size, seed=seed)
        if groups is not None:
            load = replace(load, group=(group_name(names),))
            split = SplitGrouped(test=self.test_size, seed=seed)
            frame[group_name(names)] = np.asarray(groups)
        recipe = self._granting(self.recipe or table_recipe(load), len(frame))
        with as_value_errors():
            self._run(recipe, frame, load=load, split=split, seed=seed)

    def _granting(self, recipe, num_rows):
        """Returns the recipe with a gate that lets a row or two of few test rows change sides."""
        num_test = max(int(num_rows * self.test_size), 1)
        granted = min(_ROWS_GRANTED / num_test, 1.0)
        tolerance = max(recipe.judge.tolerance, granted)
        return replace(recipe, judge=replace(recipe.judge, tolerance=tolerance))

    def _answer(self, X: Any) -> Answers:
        """Returns what the int8 file answers to rows."""
        check_is_fitted(self)
        X = self._check_rows(X, reset=False)
        with as_value_errors():
            return self.shipped_.answer(columns_of(X))
