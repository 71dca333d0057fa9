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
    return _fit_values(x, y, regressor)


def _fit_values(x, y, make):
    model = make(y)
    model.fit(x, y)

    def outputs(features):
        single = one_thread(model)
        values = single.predict(features)
        return values.astype(np.float64)

    return outputs


def _fit_classes(x, y, num_classes, make):
    """A class that no row has gets probability 0."""
    classes = np.unique(y)
    model = None
    # Of one class alone there is nothing to learn.
    if len(classes) > 1:
        model = make(y)
        with quiet():
            model.fit(x, y)
        classes = model.classes_

    def outputs(features):
        num_rows = features.shape[0]
        shares = np.zeros((num_rows, num_classes))
        if model is None:
            shares[:, classes] = 1.0
            return shares
        single = one_thread(model)
        shares[:, classes] = single.predict_proba(features)
        return shares

    return outputs


def _fit_labels(x, y, make):
    """Label by label, each by a model of its own."""
    outputs_of_labels = []
    for truth in y.T:
        of_label = _fit_classes(x, truth, 2, make)
        outputs_of_labels.append(of_label)

    def outputs(features):
        shares = []
        for each in outputs_of_labels:
            no_and_yes = each(features)
            shares.append(no_and_yes[:, 1])
        return np.stack(shares, axis=1)

    return outputs


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
        largest = values.max(axis=1, keepdims=True)
        shares = np.exp(values - largest)
        total = shares.sum(axis=1, keepdims=True)
        return shares / total
