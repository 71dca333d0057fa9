"""The tensors of a model: names, shapes, units and the scales of their int8 form."""

import math
from dataclasses import dataclass

import numpy as np

from .flow import MAX_SIDE, MAX_VALUES


@dataclass(frozen=True)
class Port:
    """One tensor: its name, shape without the rows axis, dtype of the float form, and unit in
    words.

    The int8 form holds round(x / scale) + zero_point; `scale` is 0.0 where the tensor is not
    quantized. A port of ids holds 0 to num_ids - 1. An int8 output may hold `num_copies` of each
    value, rounded at staggered places, whose sum is finer than one int8 can be (see
    `convert.lower`). The quantized files compute with x * factor + offset, of which their own scale
    and zero point speak: so a picture is quantized as it stands, byte for byte less 128 (scale 1,
    zero point -128), whatever its net does to pixels first.
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
        """float32 → int8, halves rounded up; the C code does the same in the same order. Ids pass
        unchanged.
        """
        if self.scale == 0.0:
            return x.astype(self.dtype)
        if x.dtype == np.uint8:
            return (x ^ np.uint8(128)).view(np.int8)  # p - 128
        with np.errstate(over="ignore"):  # infinity is cut to the last step, in C too
            steps = np.floor(x / np.float32(self.scale) + np.float32(0.5)) + np.float32(
                self.zero_point
            )
        return np.clip(steps, -128, 127).astype(np.int8)

    def dequantize(self, q: np.ndarray) -> np.ndarray:
        """int8 [rows, num_copies * width] → float32 [rows, width] in the port's unit. The sum is of
        whole numbers, so that C gives the same.
        """
        copies = q.reshape(len(q), self.num_copies, *self.shape).sum(axis=1, dtype=np.int32)
        return (copies - self.num_copies * self.zero_point).astype(np.float32) * self.step()

    def to_float(self, raw: np.ndarray) -> np.ndarray:
        """A model's raw output, float32 or int8, as float32 in the port's unit."""
        if raw.dtype == np.int8:
            return self.dequantize(raw)
        return raw.astype(np.float32)

    def in_file(self) -> tuple[float, int]:
        """(scale, zero point) that the int8 file itself has."""
        if self.scale == 0.0:
            return 0.0, 0
        scale = self.scale * self.factor
        return scale, self.zero_point - round(self.offset / scale)

    def step(self) -> np.float32:
        """The smallest difference that the dequantized port can show, in its unit."""
        return np.float32(self.scale / self.num_copies)


@dataclass(frozen=True)
class Streaming:
    """The form that takes one new step a call (`model_stream_int8.tflite`,
    `model_stream_float32.tflite`). `inputs`: the ports, those of past steps with their newest step
    alone, [1, channels]. `states` [steps, width]: inputs and outputs of the same name, scale and
    zero point; kept from call to call until a reset, which sets them to zeros (int8: the zero
    point). `output`: as of the form for windows, in its own scale. `num_steps`: as many the net
    looks back on, so many calls after a reset is its answer that of the form for windows.
    """

    inputs: tuple[Port, ...]
    states: tuple[Port, ...]
    output: Port
    num_steps: int


def is_shape(shape):
    return (
        len(shape) in (1, 2, 3)
        and all(type(size) is int and 0 < size <= MAX_SIDE for size in shape)
        and math.prod(shape) <= MAX_VALUES
    )
