"""MEAN, SUM, REDUCE_MAX and REDUCE_MIN."""

from __future__ import annotations

import math

import numpy as np

from .arithmetic import Multiplier, clamped, multiplier, rescale
from .blocks import contiguous, joined_axes
from .kernel import Kernel, require_int8, require_same_scale
from .network import Operation

_NONE = Multiplier(0, 0)
_INT8 = (-128, 127)
_MOST_WALKED = 3


class _Reduction(Kernel):
    """One value of many."""

    fragment: str

    def _multiplier(self, operation: Operation) -> Multiplier:
        """Returns the factor of the result."""
        return _NONE

    def check(self, operation):
        if operation.inputs[1].values is None:
            return "axes that are computed"
        kept, reduced = _walks(operation)
        if max(len(kept), len(reduced)) > _MOST_WALKED:
            return f"more than {_MOST_WALKED} axes that do not stand together"
        return require_int8(operation)

    def _start(self, operation: Operation) -> int:
        """Returns what the result begins with."""
        raise NotImplementedError

    def write(self, operation, source):
        kept, reduced = _walks(operation)
        factor = self._multiplier(operation)
        source.use(self.fragment)
        layer = source.parameters(
            "reduce",
            "reduce_layer",
            kept=[size for size, _ in kept],
            kept_steps=[step for _, step in kept],
            reduced=[size for size, _ in reduced],
            reduced_steps=[step for _, step in reduced],
            start=self._start(operation),
            multiplier=factor.value,
            shift=factor.exponent,
            output_zero=operation.output.zero_point,
        )
        tensors = [source.place(operation.input), source.place(operation.output)]
        source.call(
            self.fragment,
            f"&{layer}",
            *tensors,
        )


class Sum(_Reduction):
    """SUM."""

    codes = (74,)
    fragment = "sum"

    def _multiplier(self, operation):
        one, output = operation.input, operation.output
        return multiplier(np.float64(one.scale) / np.float64(output.scale))

    def _start(self, operation):
        return -operation.input.zero_point * _count(operation)

    def run(self, operation, values):
        axes = tuple(_axes(operation))
        sums = values[0].astype(np.int64).sum(axis=axes) + self._start(operation)
        moved = rescale(sums, self._multiplier(operation)) + operation.output.zero_point
        return [clamped(moved, _INT8).reshape(operation.output.shape)]


class Mean(Sum):
    """MEAN: a sum whose factor is divided by the count, in whole numbers."""

    codes = (40,)

    def _multiplier(self, operation):
        factor = super()._multiplier(operation)
        count = _count(operation)
        shift = min(
            count.bit_length() - 1,
            32,
            31 + factor.exponent,
        )
        return Multiplier((factor.value << shift) // count, factor.exponent - shift)


class _Extreme(_Reduction):
    """The greatest or the least value as it is."""

    def check(self, operation):
        return super().check(operation) or require_same_scale(operation)


class ReduceMax(_Extreme):
    """REDUCE_MAX."""

    codes = (82,)
    fragment = "reduce_max"

    def _start(self, operation):
        return -128

    def run(self, operation, values):
        found = values[0].max(axis=tuple(_axes(operation)))
        return [found.reshape(operation.output.shape)]


class ReduceMin(_Extreme):
    """REDUCE_MIN."""

    codes = (89,)
    fragment = "reduce_min"

    def _start(self, operation):
        return 127

    def run(self, operation, values):
        found = values[0].min(axis=tuple(_axes(operation)))
        return [found.reshape(operation.output.shape)]


def _axes(operation):
    """Returns the axes that are reduced, from the first one on."""
    num_axes = len(operation.input.shape)
    return sorted({int(axis) % num_axes for axis in operation.inputs[1].values.ravel()})


def _count(operation):
    """Returns how many values become one."""
    return math.prod(operation.input.shape[axis] for axis in _axes(operation))


def _walks(operation):
    """Returns (size, step) of the axes that are kept and of those that are reduced, three each."""
    shape = operation.input.shape
    strides = contiguous(shape)
    axes = _axes(operation)
    walks = []
    for is_reduced in (False, True):
        chosen = [axis for axis in range(len(shape)) if (axis in axes) == is_reduced]
        sizes = tuple(shape[axis] for axis in chosen)
        steps = tuple(strides[axis] for axis in chosen)
        walk = [(size, step) for size, (step,) in joined_axes(sizes, [steps])]
        walks.append([(1, 0)] * (_MOST_WALKED - len(walk)) + walk)
    return walks
