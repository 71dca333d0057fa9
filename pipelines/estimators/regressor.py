"""A regressor of scikit-learn whose answers are the int8 file's."""

from typing import Any, Self

import numpy as np
from sklearn.base import RegressorMixin
from sklearn.utils.validation import check_array, check_consistent_length

from .table import TableEstimator


class PipelineRegressor(RegressorMixin, TableEstimator):
    """Numbers of the rows of a table, answered by the int8 file of a bundle.

    `predict` is answered by `model_int8.tflite` through `pipelines.device.Runner`: a score in
    scikit-learn is the score of what ships. What one fit does, and the parameters, are those of
    `PipelineClassifier`.

    Attributes:
        bundle_: The `Bundle` that was shipped.
        n_features_in_: The number of columns.
        feature_names_in_: Their names, if they are text.
    """

    _target_kind = "number"

    def fit(self, X: Any, y: Any, *, groups: Any = None) -> Self:
        """Learns from rows and ships an int8 file.

        Args:
            X: A DataFrame of numbers, texts, truth values, dates, with missing cells; or an array
                [rows, columns].
            y: Numbers [rows], at least two different ones.
            groups: Rows of one group stay together on one side of the split, or None.

        Raises:
            EstimatorError: The rows cannot be learned from, or the int8 file loses too much.
        """
        X = self._check_rows(X, reset=True)
        y = self._check_numbers(y)
        check_consistent_length(X, y, groups)
        self._fit_table(X, y, groups)
        return self

    def _check_numbers(self, y):
        """Returns float64 [rows], as scikit-learn accepts them."""
        y = self._check_target(y)
        return check_array(y, ensure_2d=False, dtype=np.float64, input_name="y")

    def predict(self, X: Any) -> np.ndarray:
        """Returns the number of each row, float64 [rows]."""
        return self._answer(X).scores
