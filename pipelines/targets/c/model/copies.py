"""The operators that pass bytes on: joins, cuts, turns, and other shapes of the same memory."""

from __future__ import annotations

import math

import numpy as np

from .blocks import Block, copy_block
from .kernel import Alias, Kernel, require_same_scale
from .network import Operation, Tensor

_SIZES = {
    "int8": 1,
    "int16": 2,
    "int32": 4,
}


def check_bytes(operation: Operation) -> str:
    """Returns why the bytes of an operation cannot be passed on, or ""."""
    return _check_type(operation) or require_same_scale(operation)


def _check_type(operation):
    if operation.output.dtype not in _SIZES:
        return f"a tensor of {operation.output.dtype}"
    return ""


def constant_of(operation, place) -> np.ndarray:
    """Returns the values of a constant input as int64, flat."""
    return operation.inputs[place].values.ravel().astype(np.int64)


def has_constants(operation: Operation, *places: int) -> str:
    """Returns that an input at one of the places is no constant, or ""."""
    for place in places:
        tensor = operation.optional(place)
        if tensor is None or tensor.values is None:
            return "a shape or a place that is computed"
    return ""


class Reshape(Kernel):
    """RESHAPE, SQUEEZE and EXPAND_DIMS: the same memory."""

    codes = (22, 43, 70)

    def check(self, operation):
        return check_bytes(operation)

    def alias(self, operation):
        return Alias(operation.input, [0])

    def write(self, operation, source):
        """Writes nothing: the output is where the input is."""

    def run(self, operation, values):
        return [values[0].reshape(operation.output.shape)]


class Concatenation(Kernel):
    """CONCATENATION along one axis."""

    codes = (2,)

    def check(self, operation):
        if operation.options.fusedActivationFunction:
            return "a fused activation that TFLM lacks"
        return check_bytes(operation)

    def write(self, operation, source):
        axis = operation.options.axis % len(operation.output.shape)
        start = 0
        for each in operation.inputs:
            into = Block.of(operation.output)
            copy_block(
                source,
                Block.of(each),
                into.part(
                    axis,
                    start,
                    each.shape[axis],
                ),
            )
            start += each.shape[axis]

    def run(self, operation, values):
        return [np.concatenate(values, operation.options.axis)]


class Pack(Kernel):
    """PACK: inputs along a new axis."""

    codes = (83,)

    def check(self, operation):
        return check_bytes(operation)

    def write(self, operation, source):
        axis = operation.options.axis % len(operation.output.shape)
        for place, each in enumerate(operation.inputs):
            into = Block.of(operation.output).part(
                axis,
                place,
                1,
            )
            copy_block(
                source,
                Block.of(each).with_axis(axis),
                into,
            )

    def run(self, operation, values):
        return [np.stack(values, operation.options.axis)]


class _Cut(Kernel):
    """What cuts one tensor into parts along an axis."""

    def _parts(self, operation: Operation) -> tuple[int, list[int]]:
        """Returns the axis, and the size of each part."""
        raise NotImplementedError

    def _cut(self, operation: Operation) -> Tensor:
        """Returns what is cut."""
        return operation.input

    def alias(self, operation):
        axis, sizes = self._parts(operation)
        shape = self._cut(operation).shape
        if math.prod(shape[:axis]) != 1:
            return None
        size = math.prod(shape[axis + 1 :]) * _SIZES[operation.output.dtype]
        starts = np.cumsum([0, *sizes[:-1]]) * size
        return Alias(self._cut(operation), starts.tolist())

    def write(self, operation, source):
        if self.alias(operation) is not None:
            return
        axis, sizes = self._parts(operation)
        start = 0
        for size, output in zip(
            sizes,
            operation.outputs,
            strict=True,
        ):
            part = Block.of(self._cut(operation)).part(
                axis,
                start,
                size,
            )
            copy_block(
                source,
                part,
                part.moved_to(output),
            )
            start += size

    def run(self, operation, values):
        axis, sizes = self._parts(operation)
        place = operation.inputs.index(self._cut(operation))
        parts = np.split(
            values[place],
            np.cumsum(sizes[:-1]),
            axis,
        )
        results = []
        for part, output in zip(
            parts,
            operation.outputs,
            strict=True,
        ):
            results.append(part.reshape(output.shape))
        return results


