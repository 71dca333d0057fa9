"""BATCH_MATMUL."""

from __future__ import annotations

import math

import numpy as np

from .arithmetic import Multiplier, clamped, multiplier, rescale
from .kernel import Kernel, require_int8

_MOST_PRODUCT = 255 * 255
_INT8 = (-128, 127)


class BatchMatmul(Kernel):
    """The matrix products of two tensors."""

    codes = (126,)

    def check(self, operation):
        one, other = operation.inputs[:2]
        if one.dtype != "int8" or other.dtype != "int8":
            return "a factor that is not int8"
        reason = require_int8(operation)
        if reason:
            return reason
        counts = {_num_matrices(each) for each in (one, other)}
        if len(counts - {1}) > 1:
            return "factors of unequal numbers of matrices"
        depth = _depth(operation)
        if depth * _MOST_PRODUCT >= 2**31:
            return f"products summed over {depth:,} values, which int32 may not hold"
        return ""

    def write(self, operation, source):
        one, other = operation.inputs[:2]
        rows, columns = operation.output.shape[-2:]
        factor = _multiplier(operation)
        product = source.parameters(
            "matmul",
            "matrix_product",
            matrices=_num_matrices(operation.output),
            rows=rows,
            columns=columns,
            depth=_depth(operation),
            left=_strides(one, bool(operation.options.adjX)),
            right=_strides(other, not operation.options.adjY),
            left_zero=one.zero_point,
            right_zero=other.zero_point,
            multiplier=factor.value,
            shift=factor.exponent,
            output_zero=operation.output.zero_point,
        )
        tensors = [source.place(each) for each in (one, other, operation.output)]
        source.call(
            "multiply_matrices",
            f"&{product}",
            *tensors,
        )

    def run(self, operation, values):
        left = values[0].astype(np.int64) - operation.inputs[0].zero_point
        right = values[1].astype(np.int64) - operation.inputs[1].zero_point
        if operation.options.adjX:
            left = left.swapaxes(-1, -2)
        if operation.options.adjY:
            right = right.swapaxes(-1, -2)
        scaled = rescale(left @ right, _multiplier(operation))
        return [clamped(scaled + operation.output.zero_point, _INT8)]


def _num_matrices(tensor):
    return math.prod(tensor.shape[:-2])


def _depth(operation):
    shape = operation.input.shape
    if operation.options.adjX:
        return shape[-2]
    return shape[-1]


def _strides(tensor, is_column_first):
    """Returns how far apart matrices, the lines of the result and the factors of a sum are.

    Args:
        tensor: The left factor, or the right one.
        is_column_first: Whether the factors of a sum are a row of the matrix apart.
    """
    height, width = tensor.shape[-2:]
    matrix = height * width
    if _num_matrices(tensor) == 1:
        matrix = 0
    if is_column_first:
        return [
            matrix,
            1,
            width,
        ]
    return [
        matrix,
        width,
        1,
    ]


def _multiplier(operation) -> Multiplier:
    one, other = operation.inputs[:2]
    product = np.float32(one.scale * other.scale)
    return multiplier(np.float64(product) / np.float64(operation.output.scale))
