"""A dense net of tanh layers in numpy: its answers, its squared error and the gradient of it."""

from collections.abc import Callable, Sequence

import numpy as np

Weights = Sequence[np.ndarray]  # kernels and biases in turn, as Keras has them


def forward(weights: Weights, x: np.ndarray, bend: Callable = np.tanh) -> list[np.ndarray]:
    """Returns the values of each layer, float64 [rows, units], the input first.

    Args:
        weights: kernels and biases in turn.
        x: float [rows, inputs].
        bend: the activation of all layers but the last.
    """
    values = [np.asarray(x, np.float64)]
    for kernel, bias in zip(weights[:-2:2], weights[1:-2:2], strict=True):
        values.append(bend(values[-1] @ kernel + bias))
    return [*values, values[-1] @ weights[-2] + weights[-1]]


def squared_error(weights: Weights, x: np.ndarray, y: np.ndarray) -> float:
    """Returns the mean squared error; y: float [rows] or [rows, outputs]."""
    answers = forward(weights, x)[-1]
    return float(np.mean((answers - y.reshape(answers.shape)) ** 2))


def gradient_by_hand(weights: Weights, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Returns the gradient of `squared_error`, float64 [weights], by the chain rule."""
    *values, answers = forward(weights, x)
    slope = 2 * (answers - y.reshape(answers.shape)) / answers.size
    found: list[np.ndarray] = []
    for place in reversed(range(len(values))):
        found = [values[place].T @ slope, slope.sum(axis=0), *found]
        slope = slope @ weights[2 * place].T * (1 - values[place] ** 2)
    return flat(found)


def flat(arrays: Weights) -> np.ndarray:
    """Returns all values in one row."""
    return np.concatenate([np.ravel(each) for each in arrays])


def shaped(values: np.ndarray, like: Weights) -> list[np.ndarray]:
    """Returns the values of one row as arrays of the shapes of others."""
    ends = np.cumsum([each.size for each in like])
    parts = np.split(values, ends[:-1])
    return [part.reshape(each.shape) for part, each in zip(parts, like, strict=True)]
