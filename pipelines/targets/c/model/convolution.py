"""CONV_2D and DEPTHWISE_CONV_2D."""

from __future__ import annotations

import numpy as np

from .arithmetic import clamped, rescale_channels
from .kernel import Kernel, require_int8
from .network import Operation
from .scaled_sums import (
    bias_of,
    channel_multipliers,
    check_sums,
    check_weights,
    output_bounds,
    tables_of,
)
from .source import Source
from .windows import axes_of, window_fields

_DEPTHWISE = (3, 1, 2, 0)


class _Convolution(Kernel):
    """What both kinds share: weights, windows, and one scale a channel."""

    def _by_output(self, operation: Operation) -> np.ndarray:
        """Returns the weights int8 [outputs, height, width, channels taken]."""
        raise NotImplementedError

    def check(self, operation):
        reason = require_int8(operation) or check_weights(operation)
        if reason:
            return reason
        weights = self._by_output(operation)
        return check_sums(weights, bias_of(operation, len(weights)))

    def _fields(self, operation: Operation, source: Source) -> dict[str, int | str]:
        """Returns the fields of a C struct that both kinds have."""
        weights = operation.inputs[1]
        kernel = self._by_output(operation).shape[1:3]
        high, wide = axes_of(operation, kernel)
        factors = channel_multipliers(operation)
        values, exponents = tables_of(factors)
        low, top = output_bounds(operation)
        return {
            "weights": source.constant(weights.values),
            "multipliers": source.constant(values),
            "shifts": source.constant(exponents),
            "by_channel": int(len(factors) > 1),
            "depth": operation.input.shape[3],
            "dilation_y": high.dilation,
            "dilation_x": wide.dilation,
            "input_zero": operation.input.zero_point,
            "output_zero": operation.output.zero_point,
            "low": low,
            "top": top,
            **window_fields(high, wide),
        }

    def run(self, operation, values):
        weights = self._by_output(operation).astype(np.int64)
        high, wide = axes_of(operation, weights.shape[1:3])
        moved = values[0].astype(np.int64) - operation.input.zero_point
        sums = np.zeros(operation.output.shape, np.int64)
        sums += bias_of(operation, len(weights))
        for y in range(high.kernel):
            for x in range(wide.kernel):
                rows, from_rows = high.taken(y)
                columns, from_columns = wide.taken(x)
                part = moved[:, from_rows][:, :, from_columns]
                products = self._products(part, weights[:, y, x])
                sums[:, rows[:, None], columns] += products
        scaled = rescale_channels(sums, channel_multipliers(operation))
        return [clamped(scaled + operation.output.zero_point, output_bounds(operation))]

    def _products(self, part: np.ndarray, weights: np.ndarray) -> np.ndarray:
        """Returns what one place of the kernel adds, int64 [1, rows, columns, outputs].

        Args:
            part: int64 [1, rows, columns, channels], less the zero point.
            weights: int64 [outputs, channels taken].
        """
        raise NotImplementedError


class Conv2D(_Convolution):
    """CONV_2D, also of groups of channels."""

    codes = (3,)

    def _by_output(self, operation):
        return operation.inputs[1].values

    def write(self, operation, source):
        weights = operation.inputs[1].values
        outputs, taken = weights.shape[0], weights.shape[3]
        sums = weights.astype(np.int64).sum(axis=(1, 2, 3))
        bias = bias_of(operation, outputs) - operation.input.zero_point * sums
        groups = operation.input.shape[3] // taken
        layer = source.parameters(
            "conv",
            "conv_layer",
            bias=source.constant(bias.astype(np.int32)),
            taken=taken,
            outputs=outputs,
            outputs_a_group=outputs // groups,
            **self._fields(operation, source),
        )
        source.call(
            "conv",
            f"&{layer}",
            source.place(operation.input),
            source.place(operation.output),
        )

    def _products(self, part, weights):
        outputs, taken = weights.shape
        groups = part.shape[3] // taken
        found = []
        for group in range(groups):
            channels = part[..., group * taken : (group + 1) * taken]
            some = weights[group * outputs // groups : (group + 1) * outputs // groups]
            found.append(channels @ some.T)
        return np.concatenate(found, axis=3)


class DepthwiseConv2D(_Convolution):
    """DEPTHWISE_CONV_2D: each channel by itself."""

    codes = (4,)

    def _by_output(self, operation):
        return operation.inputs[1].values.transpose(_DEPTHWISE)

    def write(self, operation, source):
        outputs = operation.output.shape[3]
        layer = source.parameters(
            "depthwise",
            "depthwise_layer",
            bias=source.constant(bias_of(operation, outputs)),
            multiples=outputs // operation.input.shape[3],
            **self._fields(operation, source),
        )
        source.call(
            "depthwise",
            f"&{layer}",
            source.place(operation.input),
            source.place(operation.output),
        )

    def _products(self, part, weights):
        multiples = len(weights) // part.shape[3]
        return (
            np.repeat(
                part,
                multiples,
                axis=3,
            )
            * weights[:, 0]
        )
