"""PAD and PADV2."""

from __future__ import annotations

import numpy as np

from .blocks import Block, copy_block
from .copies import check_bytes, constant_of, has_constants
from .kernel import Kernel


class Pad(Kernel):
    """PAD and PADV2: places around a tensor that hold its zero point, or a constant."""

    codes = (34, 60)

    def check(self, operation):
        reason = has_constants(operation, 1)
        if reason:
            return reason
        if operation.optional(2) is not None and operation.inputs[2].values is None:
            return "a padding that is computed"
        if operation.output.dtype != "int8":
            return f"a tensor of {operation.output.dtype}"
        return check_bytes(operation)

    def write(self, operation, source):
        output = source.place(operation.output)
        size = operation.output.size
        source.call(
            "memset",
            output,
            str(_filling(operation)),
            str(size),
        )
        into = Block.of(operation.output)
        for axis, (before, _) in enumerate(_paddings(operation)):
            into = into.part(
                axis,
                before,
                operation.input.shape[axis],
            )
        copy_block(
            source,
            Block.of(operation.input),
            into,
        )

    def run(self, operation, values):
        return [
            np.pad(
                values[0],
                _paddings(operation),
                constant_values=_filling(operation),
            )
        ]


def _paddings(operation):
    return constant_of(operation, 1).reshape(-1, 2).tolist()


def _filling(operation):
    if operation.optional(2) is not None:
        return int(constant_of(operation, 2)[0])
    return operation.output.zero_point
