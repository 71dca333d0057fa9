"""Plain models on the rows that nets take, where a question is about scores and not about nets."""

from collections.abc import Callable, Sequence

import numpy as np

from ...rows.parts import HeldOut, TrainSet
from ...slots import Loss
from ...sources.tensorflow import load_tensorflow
from ...training.losses import member_loss
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
    fitted = model.fit(
        numbers_of(learned),
        learned.y,
        sample_weight=learned.weight,
    )
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


def linear_answers(
    few: TrainSet, y: np.ndarray, rows: NetRows, loss: Loss, *, num_steps: int = 150
) -> np.ndarray:
    """Returns what a linear model answers to the test rows, float64 [rows].

    It is fitted by full-batch steps of Adam from zero.

    Args:
        few: rows to learn from.
        y: float [rows], what they are learned to give: 0 or 1, or a standardized number.
        rows: whose test rows are answered, and whose target the loss is of.
        loss: a spec.
        num_steps: of Adam.
    """
    load_tensorflow()
    import keras
    import tensorflow as tf

    built = member_loss(
        loss,
        rows.signature.target,
        rows=rows.train,
    )
    x = numbers_of(few)
    inputs = tf.constant(x, tf.float32)
    truth = tf.constant(y[:, None], tf.float32)
    kernel = tf.Variable(tf.zeros((x.shape[1], 1)))
    bias = tf.Variable(tf.zeros(1))
    optimizer = keras.optimizers.Adam(0.05)
    optimizer.build([kernel, bias])

    @tf.function
    def step():
        with tf.GradientTape() as tape:
            value = tf.reduce_mean(built.call(truth, inputs @ kernel + bias))
        optimizer.apply(tape.gradient(value, [kernel, bias]))

    for _ in range(num_steps):
        step()
    answers = numbers_of(rows.test) @ kernel.numpy() + bias.numpy()
    return answers[:, 0].astype(np.float64)
