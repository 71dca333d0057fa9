"""What dense layers and convolutions share: sums of weights times inputs, rescaled by channel."""

from __future__ import annotations

import numpy as np

from .arithmetic import RELU_BOUNDS, Multiplier, activation_bounds, multiplier
from .network import Operation
from .source import Source

# Of inputs, and of what the zero point adds.
_MOST_INPUT = 256
_MOST_SUM = 2**31


def check_weights(operation: Operation) -> str:
    """Returns why the weights of an operation cannot be written, or ""."""
    weights = operation.inputs[1]
    if weights is None or weights.values is None:
        return "weights that are computed"
    if weights.dtype != "int8":
        return f"weights of {weights.dtype}, where int8 is expected"
    if weights.zero_point:
        return f"weights with the zero point {weights.zero_point}, where 0 is expected"
    bias = operation.optional(2)
    if bias is not None and (bias.values is None or bias.dtype != "int32"):
        return f"a bias of {bias.dtype} that is not constant int32"
    if operation.options.fusedActivationFunction not in RELU_BOUNDS:
        return "a fused activation that TFLM lacks"
    return ""


def check_sums(weights: np.ndarray, bias: np.ndarray) -> str:
    """Returns that int32 may overflow, or "".

    Args:
        weights: int8 [outputs, ...].
        bias: int32, one an output.
    """
    sizes = np.abs(weights.astype(np.int64)).reshape(len(weights), -1).sum(axis=1)
    most = sizes * _MOST_INPUT + np.abs(bias.astype(np.int64))
    if most.max(initial=0) >= _MOST_SUM:
        return "sums of weights and inputs that int32 does not hold"
    return ""


def bias_of(operation: Operation, num_outputs: int) -> np.ndarray:
    """Returns the bias of an operation, int32 [outputs]; zeros if it has none."""
    bias = operation.optional(2)
    if bias is None or bias.values is None:
        return np.zeros(num_outputs, np.int32)
    return bias.values.ravel()


def channel_multipliers(operation: Operation, *, place: int = 0) -> list[Multiplier]:
    """Returns the multiplier of each output channel, or the one of all.

    Args:
        operation: With its weights as the second input.
        place: Of the input that they are multiplied with.
    """
    weights = operation.inputs[1]
    output_scale = np.float64(operation.output.scale)
    input_scale = np.float64(operation.inputs[place].scale)
    factors = []
    for scale in weights.scales:
        factors.append(multiplier(input_scale * np.float64(scale) / output_scale))
    return factors


def tables_of(factors: list[Multiplier]) -> tuple[np.ndarray, np.ndarray]:
    """Returns the values, int32, and the exponents, int8, of multipliers."""
    values = [each.value for each in factors]
    exponents = [each.exponent for each in factors]
    return np.array(values, np.int32), np.array(exponents, np.int8)


def scales_of(
    operation: Operation,
    source: Source,
    *,
    factors: list[Multiplier],
    bias: str,
    sums: str = "NULL",
) -> str:
    """Returns C of where the bias and the scales of the outputs of an operation stand.

    Args:
        operation: With its output.
        source: The C that is written.
        factors: One an output, or one for all.
        bias: The name of a table, or NULL.
        sums: The table of the sums of weights, or NULL if the zero point is in the bias.
    """
    values, exponents = tables_of(factors)
    low, top = output_bounds(operation)
    name = source.parameters(
        "scaled",
        "output_scales",
        bias=bias,
        sums=sums,
        input_zero=operation.input.zero_point,
        multipliers=source.constant(values),
        shifts=source.constant(exponents, kind="shift_number"),
        by_channel=int(len(factors) > 1),
        output_zero=operation.output.zero_point,
        low=low,
        top=top,
    )
    return f"&{name}"


def output_bounds(operation: Operation) -> tuple[int, int]:
    """Returns the least and the greatest int8 of what an operation gives."""
    output = operation.output
    activation = operation.options.fusedActivationFunction
    return activation_bounds(
        activation,
        output.scale,
        output.zero_point,
    )
