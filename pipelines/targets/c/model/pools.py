"""MAX_POOL_2D and AVERAGE_POOL_2D."""

from __future__ import annotations

import numpy as np

from .arithmetic import RELU_BOUNDS, activation_bounds, clamped
from .kernel import Kernel, require_int8, require_same_scale
from .windows import axes_of, window_fields


class _Pool(Kernel):
    """A number for each window and channel."""

    fragment: str

    def check(self, operation):
        if operation.options.fusedActivationFunction not in RELU_BOUNDS:
            return "a fused activation that TFLM lacks"
        return require_int8(operation) or require_same_scale(operation)

    def write(self, operation, source):
        low, top = _bounds(operation)
        source.use(self.fragment)
        layer = source.parameters(
            "pool",
            "pool_layer",
            depth=operation.input.shape[3],
            low=low,
            top=top,
            **window_fields(*_axes(operation)),
        )
        tensors = [source.place(operation.input), source.place(operation.output)]
        source.call(
            self.fragment,
            f"&{layer}",
            *tensors,
        )

    def run(self, operation, values):
        high, wide = _axes(operation)
        shape = (high.kernel * wide.kernel, *operation.output.shape)
        found = np.zeros(shape, np.int64)
        is_inside = np.zeros(shape, bool)
        place = 0
        for y in range(high.kernel):
            for x in range(wide.kernel):
                rows, from_rows = high.taken(y)
                columns, from_columns = wide.taken(x)
                found[place][:, rows[:, None], columns] = values[0][:, from_rows][
                    :, :, from_columns
                ]
                is_inside[place][:, rows[:, None], columns] = True
                place += 1
        return [clamped(self._of_windows(found, is_inside), _bounds(operation))]

    def _of_windows(self, found: np.ndarray, is_inside: np.ndarray) -> np.ndarray:
        """Returns one number a window, int64.

        Args:
            found: int64 [places of the window, ...].
            is_inside: Whether the place lies on the picture, bool of the same shape.
        """
        raise NotImplementedError


class MaxPool(_Pool):
    """The greatest value of each window."""

    codes = (17,)
    fragment = "max_pool"

    def _of_windows(self, found, is_inside):
        return np.where(
            is_inside,
            found,
            -128,
        ).max(axis=0)


class AveragePool(_Pool):
    """The mean of each window's places on the picture."""

    codes = (1,)
    fragment = "average_pool"

    def _of_windows(self, found, is_inside):
        sums = found.sum(axis=0)
        count = is_inside.sum(axis=0)
        return np.sign(sums) * ((np.abs(sums) + count // 2) // count)


def _bounds(operation):
    output = operation.output
    return activation_bounds(
        operation.options.fusedActivationFunction,
        output.scale,
        output.zero_point,
    )


def _axes(operation):
    options = operation.options
    return axes_of(operation, (options.filterHeight, options.filterWidth))
