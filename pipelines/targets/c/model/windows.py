"""Where the windows of convolutions and pools stand on a picture."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .network import Operation

_SAME = 0


@dataclass(frozen=True)
class Axis:
    """The windows along one axis.

    Attributes:
        size: Places of the input.
        outputs: Windows.
        kernel: Places of a window.
        stride: From one window to the next.
        dilation: From one place of a window to the next.
        before: Places that the first window stands before the picture.
    """

    size: int
    outputs: int
    kernel: int
    stride: int
    dilation: int
    before: int

    def is_inside(self) -> bool:
        """Tests whether every window lies on the picture as a whole."""
        last = (self.outputs - 1) * self.stride + (self.kernel - 1) * self.dilation
        return self.before == 0 and last < self.size

    def taken(self, place: int) -> tuple[np.ndarray, np.ndarray]:
        """Returns the windows that have a place of theirs inside the picture, and where it is."""
        windows = np.arange(self.outputs)
        found = windows * self.stride - self.before + place * self.dilation
        inside = (found >= 0) & (found < self.size)
        return windows[inside], found[inside]


def axes_of(operation: Operation, kernel: tuple[int, int]) -> tuple[Axis, Axis]:
    """Returns the windows along height and width.

    Args:
        operation: A convolution or a pool of [1, height, width, channels].
        kernel: The places of a window, high and wide.
    """
    options = operation.options
    dilations = (1, 1)
    if "dilationHFactor" in vars(options):
        dilations = (options.dilationHFactor, options.dilationWFactor)
    strides = (options.strideH, options.strideW)
    found = []
    for axis in range(2):
        size = operation.input.shape[axis + 1]
        outputs = operation.output.shape[axis + 1]
        dilation = dilations[axis]
        if kernel[axis] == 1:
            dilation = 1
        before = 0
        if options.padding == _SAME:
            reach = (outputs - 1) * strides[axis] + (kernel[axis] - 1) * dilation + 1
            before = max(reach - size, 0) // 2
        found.append(
            Axis(
                size,
                outputs,
                kernel[axis],
                strides[axis],
                dilation,
                before,
            )
        )
    return found[0], found[1]


def window_fields(high: Axis, wide: Axis) -> dict[str, int]:
    """Returns the fields of a C struct that say where windows stand."""
    return {
        "height": high.size,
        "width": wide.size,
        "output_height": high.outputs,
        "output_width": wide.outputs,
        "kernel_height": high.kernel,
        "kernel_width": wide.kernel,
        "stride_y": high.stride,
        "stride_x": wide.stride,
        "before_y": high.before,
        "before_x": wide.before,
    }
