"""SOFTMAX."""

from __future__ import annotations

import math

import numpy as np

from .arithmetic import high, multiplier, rescale, shifted_down
from .fixed_point import exp_of_negative, reciprocal_of_sum
from .kernel import Kernel, require_int8

_INTEGER_BITS = 5
_SUM_BITS = 12
_MOST_FACTOR = 2.0**31 - 1


class Softmax(Kernel):
    """SOFTMAX over the last axis."""

    codes = (25,)

    def check(self, operation):
        reason = require_int8(operation)
        if reason:
            return reason
        output = operation.output
        if output.scale != np.float32(1 / 256) or output.zero_point != -128:
            return "an output scale that TFLM does not take"
        return ""

    def overwritable(self, operation):
        return [operation.input]

    def write(self, operation, source):
        depth = operation.input.shape[-1]
        exponentials = _exponentials(operation)
        layer = source.parameters(
            "softmax",
            "softmax_layer",
            exponentials=source.constant(exponentials),
            differences=len(exponentials),
            rows=operation.input.size // depth,
            depth=depth,
        )
        tensors = [source.place(operation.input), source.place(operation.output)]
        source.call(
            "softmax",
            f"&{layer}",
            *tensors,
        )

    def run(self, operation, values):
        depth = operation.input.shape[-1]
        table = _exponentials(operation).astype(np.int64)
        rows = values[0].reshape(-1, depth).astype(np.int64)
        differences = rows.max(axis=1, keepdims=True) - rows
        counted = np.minimum(differences, len(table) - 1)
        exponentials = np.where(
            differences < len(table),
            table[counted],
            0,
        )
        found = [_of_row(each) for each in exponentials]
        return [np.array(found, np.int8).reshape(operation.output.shape)]


def _of_row(exponentials):
    """Returns the shares of one row, less 128."""
    total = int(shifted_down(exponentials, _SUM_BITS).sum())
    leading = 32 - total.bit_length()
    factor = reciprocal_of_sum((total << leading) - 2**31)
    over = _SUM_BITS - leading
    shares = shifted_down(high(exponentials, factor), over + 23)
    return np.clip(
        shares - 128,
        -128,
        127,
    )


def _exponentials(operation):
    """Returns exp of each difference to the greatest value that counts, in 2^-31, int32."""
    fraction_bits = 31 - _INTEGER_BITS
    beta = np.float64(np.float32(operation.options.beta))
    factor = min(beta * np.float64(operation.input.scale) * 2**fraction_bits, _MOST_FACTOR)
    found = multiplier(factor)
    reach = 31 * 2.0**fraction_bits / 2.0**found.exponent
    most = min(math.floor(reach), 255)
    table = []
    for difference in range(most + 1):
        scaled = int(rescale(-difference, found))
        table.append(exp_of_negative(scaled, _INTEGER_BITS))
    return np.array(table, np.int32)
