"""TRANSPOSE_CONV."""

from __future__ import annotations

import numpy as np

from .arithmetic import RELU_BOUNDS, clamped, rescale_channels
from .kernel import Kernel, require_int8
from .scaled_sums import channel_multipliers, check_sums, output_bounds, tables_of

_SAME = 0
# The first input is the shape of the output.
_VALUES = 2


class TransposedConv(Kernel):
    """A convolution from its outputs back to its inputs; the second input has the weights."""

    codes = (67,)

    def check(self, operation):
        weights = operation.inputs[1]
        if weights.values is None or weights.dtype != "int8" or weights.zero_point:
            return "weights that are not constant int8 about 0"
        if operation.options.fusedActivationFunction not in RELU_BOUNDS:
            return "a fused activation that TFLM lacks"
        return require_int8(operation) or check_sums(weights.values, _bias(operation))

    def write(self, operation, source):
        weights, one, output = operation.inputs[1], operation.inputs[2], operation.output
        before_y, before_x = _before(operation)
        values, exponents = tables_of(channel_multipliers(operation, place=_VALUES))
        low, top = output_bounds(operation)
        sums = weights.values.astype(np.int32).sum(axis=3).astype(np.int32)
        layer = source.parameters(
            "transposed_conv",
            "transposed_layer",
            weights=source.constant(weights.values),
            sums=source.constant(sums),
            bias=source.constant(_bias(operation)),
            multipliers=source.constant(values),
            shifts=source.constant(exponents),
            by_channel=int(len(values) > 1),
            height=one.shape[1],
            width=one.shape[2],
            depth=one.shape[3],
            output_height=output.shape[1],
            output_width=output.shape[2],
            outputs=output.shape[3],
            kernel_height=weights.shape[1],
            kernel_width=weights.shape[2],
            stride_y=operation.options.strideH,
            stride_x=operation.options.strideW,
            before_y=before_y,
            before_x=before_x,
            input_zero=one.zero_point,
            output_zero=output.zero_point,
            low=low,
            top=top,
        )
        source.call(
            "transposed_conv",
            f"&{layer}",
            source.place(one),
            source.place(output),
        )

    def run(self, operation, values):
        weights = values[1].astype(np.int64)
        one = values[2].astype(np.int64) - operation.inputs[2].zero_point
        output = operation.output
        sums = np.zeros(output.shape, np.int64) + _bias(operation)
        before_y, before_x = _before(operation)
        for row in range(one.shape[1]):
            for column in range(one.shape[2]):
                y = row * operation.options.strideH - before_y
                x = column * operation.options.strideW - before_x
                _scatter(
                    sums[0],
                    y,
                    x,
                    weights @ one[0, row, column],
                )
        scaled = rescale_channels(sums, channel_multipliers(operation, place=_VALUES))
        return [clamped(scaled + output.zero_point, output_bounds(operation))]


def _scatter(sums, y, x, products):
    """Adds products [outputs, height, width] to sums [rows, columns, outputs] from a place on."""
    _, height, width = products.shape
    for ky in range(max(0, -y), min(height, len(sums) - y)):
        for kx in range(max(0, -x), min(width, sums.shape[1] - x)):
            sums[y + ky, x + kx] += products[:, ky, kx]


def _bias(operation):
    bias = operation.optional(3)
    if bias is None:
        return np.zeros(operation.output.shape[3], np.int32)
    return bias.values.ravel()


def _before(operation):
    """Returns the places that the convolution which is transposed pads in front."""
    if operation.options.padding != _SAME:
        return 0, 0
    strides = (operation.options.strideH, operation.options.strideW)
    found = []
    for axis, stride in enumerate(strides):
        size = operation.output.shape[axis + 1]
        kernel = operation.inputs[1].shape[axis + 1]
        outputs = -(-size // stride)
        found.append(max((outputs - 1) * stride + kernel - size, 0) // 2)
    return found[0], found[1]
