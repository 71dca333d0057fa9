"""DIV: quotients by the reciprocal of the divisor, as TFLM's fixed point computes them."""

from __future__ import annotations

import numpy as np

from .arithmetic import high, multiplier, shifted_down
from .fixed_point import reciprocal_of_sum
from .pairs import Fused

# Shifts are from 0 to 31. -1 divided by 255 has 31 digits above the numerator and 7 of the divisor;
# 255 divided by 1 has 23 and none.
_LEAST_EXPONENT = 7
_MOST_EXPONENT = 23


class Divide(Fused):
    """DIV."""

    codes = (42,)
    fragment = "divide"

    def check(self, operation):
        reason = super().check(operation)
        if reason:
            return reason
        (factor,) = self._multipliers(operation)
        if not _LEAST_EXPONENT <= factor.exponent <= _MOST_EXPONENT:
            return "quotients that are too small or too large for the steps of the output"
        return ""

    def _multipliers(self, operation):
        left, right = operation.inputs[:2]
        product = np.float64(right.scale) * np.float64(operation.output.scale)
        return [multiplier(np.float64(left.scale) / product)]

    def _of_pairs(self, factors, left, right):
        left, right = np.broadcast_arrays(left, right)
        (factor,) = factors
        results = []
        for one, other in zip(left.ravel().tolist(), right.ravel().tolist(), strict=True):
            results.append(_quotient(one, other, factor))
        return np.array(results).reshape(left.shape)


def _quotient(left, right, factor):
    """Returns a quotient of whole numbers times a factor; a divisor of 0 counts as 1."""
    if left == 0:
        return 0
    if right < 0:
        left, right = -left, -right
    right = max(right, 1)
    digits = right.bit_length() - 1
    fraction = (right << (31 - digits)) - 2**31
    size = left if left > 0 else -1 - left
    room = 31 - size.bit_length()
    value = high(np.int64(left << room), reciprocal_of_sum(fraction))
    shift = digits + room - factor.exponent
    return int(shifted_down(high(value, factor.value), shift))
