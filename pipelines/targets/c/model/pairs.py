"""The operators that make one value of two: sums, differences, products, and the greater one."""

from __future__ import annotations

import numpy as np

from .arithmetic import (
    RELU_BOUNDS,
    Multiplier,
    as_int32,
    clamped,
    multiplier,
    rescale,
)
from .blocks import MOST_AXES, contiguous, joined_axes
from .kernel import Kernel, require_int8, require_same_scale
from .network import Operation
from .scaled_sums import output_bounds

_NONE = Multiplier(0, 0)
_INT8 = (-128, 127)


class Pair(Kernel):
    """One value of two, axes of one place standing for all."""

    fragment: str

    def _multipliers(self, operation: Operation) -> list[Multiplier]:
        """Returns the factors of the left value, the right one, and the result."""
        raise NotImplementedError

    def _of_pairs(
        self, factors: list[Multiplier], left: np.ndarray, right: np.ndarray
    ) -> np.ndarray:
        """Returns the results before the zero point is added, int64.

        Args:
            factors: What `_multipliers` returned.
            left: int64, less its zero point.
            right: int64, less its zero point.
        """
        raise NotImplementedError

    def _bounds(self, operation: Operation) -> tuple[int, int]:
        """Returns the least and the greatest result."""
        return _INT8

    def check(self, operation):
        for each in operation.inputs:
            if each.dtype != "int8":
                return f"a tensor of {each.dtype}, where int8 is expected"
        if len(_axes(operation)) > MOST_AXES:
            return f"more than {MOST_AXES} axes"
        return require_int8(operation)

    def overwritable(self, operation):
        shape = operation.output.shape
        return [each for each in operation.inputs if each.shape == shape]

    def write(self, operation, source):
        left, right = operation.inputs[:2]
        factors = self._multipliers(operation)
        factors += [_NONE] * (3 - len(factors))
        low, top = self._bounds(operation)
        axes = _axes(operation)
        axes = [(1, (0, 0))] * (MOST_AXES - len(axes)) + axes
        source.use(self.fragment)
        layer = source.parameters(
            "pairs",
            "pair_layer",
            sizes=[size for size, _ in axes],
            left=[strides[0] for _, strides in axes],
            right=[strides[1] for _, strides in axes],
            zeros=self._zeros(operation),
            multipliers=[each.value for each in factors],
            shifts=[each.exponent for each in factors],
            low=low,
            top=top,
        )
        tensors = [source.place(each) for each in (left, right, operation.output)]
        source.call(
            "each_pair",
            f"&{layer}",
            f"{self.fragment}_pair",
            *tensors,
        )

    def run(self, operation, values):
        zeros = self._zeros(operation)
        left = values[0].astype(np.int64) - zeros[0]
        right = values[1].astype(np.int64) - zeros[1]
        found = self._of_pairs(
            self._multipliers(operation),
            left,
            right,
        )
        return [clamped(found + zeros[2], self._bounds(operation))]

    def _zeros(self, operation: Operation) -> list[int]:
        """Returns the zero points of left, right and result."""
        left, right = operation.inputs[:2]
        return [
            left.zero_point,
            right.zero_point,
            operation.output.zero_point,
        ]


class Fused(Pair):
    """A pair whose result goes through a fused activation."""

    def check(self, operation):
        if operation.options.fusedActivationFunction not in RELU_BOUNDS:
            return "a fused activation that TFLM lacks"
        return super().check(operation)

    def _bounds(self, operation):
        return output_bounds(operation)


class Add(Fused):
    """ADD."""

    codes = (0,)
    fragment = "add"

    def _multipliers(self, operation):
        one, other, output = _scales(operation, np.float64)
        twice = 2 * max(one, other)
        last = twice / (2**20 * output)
        return [multiplier(each) for each in (one / twice, other / twice, last)]

    def _of_pairs(self, factors, left, right):
        one, other = _shifted(factors, left, right, bits=20)
        return rescale(one + other, factors[2])


class Subtract(Fused):
    """SUB, whose factors TFLM computes in float32."""

    codes = (41,)
    fragment = "subtract"

    def _multipliers(self, operation):
        one, other, output = _scales(operation, np.float32)
        twice = np.float32(2) * max(one, other)
        last = twice / (np.float32(2**20) * output)
        return [multiplier(each) for each in (one / twice, other / twice, last)]

    def _of_pairs(self, factors, left, right):
        one, other = _shifted(factors, left, right, bits=20)
        return rescale(one - other, factors[2])


class SquaredDifference(Pair):
    """SQUARED_DIFFERENCE."""

    codes = (99,)
    fragment = "squared_difference"

    def _multipliers(self, operation):
        one, other, _ = _scales(operation, np.float64)
        twice = 2 * max(one, other)
        scale = np.float64(np.float32(2**14) * operation.output.scale)
        last = twice * twice / scale
        return [multiplier(each) for each in (one / twice, other / twice, last)]

    def _of_pairs(self, factors, left, right):
        one, other = _shifted(factors, left, right, bits=7)
        return rescale((one - other) ** 2, factors[2])


class Multiply(Fused):
    """MUL."""

    codes = (18,)
    fragment = "multiply"

    def _multipliers(self, operation):
        one, other, output = _scales(operation, np.float64)
        return [multiplier(one * other / output)]

    def _of_pairs(self, factors, left, right):
        return rescale(left * right, factors[0])


class _Chosen(Pair):
    """One of two values as it is."""

    def check(self, operation):
        return super().check(operation) or require_same_scale(operation)

    def _multipliers(self, operation):
        return []

    def _zeros(self, operation):
        return [0, 0, 0]


class Maximum(_Chosen):
    """MAXIMUM: the greater one."""

    codes = (55,)
    fragment = "maximum"

    def _of_pairs(self, factors, left, right):
        return np.maximum(left, right)


class Minimum(_Chosen):
    """MINIMUM: the smaller one."""

    codes = (57,)
    fragment = "minimum"

    def _of_pairs(self, factors, left, right):
        return np.minimum(left, right)


class Prelu(Pair):
    """PRELU: values below 0 times a slope of their channel."""

    codes = (54,)
    fragment = "prelu"

    def _multipliers(self, operation):
        one, other, output = _scales(operation, np.float64)
        return [multiplier(one / output), multiplier(one * other / output)]

    def _of_pairs(self, factors, left, right):
        above = rescale(left, factors[0])
        below = as_int32(rescale(left * right, factors[1]))
        return np.where(
            left >= 0,
            above,
            below,
        )


def _shifted(factors, left, right, *, bits):
    """Returns both values in one unit, with as many bits more."""
    one = rescale(left * 2**bits, factors[0])
    other = rescale(right * 2**bits, factors[1])
    return one, other


def _scales(operation, dtype):
    left, right = operation.inputs[:2]
    return [dtype(each.scale) for each in (left, right, operation.output)]


def _axes(operation):
    """Returns (size, strides of left and right) of the axes to walk, at least one."""
    shape = operation.output.shape
    strides = []
    for each in operation.inputs[:2]:
        missing = len(shape) - len(each.shape)
        own_shape = (1,) * missing + each.shape
        own = contiguous(own_shape)
        walked = [
            0 if size == 1 else step
            for size, step in zip(
                own_shape,
                own,
                strict=True,
            )
        ]
        strides.append(tuple(walked))
    return joined_axes(shape, strides) or [(1, (0, 0))]
