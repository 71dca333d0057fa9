"""More operators of one value as tables: those that TFLM has in arithmetic of their own."""

from __future__ import annotations

import numpy as np

from .arithmetic import Multiplier, clamped, multiplier, rescale, shifted_down
from .fixed_point import inverse_root
from .tables import Table, float32_quotient

_INT8 = (-128, 127)
_ALL = np.arange(-128, 128)
_INT16_MOST = 2**15 - 1
_ROOT_SHIFT = 20


class HardSwish(Table):
    """HARD_SWISH, which TFLM computes in 16 bits.

    x * relu6(x + 3) / 6 (Howard et al. 2019, https://arxiv.org/abs/1905.02244).
    """

    codes = (117,)

    def check(self, operation):
        reason = super().check(operation)
        if reason:
            return reason
        if _finer_factors(operation)[0].exponent > 0:
            return "an output scale that is more than 128 times finer than the input's"
        return ""

    def table(self, operation):
        output, inner = _finer_factors(operation)
        finer = (_ALL - operation.input.zero_point) * 2**7
        result = _high16(finer, _to_int16(output.value))
        share = finer
        if inner.exponent > 0:
            share = _int16(share << (inner.exponent - 1))
        share = _high16(share, _to_int16(inner.value))
        if inner.exponent > 0:
            share = _int16(share << 1)
        if inner.exponent < 0:
            share = shifted_down(share, -inner.exponent)
        share = (share + 2**15) >> 1
        product = share * result
        product = np.sign(product) * (np.abs(product) >> 15)
        moved = shifted_down(product, -output.exponent) + operation.output.zero_point
        return clamped(moved, _INT8)


class Rsqrt(Table):
    """RSQRT; what is below 0 stands for no number, and TFLM stops there: it gives 127 here."""

    codes = (76,)

    def table(self, operation):
        one, output = operation.input, operation.output
        root = np.float32(np.sqrt(one.scale))
        factor = multiplier(1.0 / np.float64(np.float32(root * output.scale)))
        moved = Multiplier(factor.value, factor.exponent - _ROOT_SHIFT)
        found = []
        for value in (_ALL - one.zero_point).tolist():
            if value <= 0:
                found.append(127)
                continue
            inverse, exponent = inverse_root(value)
            inner = rescale(1, Multiplier(inverse, exponent + _ROOT_SHIFT))
            found.append(int(rescale(inner, moved)) + output.zero_point)
        return clamped(np.array(found), _INT8)


class Abs(Table):
    """ABS."""

    codes = (101,)

    def table(self, operation):
        one, output = operation.input, operation.output
        values = np.abs(_ALL - one.zero_point)
        if one.scale != output.scale:
            values = rescale(values, float32_quotient(one, output))
        return clamped(values + output.zero_point, _INT8)


def _finer_factors(operation):
    """Returns the factors of the result and of its share, of values that are 128 times finer."""
    finer = np.float32(np.float32(1 / 128) * operation.input.scale)
    share_scale = np.float32(3) / np.float32(2**15)
    result = multiplier(np.float64(finer / operation.output.scale))
    return result, multiplier(np.float64(finer / share_scale))


def _to_int16(value):
    return min((value + 2**15) >> 16, _INT16_MOST)


def _high16(one, other):
    return _int16((one * other + 2**14) >> 15)


def _int16(value):
    return np.clip(
        value,
        -(2**15),
        _INT16_MOST,
    )
