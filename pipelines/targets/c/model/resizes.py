"""RESIZE_BILINEAR and RESIZE_NEAREST_NEIGHBOR."""

from __future__ import annotations

import numpy as np

from .kernel import Kernel, require_int8, require_same_scale

_UNIT = 1024


class _Resize(Kernel):
    """A picture of another size."""

    def check(self, operation):
        if operation.input.shape[0] != 1:
            return "more than one picture"
        return require_int8(operation) or require_same_scale(operation)


class ResizeBilinear(_Resize):
    """RESIZE_BILINEAR, in 1/1024 of a place."""

    codes = (23,)

    def write(self, operation, source):
        (step_y, start_y), (step_x, start_x) = (_steps(operation, axis) for axis in (1, 2))
        layer = source.parameters(
            "resize_bilinear",
            "bilinear_layer",
            height=operation.input.shape[1],
            width=operation.input.shape[2],
            depth=operation.input.shape[3],
            output_height=operation.output.shape[1],
            output_width=operation.output.shape[2],
            step_y=step_y,
            step_x=step_x,
            start_y=start_y,
            start_x=start_x,
        )
        tensors = [source.place(operation.input), source.place(operation.output)]
        source.call(
            "resize_bilinear",
            f"&{layer}",
            *tensors,
        )

    def run(self, operation, values):
        up, down, below = _positions(operation, 1)
        left, right, beyond = _positions(operation, 2)
        picture = values[0][0].astype(np.int64)
        below = below[:, None, None]
        beyond = beyond[None, :, None]
        at_left = picture[up][:, left] * (_UNIT - below) + picture[down][:, left] * below
        at_right = picture[up][:, right] * (_UNIT - below) + picture[down][:, right] * below
        sums = at_left * (_UNIT - beyond) + at_right * beyond
        half = np.where(
            sums > 0,
            2**19,
            -(2**19),
        )
        moved = np.sign(sums + half) * (np.abs(sums + half) >> 20)
        return [moved.astype(np.int8)[None]]


class ResizeNearest(_Resize):
    """RESIZE_NEAREST_NEIGHBOR."""

    codes = (97,)

    def write(self, operation, source):
        layer = source.parameters(
            "resize_nearest",
            "nearest_layer",
            rows=source.constant(_nearest(operation, 1)),
            columns=source.constant(_nearest(operation, 2)),
            width=operation.input.shape[2],
            depth=operation.input.shape[3],
            output_height=operation.output.shape[1],
            output_width=operation.output.shape[2],
        )
        tensors = [source.place(operation.input), source.place(operation.output)]
        source.call(
            "resize_nearest",
            f"&{layer}",
            *tensors,
        )

    def run(self, operation, values):
        rows, columns = _nearest(operation, 1), _nearest(operation, 2)
        return [values[0][:, rows][:, :, columns]]


def _sizes(operation, axis):
    return operation.input.shape[axis], operation.output.shape[axis]


def _steps(operation, axis):
    """Returns how far outputs are apart and where the first one is, in 1/1024 of a place."""
    size, outputs = _sizes(operation, axis)
    step = (_UNIT * size + outputs // 2) // outputs
    if operation.options.alignCorners and outputs > 1:
        step = (_UNIT * (size - 1) + (outputs - 1) // 2) // (outputs - 1)
    start = 0
    if operation.options.halfPixelCenters:
        start = step // 2 - _UNIT // 2
    return step, start


def _positions(operation, axis):
    """Returns the places before and behind each output, and how far it is from the first."""
    size, outputs = _sizes(operation, axis)
    step, start = _steps(operation, axis)
    at = np.arange(outputs) * step + start
    before = np.maximum(at, 0) // _UNIT
    behind = np.minimum(np.maximum(at + _UNIT - 1, 0) // _UNIT, size - 1)
    return before, behind, at - before * _UNIT


def _nearest(operation, axis):
    """Returns the place of the input for each output, int32; in float32, as TFLM has it."""
    size, outputs = _sizes(operation, axis)
    options = operation.options
    scale = np.float32(size) / np.float32(outputs)
    if options.alignCorners and outputs > 1:
        scale = np.float32(size - 1) / np.float32(outputs - 1)
    offset = np.float32(0.5 if options.halfPixelCenters else 0)
    at = (np.arange(outputs, dtype=np.float32) + offset) * scale
    if options.alignCorners:
        places = np.floor(at + np.float32(0.5))
    else:
        places = np.floor(at)
    return np.clip(
        places,
        0,
        size - 1,
    ).astype(np.int32)
