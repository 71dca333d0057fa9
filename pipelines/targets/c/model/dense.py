"""FULLY_CONNECTED."""

from __future__ import annotations

import numpy as np

from .arithmetic import Multiplier, clamped, multiplier, rescale_channels
from .kernel import Kernel, require_int8
from .scaled_sums import (
    bias_of,
    channel_multipliers,
    check_sums,
    check_weights,
    output_bounds,
    scales_of,
)


class FullyConnected(Kernel):
    """A dense layer, its weights with one scale or one an output."""

    codes = (9,)

    def check(self, operation):
        reason = require_int8(operation) or check_weights(operation)
        if reason:
            return reason
        weights = operation.inputs[1].values
        return check_sums(weights, bias_of(operation, len(weights)))

    def write(self, operation, source):
        weights = operation.inputs[1]
        outputs, depth = weights.shape
        bias = bias_of(operation, outputs)
        sums = weights.values.astype(np.int64).sum(axis=1)
        zero = operation.input.zero_point
        tables = {"bias": "NULL", "sums": "NULL"}
        # The steps of an unrolled net share weights, and have zero points of their own.
        if source.is_shared(weights):
            if bias.any():
                tables["bias"] = source.constant(bias)
            if zero:
                tables["sums"] = source.constant(sums.astype(np.int32))
        else:
            tables["bias"] = source.constant((bias - zero * sums).astype(np.int32))
        scales = scales_of(
            operation,
            source,
            factors=_multipliers(operation),
            **tables,
        )
        dense = source.parameters(
            "dense_row",
            "dense_weights",
            weights=source.constant(weights.values),
            scales=scales,
            depth=depth,
            outputs=outputs,
        )
        layer = source.parameters(
            "dense",
            "dense_layer",
            weights=f"&{dense}",
            rows=operation.input.size // depth,
        )
        source.call(
            "dense",
            f"&{layer}",
            source.place(operation.input),
            source.place(operation.output),
        )

    def run(self, operation, values):
        weights = values[1].astype(np.int64)
        rows = values[0].reshape(-1, weights.shape[1]).astype(np.int64)
        sums = (rows - operation.input.zero_point) @ weights.T
        sums += bias_of(operation, len(weights))
        scaled = rescale_channels(sums, _multipliers(operation)) + operation.output.zero_point
        result = clamped(scaled, output_bounds(operation))
        return [result.reshape(operation.output.shape)]


def _multipliers(operation) -> list[Multiplier]:
    weights = operation.inputs[1]
    if len(weights.scales) > 1:
        return channel_multipliers(operation)
    # TFLM multiplies the two scales in float32 where one is for all outputs.
    product = np.float32(operation.input.scale * weights.scale)
    return [multiplier(np.float64(product) / np.float64(operation.output.scale))]
