"""Models of scikit-learn for every task: classes, label sets and numbers become plain outputs."""

import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from ..device.target import Target
from ..tasks import task_of

# Makes an unfitted classifier or regressor, given y of the rows that it is for.
Make = Callable[[np.ndarray], Any]
Outputs = Callable[[Any], np.ndarray]


def fit_outputs(
    x: Any, y: np.ndarray, target: Target, *, classifier: Make, regressor: Make
) -> Outputs:
    """Fits what the task needs.

    Args:
        x: Features [rows, columns], dense or sparse.
        y: Of the rows.
        target: Of the rows.
        classifier: Makes a model with `predict_proba`.
        regressor: Makes a model with `predict`.

    Returns:
        Features → plain outputs (see `tasks.plain_models`).
    """
    task = task_of(target)
    if task.has_classes:
        return _fit_classes(x, y, len(target.labels), classifier)
    if task.has_label_sets:
        return _fit_labels(x, y, classifier)
    model = regressor(y).fit(x, y)
    return lambda features: one_thread(model).predict(features).astype(np.float64)


def _fit_classes(x, y, num_classes, make):
    """A class that no row has gets probability 0."""
    seen = np.unique(y)
    if len(seen) == 1:
        return lambda features: np.tile(np.eye(num_classes)[seen[0]], (features.shape[0], 1))
    with quiet():
        model = make(y).fit(x, y)

    def outputs(features):
        shares = np.zeros((features.shape[0], num_classes))
        shares[:, model.classes_] = one_thread(model).predict_proba(features)
        return shares

    return outputs


def _fit_labels(x, y, make):
    """Label by label, each by a model of its own."""
    models = [_fit_classes(x, y[:, label], 2, make) for label in range(y.shape[1])]
    return lambda features: np.stack([each(features)[:, 1] for each in models], axis=1)


def one_thread(model: Any) -> Any:
    """Returns the model set to predict in one thread: the trees of a forest are summed in the order
    in which threads end, and the last digit would differ from run to run.
    """
    if "n_jobs" in model.get_params():
        model.set_params(n_jobs=1)
    return model


@contextmanager
def quiet() -> Iterator[None]:
    """Leaves out the warning that a fit stopped before it converged: a peer that is short
    of its best by the sixth digit is a peer all the same.
    """
    from sklearn.exceptions import ConvergenceWarning

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", category=ConvergenceWarning)
        yield


class RidgeShares:
    """Ridge on the classes, whose decision values become shares by softmax: what MiniRocket's
    authors classify with, with the `predict_proba` that scikit-learn's own lacks.
    """

    def __init__(self, alphas: np.ndarray):
        self.alphas = alphas

    def get_params(self) -> dict:
        """Returns the knobs."""
        return {"alphas": self.alphas}

    def fit(self, x: np.ndarray, y: np.ndarray) -> "RidgeShares":
        """Fits the weights."""
        from sklearn.linear_model import RidgeClassifierCV

        self._model = RidgeClassifierCV(self.alphas).fit(x, y)
        self.classes_ = self._model.classes_
        return self

    def predict_proba(self, x: np.ndarray) -> np.ndarray:
        """Returns shares float64 [rows, classes]."""
        values = self._model.decision_function(x)
        if values.ndim == 1:
            values = np.stack([-values, values], axis=1)
        shares = np.exp(values - values.max(axis=1, keepdims=True))
        return shares / shares.sum(axis=1, keepdims=True)
