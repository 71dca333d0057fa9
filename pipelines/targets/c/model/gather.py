"""GATHER: rows of a table by their ids."""

from __future__ import annotations

import math

import numpy as np

from .kernel import Kernel


class Gather(Kernel):
    """GATHER of whole rows."""

    codes = (36,)

    def check(self, operation):
        table, ids = operation.inputs[:2]
        if operation.options.axis or operation.options.batchDims:
            return "rows that are no rows of the first axis"
        if ids.dtype != "int32":
            return f"ids of {ids.dtype}, where int32 is expected"
        if table.dtype != operation.output.dtype:
            return "a table and an output of unequal types"
        return ""

    def write(self, operation, source):
        table, ids = operation.inputs[:2]
        item = np.dtype(table.dtype).itemsize
        source.use("gather")
        layer = source.parameters(
            "gather",
            "gather_layer",
            rows=table.shape[0],
            ids=ids.size,
            size=math.prod(table.shape[1:]) * item,
        )
        tensors = [source.place(each) for each in (table, ids, operation.output)]
        source.call(
            "gather",
            f"&{layer}",
            *tensors,
        )

    def run(self, operation, values):
        table, ids = values[:2]
        inside = np.clip(
            ids,
            0,
            len(table) - 1,
        )
        return [table[inside].reshape(operation.output.shape)]
