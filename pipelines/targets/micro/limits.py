"""How many rows TFLM answers, and by how much its answers may differ from LiteRT's."""

import numpy as np

from ...device.answers import Answers
from ...device.signature import Signature
from ...verify.ladder import some_places

# Its kernels are plain loops. A share of the rows is answered where all of them would take longer
# than minutes.
MAX_MICRO_OPERATIONS = 10**10
MIN_MICRO_ROWS = 50
# What is more is looked at operator by operator (`rounding`).
MAX_INT8_STEPS = 2
# Of these, as rows take long: the one that differs most, and others evenly drawn.
MAX_TRACED_ROWS = 8


def num_multiplications(model) -> int:
    """Multiply-accumulates of a Keras model for one row, of its convolutions and dense layers."""
    total = 0
    for layer in model.layers:
        if hasattr(layer, "kernel") and len(layer.kernel.shape) in (2, 3, 4):
            places = layer.output.shape[1:-1]
            num_places = int(np.prod(places, dtype=np.int64))
            num_weights = int(np.prod(layer.kernel.shape))
            total += num_weights * num_places
    return total


def micro_places(model, num_rows: int, *, num_calls: int = 1) -> np.ndarray:
    """int64: the places of the rows that TFLM answers, all of them for a small model, else evenly
    drawn.

    `num_calls`: how often the model runs for a row.
    """
    of_row = num_multiplications(model) * num_calls
    affordable = max(MAX_MICRO_OPERATIONS // max(of_row, 1), MIN_MICRO_ROWS)
    return some_places(num_rows, affordable)


def traced_places(apart: np.ndarray) -> np.ndarray:
    """Returns the places of a few rows, int64: that which differs most, and others evenly drawn.

    Args:
        apart: Differences of two runtimes, [rows, ...].
    """
    by_row = apart.reshape(len(apart), -1).max(axis=1)
    others = some_places(len(apart), MAX_TRACED_ROWS - 1)
    return np.union1d(others, [by_row.argmax()])


def most_rounding_steps(int8: Answers, keras: Answers, signature: Signature) -> int:
    """Returns how many steps of the output rounding may add up to, from operator to operator.

    It is twice what int8 differs from Keras: each of two runtimes may err by as much.

    Args:
        int8: LiteRT's answers.
        keras: Keras' answers to the same rows.
        signature: Of the model.
    """
    to_float = signature.output.to_float
    lost = np.abs(to_float(int8.raw) - to_float(keras.raw)).max()
    return max(MAX_INT8_STEPS, int(2 * lost / signature.output.scale))
