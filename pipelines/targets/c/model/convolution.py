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
    scales_of,
)
from .source import Source
from .windows import Axis, axes_of, window_fields

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

    def _patch(self, operation: Operation, source: Source) -> str:
        """Returns the name of the C struct of where the windows stand."""
        weights = self._by_output(operation)
        high, wide = axes_of(operation, weights.shape[1:3])
        layer = source.parameters(
            "patch",
            "patch_layer",
            depth=operation.input.shape[3],
            taken=self._taken(operation),
            dilation_y=high.dilation,
            dilation_x=wide.dilation,
            input_zero=operation.input.zero_point,
            **window_fields(high, wide),
        )
        return f"&{layer}"

    def _scales(self, operation: Operation, source: Source) -> str:
        """Returns the name of the C struct of bias and scales of the outputs.

        The zero point of the input is in the bias: outside of the picture stands the zero point.
        CMSIS-NN takes the bias as it is.
        """
        weights = self._by_output(operation).astype(np.int64)
        outputs = len(weights)
        bias = bias_of(operation, outputs)
        zero = operation.input.zero_point * weights.sum(axis=(1, 2, 3))
        factors = channel_multipliers(operation)
        if len(factors) < outputs:
            factors = factors * outputs
        return scales_of(
            operation,
            source,
            factors=factors,
            bias=source.constant((bias - zero).astype(np.int32), library=bias),
        )

    def scratch_bytes(self, operation):
        weights = self._by_output(operation)
        high, wide = axes_of(operation, weights.shape[1:3])
        patch = high.kernel * wide.kernel * self._taken(operation)
        if self._needs_no_copy(operation, high, wide):
            patch = 0
        return patch, self._library_bytes(operation, high, wide)

    def _taken(self, operation: Operation) -> int:
        """Returns how many channels of a place are copied for an output."""
        raise NotImplementedError

    def _needs_no_copy(self, operation: Operation, high: Axis, wide: Axis) -> bool:
        """Tests whether every window can be read where it lies."""
        raise NotImplementedError

    def _library_bytes(self, operation: Operation, high: Axis, wide: Axis) -> int:
        """Returns the most that CMSIS-NN asks for on a core without Helium."""
        raise NotImplementedError

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
        dense = source.parameters(
            "dense_row",
            "dense_weights",
            weights=source.constant(weights),
            scales=self._scales(operation, source),
            depth=weights[0].size,
            outputs=len(weights),
        )
        layer = source.parameters(
            "conv",
            "conv_layer",
            weights=f"&{dense}",
            patch=self._patch(operation, source),
            groups=operation.input.shape[3] // self._taken(operation),
        )
        source.call(
            "conv",
            f"&{layer}",
            source.place(operation.input),
            source.place(operation.output),
            source.scratch(operation),
        )

    def _taken(self, operation):
        return operation.inputs[1].shape[3]

    def _needs_no_copy(self, operation, high, wide):
        is_whole = self._taken(operation) == operation.input.shape[3]
        is_row = high.kernel == 1 and (wide.dilation == 1 or wide.kernel == 1)
        return is_whole and is_row and wide.is_inside()

    def _library_bytes(self, operation, high, wide):
        is_whole = self._taken(operation) == operation.input.shape[3]
        if is_whole and high.kernel == wide.kernel == 1:
            return 0
        values = high.kernel * wide.kernel * operation.input.shape[3]
        return 16 * -(-values // 4)

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
        layer = source.parameters(
            "depthwise",
            "depthwise_layer",
            weights=source.constant(operation.inputs[1].values),
            scales=self._scales(operation, source),
            patch=self._patch(operation, source),
            multiples=operation.output.shape[3] // operation.input.shape[3],
        )
        source.call(
            "depthwise",
            f"&{layer}",
            source.place(operation.input),
            source.place(operation.output),
            source.scratch(operation),
        )

    def _taken(self, operation):
        return operation.input.shape[3]

    def _needs_no_copy(self, operation, high, wide):
        return high.is_inside() and wide.is_inside()

    def _library_bytes(self, operation, high, wide):
        is_plain = high.dilation == wide.dilation == 1
        if not is_plain or operation.input.shape[3] != operation.output.shape[3]:
            return 0
        is_3x3 = high.kernel == wide.kernel == 3
        if is_3x3 and high.before <= 1 and wide.before <= 1:
            return 0
        return 2 * high.kernel * wide.kernel * operation.input.shape[3]

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
