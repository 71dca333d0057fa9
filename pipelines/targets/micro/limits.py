"""How many rows TFLM answers, and by how much its answers may differ from LiteRT's."""

import numpy as np

from ...device.signature import Signature
from ...verify.ladder import some_places

# Its kernels are plain loops. A share of the rows is answered where all of them would take longer
# than minutes.
MAX_MICRO_OPERATIONS = 10**10
MIN_MICRO_ROWS = 50
MAX_INT8_STEPS = 2
_WITH_TABLES = (
    "LSTM",
    "GRU",
    "SimpleRNN",
    "Softmax",
    "MultiHeadAttention",
    "GroupedQueryAttention",
    "Attention",
    "AdditiveAttention",
)


def num_multiplications(model) -> int:
    """Multiply-accumulates of a Keras model for one row, of its convolutions and dense layers."""
    total = 0
    for layer in model.layers:
        if hasattr(layer, "kernel") and len(layer.kernel.shape) in (2, 4):
            places = layer.output.shape[1:-1]
            total += int(np.prod(layer.kernel.shape)) * int(
                np.prod(
                    places,
                    dtype=np.int64,
                )
            )
    return total


def micro_places(model, num_rows: int) -> np.ndarray:
    """int64: the places of the rows that TFLM answers, all of them for a small model, else evenly
    drawn.
    """
    affordable = max(
        MAX_MICRO_OPERATIONS // max(num_multiplications(model), 1),
        MIN_MICRO_ROWS,
    )
    return some_places(num_rows, affordable)


def most_steps(model, difference: float, signature: Signature) -> int:
    """By how many int8 steps of the output TFLM may differ from LiteRT's reference kernels: 2, as
    two runtimes may round a tie differently (seen: 1). Recurrent gates and a softmax they compute
    with other tables, so that a net with these may differ by twice what int8 differs from Keras,
    `difference` in the output's unit: each of two that err by as much. What is beyond is another
    computation.
    """
    has_tables = any(type(layer).__name__ in _WITH_TABLES for layer in model.layers)
    if has_tables:
        return max(MAX_INT8_STEPS, int(2 * difference / signature.output.scale))
    return MAX_INT8_STEPS
