"""TFLM's fixed-point arithmetic, in numpy: what generated C computes, to the bit.

Sources: gemmlowp's `fixedpoint.h` (https://github.com/google/gemmlowp) describes the numbers;
Jacob et al. 2018, "Quantization and training of neural networks for efficient
integer-arithmetic-only inference" (https://arxiv.org/abs/1712.05877), the method.
"""

import math
from dataclasses import dataclass

import numpy as np

_ONE = 2**31
INT32 = np.iinfo(np.int32)
RELU_BOUNDS = {
    0: (None, None),
    1: (0.0, None),
    2: (-1.0, 1.0),
    3: (0.0, 6.0),
}


@dataclass(frozen=True)
class Multiplier:
    """A real factor as a whole number of 2^-31 and a power of two.

    Attributes:
        value: int32, at least 2^30 unless it is 0.
        exponent: The power of two.
    """

    value: int
    exponent: int


def multiplier(factor: float) -> Multiplier:
    """Returns a factor, at least 0, as fixed point."""
    mantissa, exponent = math.frexp(float(factor))
    value = int(half_away(mantissa * _ONE))
    if value == _ONE:
        value //= 2
        exponent += 1
    if exponent < -31:
        return Multiplier(0, 0)
    return Multiplier(value, exponent)


def half_away(value: float) -> float:
    """Rounds to the nearest whole number, halves away from zero."""
    return math.copysign(math.floor(abs(value) + 0.5), value)


def high(one: np.ndarray, other: np.ndarray | int) -> np.ndarray:
    """Returns the product of two int32 as int64, divided by 2^31 and rounded half up."""
    product = np.asarray(one, np.int64) * other
    return np.minimum((product + 2**30) >> 31, INT32.max)


def shifted_down(value: np.ndarray, shift: np.ndarray | int) -> np.ndarray:
    """Returns int64 divided by 2^shift, halves rounded away from zero."""
    value = np.asarray(value, np.int64)
    mask = (np.int64(1) << shift) - 1
    threshold = (mask >> 1) + (value < 0)
    return (value >> shift) + ((value & mask) > threshold)


def as_int32(value: np.ndarray) -> np.ndarray:
    """Returns int64 as what int32 holds of it, as int64."""
    return (np.asarray(value, np.int64) + 2**31) % 2**32 - 2**31


def rescale(value: np.ndarray, factor: Multiplier) -> np.ndarray:
    """Multiplies int32 values by a factor and rounds them twice, as TFLM does."""
    left = max(factor.exponent, 0)
    right = max(-factor.exponent, 0)
    moved = as_int32(np.asarray(value, np.int64) << left)
    return shifted_down(high(moved, factor.value), right)


def rescale_channels(value: np.ndarray, factors: list[Multiplier]) -> np.ndarray:
    """Multiplies int32 values [..., channels] by a factor a channel, as `rescale`."""
    values = np.array([factor.value for factor in factors], np.int64)
    exponents = np.array([factor.exponent for factor in factors], np.int64)
    moved = as_int32(np.asarray(value, np.int64) << np.maximum(exponents, 0))
    return shifted_down(high(moved, values), np.maximum(-exponents, 0))


def activation_bounds(activation: int, scale: np.float32, zero_point: int) -> tuple[int, int]:
    """Returns the least and the greatest int8 that a fused activation lets through.

    Args:
        activation: ActivationFunctionType of the schema; see `RELU_BOUNDS`.
        scale: Of the output.
        zero_point: Of the output.
    """
    least, most = RELU_BOUNDS[activation]
    low = -128
    top = 127
    if least is not None:
        low = max(low, zero_point + _steps(least, scale))
    if most is not None:
        top = min(top, zero_point + _steps(most, scale))
    return low, top


def _steps(value, scale):
    return int(half_away(float(np.float32(value) / np.float32(scale))))


def clamped(value: np.ndarray, bounds: tuple[int, int]) -> np.ndarray:
    """Returns values within bounds as int8."""
    return np.clip(value, *bounds).astype(np.int8)
