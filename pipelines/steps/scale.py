"""Steps that give numbers one unit, so that one int8 scale suits them all."""

import math
from abc import abstractmethod
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from ..device.cells import NUMERIC
from ..device.primitives import Affine, Clip, Primitive
from ..device.units import STANDARD_DEVIATIONS, UNIT_INTERVAL
from ..rows.sketch import ENCODED
from ..spec import knob
from .step import ColumnStep, FittedStep, as_float32, is_numeric, present

# The median absolute deviation of normal numbers times this is their standard deviation.
MAD_TO_STANDARD = 1.4826


# Fewer int8 steps than these for the middle nine tenths of so many different values: they look
# alike.
MIN_STEPS = 8
MIN_VALUES = 20


def few_steps(x: np.ndarray, spread: float, width: float) -> str:
    """Returns how few int8 steps the middle nine tenths of the different values of `x` [rows] get,
    in words.

    Args:
        x: numbers, NaN where missing.
        spread: what becomes one unit.
        width: the units that the 255 steps of int8 hold.

    Returns:
        "" where they get enough, or are few.
    """
    values = np.unique(x[~np.isnan(x)].astype(np.float64))
    if len(values) < MIN_VALUES or not spread > 0:
        return ""
    low, high = np.percentile(values, [5, 95])
    steps = (high - low) / spread / width * 255
    if steps >= MIN_STEPS:
        return ""
    far = max(values[0], values[-1], key=lambda value: abs(value - np.median(values)))
    return (
        f"values such as {far:g} stretch its scale: nine tenths of the different values share "
        f"{math.ceil(steps)} of 255 int8 steps"
    )


class _Scale(ColumnStep):
    reads: ClassVar[tuple[str, ...]] = (NUMERIC,)
    makes: ClassVar[tuple[str, ...]] = (ENCODED,)

    @abstractmethod
    def _offset_and_spread(self, x: np.ndarray) -> tuple[float, float]:
        """Returns what becomes 0 and what becomes one unit, of the values x float64 [n]."""

    @abstractmethod
    def _limits(self) -> tuple[float, float]:
        """Returns the lowest and the highest value after the step."""

    @abstractmethod
    def _unit(self) -> str:
        """Returns the unit of the values after the step."""

    def _suits(self, x):
        return is_numeric(x)

    def flattens(self, x):
        seen = x[~np.isnan(x)].astype(np.float64)
        if not len(seen):
            return ""
        low, high = self._limits()
        return few_steps(x, self._offset_and_spread(seen)[1], high - low)

    def _fit(self, train):
        primitives: list[Primitive] = []
        for name in self.chosen(train):
            offset, spread = self._offset_and_spread(present(train, name, self))
            # A column without spread becomes 0 everywhere instead of a division by nothing.
            if spread > 0 and np.isfinite(np.float32(1 / spread)):
                factor = 1 / spread
            else:
                factor = 0.0
            low, high = self._limits()
            primitives += [
                Affine(name, as_float32(offset), as_float32(factor)),
                Clip(name, low, high),
            ]
        return FittedStep(type(self).__name__, tuple(primitives), unit=self._unit())


@dataclass(frozen=True)
class ScaleStandard(_Scale):
    """(x - mean) / standard deviation, cut to ±`clip`.

    Attributes:
        clip: How far from the mean a value is cut.
    """

    clip: float = knob(5.0, 0.1, 1000, unit="standard deviations")

    def _offset_and_spread(self, x):
        return np.mean(x), np.std(x)

    def _limits(self):
        return -self.clip, self.clip

    def _unit(self):
        return STANDARD_DEVIATIONS


@dataclass(frozen=True)
class ScaleRobust(_Scale):
    """(x - median) / (interquartile range / 1.349), cut to ±`clip`. For normal numbers the same as
    ScaleStandard; outliers do not move it. Where one value holds so many rows that both quartiles
    are that value, the spread is 1.4826 times the median distance from it of the rows that differ,
    so that these stay apart.

    Attributes:
        clip: How far from the median a value is cut.
    """

    clip: float = knob(5.0, 0.1, 1000, unit="standard deviations")

    def _offset_and_spread(self, x):
        low, middle, high = np.percentile(x, [25, 50, 75])
        if high > low:
            return middle, (high - low) / 1.349
        distances = np.abs(x - middle)
        distances = distances[distances > 0]
        if not len(distances):
            return middle, 0.0
        return middle, MAD_TO_STANDARD * np.median(distances)

    def _limits(self):
        return -self.clip, self.clip

    def _unit(self):
        return STANDARD_DEVIATIONS


@dataclass(frozen=True)
class ScaleMinMax(_Scale):
    """(x - smallest) / (largest - smallest), cut to [0, 1]."""

    def _offset_and_spread(self, x):
        return np.min(x), np.max(x) - np.min(x)

    def _limits(self):
        return 0.0, 1.0

    def _unit(self):
        return UNIT_INTERVAL