class Unpack(_Cut):
    """UNPACK: each place of an axis by itself."""

    codes = (88,)

    def check(self, operation):
        return check_bytes(operation)

    def _parts(self, operation):
        axis = operation.options.axis % len(operation.input.shape)
        return axis, [1] * len(operation.outputs)


class Split(_Cut):
    """SPLIT: equal parts; the axis is the first input."""

    codes = (49,)

    def check(self, operation):
        if operation.input.values is None:
            return "an axis that is computed"
        if operation.inputs[1].values is not None:
            return "a constant that is cut"
        return check_bytes(operation)

    def _cut(self, operation):
        return operation.inputs[1]

    def _parts(self, operation):
        axis = int(constant_of(operation, 0)[0]) % len(self._cut(operation).shape)
        return axis, [each.shape[axis] for each in operation.outputs]


class SplitV(_Cut):
    """SPLIT_V: parts of given sizes."""

    codes = (102,)

    def check(self, operation):
        return has_constants(
            operation,
            1,
            2,
        ) or check_bytes(operation)

    def _parts(self, operation):
        axis = int(constant_of(operation, 2)[0]) % len(operation.input.shape)
        return axis, [each.shape[axis] for each in operation.outputs]


class _View(Kernel):
    """What gives the places of a tensor in another order, or some of them."""

    def _block(self, operation: Operation, block: Block) -> Block:
        """Returns the places of a block of the input's shape that the output has."""
        raise NotImplementedError

    def check(self, operation):
        return check_bytes(operation)

    def alias(self, operation):
        block = self._block(operation, Block.of(operation.input))
        if not block.is_one_piece():
            return None
        return Alias(operation.input, [block.start * _SIZES[operation.output.dtype]])

    def write(self, operation, source):
        block = self._block(operation, Block.of(operation.input))
        if not block.is_one_piece():
            copy_block(
                source,
                block,
                block.moved_to(operation.output),
            )

    def run(self, operation, values):
        block = self._block(operation, Block.of(operation.input))
        return [values[0].ravel()[block.places()].reshape(operation.output.shape)]


class Transpose(_View):
    """TRANSPOSE by a constant order of axes."""

    codes = (39,)

    def check(self, operation):
        return has_constants(operation, 1) or check_bytes(operation)

    def _block(self, operation, block):
        return block.turned(constant_of(operation, 1).tolist())


class Reverse(_View):
    """REVERSE_V2 along constant axes."""

    codes = (105,)

    def check(self, operation):
        # TFLM turns bytes around whatever their scales: those of a two-way LSTM may differ.
        return has_constants(operation, 1) or _check_type(operation)

    def _block(self, operation, block):
        for axis in constant_of(operation, 1).tolist():
            block = block.reversed(axis % len(operation.input.shape))
        return block


class Slice(_View):
    """SLICE: a part of each axis."""

    codes = (65,)

    def check(self, operation):
        return has_constants(
            operation,
            1,
            2,
        ) or check_bytes(operation)

    def _block(self, operation, block):
        for axis, start in enumerate(constant_of(operation, 1).tolist()):
            block = block.part(
                axis,
                start,
                operation.output.shape[axis],
            )
        return block


class StridedSlice(_View):
    """STRIDED_SLICE with begin, end, shrink and positive or negative strides."""

    codes = (45,)

    def check(self, operation):
        reason = has_constants(
            operation,
            1,
            2,
            3,
        )
        if reason:
            return reason
        if operation.options.ellipsisMask or operation.options.newAxisMask:
            return "an ellipsis or a new axis, which TFLM lacks"
        return check_bytes(operation)

    def _block(self, operation, block):
        begins, ends, strides = (constant_of(operation, place).tolist() for place in (1, 2, 3))
        options = operation.options
        for axis, (begin, end, stride) in enumerate(
            zip(
                begins,
                ends,
                strides,
                strict=True,
            )
        ):
            bit = 1 << axis
            size = operation.input.shape[axis]
            if options.shrinkAxisMask & bit:
                block = block.part(
                    axis,
                    begin % size,
                    1,
                )
                continue
            first = None if options.beginMask & bit else begin
            last = None if options.endMask & bit else end
            places = range(
                *slice(
                    first,
                    last,
                    stride,
                ).indices(size)
            )
            block = block.stepped(axis, places)
        return block
