"""The tensors of a model: names, shapes, units and the scales of their int8 form."""

import math
from dataclasses import dataclass

import numpy as np

from .flow import MAX_SIDE, MAX_VALUES

BLOCK_VALUES = 2**15  # that are quantized together: 128 KiB


@dataclass(frozen=True)
class Port:
    """One tensor of a model.

    The int8 form holds round(x / scale) + zero_point.

    The quantized files compute with x * factor + offset, of which their own scale and zero point
    speak. So a picture is quantized as it stands, byte for byte less 128 (scale 1, zero point
    -128), whatever its net does to pixels first.

    Attributes:
        name: Of the tensor.
        shape: Without the rows axis.
        dtype: Of the float form, "float32" or "int32".
        unit: In words.
        scale: Of the int8 form; 0.0 if the tensor is not quantized.
        zero_point: Of the int8 form.
        num_ids: A port of ids holds 0 to num_ids - 1.
        num_copies: An int8 output may hold so many copies of each value, rounded at staggered
            places, whose sum is finer than one int8 can be (see `convert.lower`).
        factor: Of the quantized files.
        offset: Of the quantized files.
    """

    name: str
    shape: tuple[int, ...]
    dtype: str
    unit: str
    scale: float = 0.0
    zero_point: int = 0
    num_ids: int = 0
    num_copies: int = 1
    factor: float = 1.0
    offset: float = 0.0

    @property
    def is_picture(self) -> bool:
        """Whether the port holds pixels 0..255 [height, width, channels]."""
        return len(self.shape) == 3

    def quantize(self, x: np.ndarray) -> np.ndarray:
        """Quantizes float32 to int8, halves rounded up; ids pass unchanged.

        The C code does the same in the same order.
        """
        if self.scale == 0.0:
            return x.astype(self.dtype)
        if x.dtype == np.uint8:
            less_128 = x ^ np.uint8(128)  # as two's complement has it
            return less_128.view(np.int8)
        if x.size <= BLOCK_VALUES or len(x) < 2:
            return self._quantize_block(x)
        values = np.empty(x.shape, np.int8)
        num_blocks = math.ceil(x.size / BLOCK_VALUES)
        block_rows = math.ceil(len(x) / num_blocks)
        for start in range(0, len(x), block_rows):
            rows = slice(start, start + block_rows)
            values[rows] = self._quantize_block(x[rows])
        return values

    def _quantize_block(self, x):
        """Quantizes rows that stay in the processor's caches from step to step."""
        scale = np.float32(self.scale)
        half = np.float32(0.5)
        zero_point = np.float32(self.zero_point)
        # Infinity is cut to the last step, in C too.
        with np.errstate(over="ignore"):
            steps = x / scale
            steps += half
            np.floor(steps, out=steps)
            steps += zero_point
        steps.clip(-128, 127, out=steps)
        return steps.astype(np.int8)

    def dequantize(self, q: np.ndarray) -> np.ndarray:
        """Returns float32 [rows, width] in the port's unit.

        The sum is of whole numbers, so that C gives the same.

        Args:
            q: int8 [rows, num_copies * width].
        """
        return self.steps(q).astype(np.float32) * self.step()

    def steps(self, q: np.ndarray) -> np.ndarray:
        """Returns what int8 values are in whole numbers of `step`, int32 [rows, width].

        Args:
            q: int8 [rows, num_copies * width].
        """
        num_rows = len(q)
        copies = q.reshape(num_rows, self.num_copies, *self.shape)
        sums = copies.sum(axis=1, dtype=np.int32)
        return sums - self.num_copies * self.zero_point

    def to_float(self, raw: np.ndarray) -> np.ndarray:
        """Returns a model's raw output, float32 or int8, as float32 in the port's unit."""
        if raw.dtype == np.int8:
            return self.dequantize(raw)
        return raw.astype(np.float32)

    def in_file(self) -> tuple[float, int]:
        """Returns the scale and the zero point that the int8 file itself has."""
        if self.scale == 0.0:
            return 0.0, 0
        scale = self.scale * self.factor
        shift = round(self.offset / scale)
        return scale, self.zero_point - shift

    def step(self) -> np.float32:
        """Returns the smallest difference that the dequantized port can show, in its unit."""
        step = self.scale / self.num_copies
        return np.float32(step)


@dataclass(frozen=True)
class Streaming:
    """The form that takes one new step a call.

    It is in `model_stream_int8.tflite` and `model_stream_float32.tflite`.

    Attributes:
        inputs: The ports, those of past steps with their newest step alone, [1, channels].
        states: [steps, width]: inputs and outputs of the same name, scale and zero point, kept from
            call to call until a reset, which sets them to zeros (int8: the zero point).
        output: As of the form for windows, in its own scale.
        num_steps: How many steps the net looks back on: so many calls after a reset it answers as
            the form for windows.
    """

    inputs: tuple[Port, ...]
    states: tuple[Port, ...]
    output: Port
    num_steps: int


def is_shape(shape: tuple[int, ...]) -> bool:
    """Returns whether a row has one to three axes, of sizes that memory can be taken for."""
    if len(shape) not in (1, 2, 3):
        return False
    for size in shape:
        if type(size) is not int or not 0 < size <= MAX_SIDE:
            return False
    return math.prod(shape) <= MAX_VALUES
