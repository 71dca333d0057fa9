"""What a net of classes goes by, column by column of a table of numbers."""

import numpy as np

from ...rows.parts import HeldOut
from ...verify.keras_interpreter import KerasInterpreter
from .rows import numbers_of, softmax


def by_shuffling(model, rows: HeldOut, seed: int) -> np.ndarray:
    """Returns how much less the truth is expected if a column is shuffled, float64 [columns].

    Breiman 2001, https://doi.org/10.1023/A:1010933404324.

    Args:
        model: of three classes or more, trained on one port of numbers.
        rows: to judge on.
        seed: of the shuffles.
    """
    random, x = np.random.default_rng(seed), numbers_of(rows)
    places = np.arange(len(x))
    before = _answers(
        model,
        rows,
        x,
    )[places, rows.y].mean()
    found = []
    for column in range(x.shape[1]):
        mixed = x.copy()
        mixed[:, column] = random.permutation(x[:, column])
        found.append(
            before
            - _answers(
                model,
                rows,
                mixed,
            )[places, rows.y].mean()
        )
    return np.maximum(found, 0)


def by_gradients(model, rows: HeldOut) -> np.ndarray:
    """Returns the mean size of the slope of the largest logit, float64 [columns].

    Simonyan et al. 2014, https://arxiv.org/abs/1312.6034.
    """
    import tensorflow as tf

    [(name, values)] = rows.x.items()
    x = tf.constant(values)
    with tf.GradientTape() as tape:
        tape.watch(x)
        largest = tf.reduce_sum(tf.reduce_max(model({name: x}), axis=-1))
    return np.abs(tape.gradient(largest, x).numpy()).mean(axis=0).astype(np.float64)


def by_leaving_out(model, rows: HeldOut, place: int) -> np.ndarray:
    """Returns how far the answer to a row falls if a column is as on average, float64 [columns].

    Args:
        model: as above.
        rows: standardized numbers, so that zero is the average.
        place: of the row.
    """
    x = np.tile(numbers_of(rows)[place], (numbers_of(rows).shape[1], 1))
    before = _answers(
        model,
        rows,
        x,
    )
    after = _answers(
        model,
        rows,
        x * (1 - np.eye(len(x))),
    )
    answer = before[0].argmax()
    return np.maximum(before[:, answer] - after[:, answer], 0)


def _answers(model, rows, x):
    [name] = rows.x
    return softmax(KerasInterpreter(model).run({name: x.astype(np.float32)}).astype(np.float64))
