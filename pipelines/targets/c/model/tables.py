"""The operators that make one value of one: a table of 256 entries each."""

from __future__ import annotations

import math

import numpy as np

from .arithmetic import Multiplier, clamped, half_away, multiplier, rescale
from .fixed_point import logistic, shifted, tanh
from .kernel import Kernel, require_int8, require_same_scale
from .network import Operation, Tensor

_INT8 = (-128, 127)
_ALL = np.arange(-128, 128)


class Table(Kernel):
    """A function of int8 as its 256 values."""

    def table(self, operation: Operation) -> np.ndarray:
        """Returns what each input gives, int8 [256], that of -128 first."""
        raise NotImplementedError

    def check(self, operation):
        return require_int8(operation)

    def overwritable(self, operation):
        return [operation.input]

    def write(self, operation, source):
        source.use("lookup")
        table = source.constant(self.table(operation))
        tensors = [source.place(operation.input), source.place(operation.output)]
        source.call(
            "lookup",
            table,
            *tensors,
            str(operation.input.size),
        )

    def run(self, operation, values):
        places = values[0].astype(np.int64) + 128
        return [self.table(operation)[places].reshape(operation.output.shape)]


class _Sigmoid(Table):
    """A function that is constant far from 0; TFLM has it in fixed point."""

    scale: float
    zero_point: int

    def check(self, operation):
        reason = super().check(operation)
        if reason:
            return reason
        output = operation.output
        if output.scale != np.float32(self.scale) or output.zero_point != self.zero_point:
            return "an output scale that TFLM does not take"
        return ""

    def _of_fixed_point(self, value: int) -> int:
        """Returns the int8 of a number in 2^-27."""
        raise NotImplementedError

    def table(self, operation):
        # From float32: so does TFLM, whose factor is exact, a power of two.
        factor = multiplier(float(operation.input.scale) * 2**27)
        radius = math.floor(15 * 2**27 / 2**factor.exponent)
        found = []
        for value in (_ALL - operation.input.zero_point).tolist():
            if value <= -radius:
                found.append(-128)
            elif value >= radius:
                found.append(127)
            else:
                found.append(self._of_fixed_point(int(rescale(value, factor))))
        return clamped(np.array(found), _INT8)


class Logistic(_Sigmoid):
    """LOGISTIC."""

    codes = (14,)
    scale = 1 / 256
    zero_point = -128

    def _of_fixed_point(self, value):
        return shifted(logistic(value), 23) - 128


class Tanh(_Sigmoid):
    """TANH."""

    codes = (28,)
    scale = 1 / 128
    zero_point = 0

    def _of_fixed_point(self, value):
        return shifted(tanh(value), 24)


class Quantize(Table):
    """QUANTIZE from one int8 scale to another."""

    codes = (114,)

    def table(self, operation):
        one, output = operation.input, operation.output
        factor = multiplier(np.float64(one.scale) / np.float64(output.scale))
        moved = rescale(_ALL - one.zero_point, factor)
        return clamped(moved + output.zero_point, _INT8)


class Relu(Table):
    """RELU and RELU6."""

    codes = (19, 21)
    _RELU6 = 21

    def check(self, operation):
        reason = super().check(operation)
        if operation.code == self._RELU6:
            # It clamps bytes and does not rescale them.
            reason = reason or require_same_scale(operation)
        return reason

    def table(self, operation):
        one, output = operation.input, operation.output
        factor = float32_quotient(one, output)
        moved = rescale(_ALL - one.zero_point, factor) + output.zero_point
        top = 127
        if operation.code == self._RELU6:
            steps = int(half_away(float(np.float32(6) / output.scale)))
            top = min(top, output.zero_point + steps)
        return clamped(moved, (max(-128, output.zero_point), top))


class LeakyRelu(Table):
    """LEAKY_RELU."""

    codes = (98,)

    def table(self, operation):
        one, output = operation.input, operation.output
        slope = np.float32(operation.options.alpha)
        above = float32_quotient(one, output)
        below = multiplier(np.float64(np.float32(one.scale * slope / output.scale)))
        values = _ALL - one.zero_point
        moved = np.where(
            values >= 0,
            rescale(values, above),
            rescale(values, below),
        )
        return clamped(moved + output.zero_point, _INT8)


def float32_quotient(one: Tensor, output: Tensor) -> Multiplier:
    """Returns the quotient of two scales, divided in float32."""
    return multiplier(np.float64(np.float32(one.scale / output.scale)))
