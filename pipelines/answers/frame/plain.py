"""Plain models on the rows that nets take, where a question is about scores and not about nets."""

from collections.abc import Callable, Sequence

import numpy as np

from ...rows.parts import HeldOut, TrainSet
from .rows import NetRows, numbers_of


def logistic_scores(
    rows: NetRows, judged: HeldOut | TrainSet | None = None, *, strength: float = 1.0
) -> np.ndarray:
    """Returns what a logistic regression answers to rows, float64 [rows, classes].

    Args:
        rows: it learns from the training rows.
        judged: rows to answer; the test rows if there are none.
        strength: the inverse of the penalty.
    """
    from sklearn.linear_model import LogisticRegression

    model = LogisticRegression(C=strength, max_iter=300)
    learned = rows.train
    fitted = model.fit(numbers_of(learned), learned.y, sample_weight=learned.weight)
    return fitted.predict_proba(numbers_of(judged or rows.test))


def fold_scores(
    x: np.ndarray,
    y: np.ndarray,
    folds: Sequence[np.ndarray],
    *,
    choose: Callable | None = None,
    nearest: bool = False,
) -> list[float]:
    """Returns the accuracy on each fold of a model that learned from the other folds.

    Args:
        x: float [rows, columns].
        y: int [rows].
        folds: places of rows.
        choose: x, y → places of columns, asked inside the fold.
        nearest: whether the model answers as the nearest row, and is no logistic regression.
    """
    from sklearn.linear_model import LogisticRegression
    from sklearn.neighbors import KNeighborsClassifier

    found = []
    for fold in folds:
        others = np.setdiff1d(np.arange(len(y)), fold)
        columns = np.arange(x.shape[1])
        if choose is not None:
            columns = choose(x[others], y[others])
        model = LogisticRegression(max_iter=300)
        if nearest:
            model = KNeighborsClassifier(1)
        fitted = model.fit(x[others][:, columns], y[others])
        found.append(float(fitted.score(x[fold][:, columns], y[fold])))
    return found
