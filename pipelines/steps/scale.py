"""Steps that give numbers one unit, so that one int8 scale suits them all."""

import math
from abc import abstractmethod
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from ..device.cells import NUMERIC
from ..device.primitives import Affine, Clip, Primitive
from ..device.units import STANDARD_DEVIATIONS, UNIT_INTERVAL
from ..rows.parts import TrainSet
from ..rows.sketch import ENCODED
from ..slots import BY_SAMPLE, EXACT
from ..spec import knob
from .statistics import least_and_largest, mean_and_spread
from .step import ColumnStep, FittedStep, as_float32, is_numeric, present

# The median absolute deviation of normal numbers times this is their standard deviation.
MAD_TO_STANDARD = 1.4826
# The interquartile range of normal numbers is so many standard deviations.
IQR_TO_STANDARD = 1.349
# Fewer int8 steps than these for the middle nine tenths of so many different values: they look
# alike.
MIN_STEPS = 8
MIN_VALUES = 20


def few_steps(x: np.ndarray, spread: float, width: float) -> str:
    """Returns in words how few int8 steps the middle nine tenths of the different values get.

    Args:
        x: Numbers [rows], NaN where missing.
        spread: What becomes one unit.
        width: The units that the 255 steps of int8 hold.

    Returns:
        "" where they get enough, or are few.
    """
    known = x[~np.isnan(x)].astype(np.float64)
    values = np.unique(known)
    if len(values) < MIN_VALUES or not spread > 0:
        return ""
    low, high = np.percentile(values, [5, 95])
    num_steps = (high - low) / spread / width * 255
    if num_steps >= MIN_STEPS:
        return ""
    middle = np.median(values)
    least = values[0]
    largest = values[-1]
    far = least
    if largest - middle > middle - least:
        far = largest
    return (
        f"values such as {far:g} stretch its scale: nine tenths of the different values share "
        f"{math.ceil(num_steps)} of 255 int8 steps"
    )


class _Scale(ColumnStep):
    reads: ClassVar[tuple[str, ...]] = (NUMERIC,)
    makes: ClassVar[tuple[str, ...]] = (ENCODED,)

    @abstractmethod
    def _offset_and_spread(self, x: np.ndarray) -> tuple[float, float]:
        """Returns what becomes 0 and what becomes one unit, of the values x float64 [n]."""

    def _learned(self, train: TrainSet, name: str, x: np.ndarray) -> tuple[float, float]:
        """Returns the same of a column, of whose values x stand in memory."""
        return self._offset_and_spread(x)

    @abstractmethod
    def _limits(self) -> tuple[float, float]:
        """Returns the lowest and the highest value after the step."""

    @abstractmethod
    def _unit(self) -> str:
        """Returns the unit of the values after the step."""

    def _suits(self, x):
        return is_numeric(x)

    def flattens(self, x):
        known = x[~np.isnan(x)].astype(np.float64)
        if not len(known):
            return ""
        _, spread = self._offset_and_spread(known)
        low, high = self._limits()
        return few_steps(x, spread, high - low)

    def _fit(self, train):
        primitives: list[Primitive] = []
        low, high = self._limits()
        for name in self.chosen(train):
            x = present(train, name, self)
            offset, spread = self._learned(train, name, x)
            # A column without spread becomes 0 everywhere instead of a division by nothing.
            factor = 0.0
            if spread > 0 and np.isfinite(np.float32(1 / spread)):
                factor = 1 / spread
            affine = Affine(name, as_float32(offset), as_float32(factor))
            primitives += [affine, Clip(name, low, high)]
        return FittedStep(type(self).__name__, tuple(primitives), unit=self._unit())


@dataclass(frozen=True)
class ScaleStandard(_Scale):
    """Scales numbers by (x - mean) / standard deviation, cut to ±`clip`.

    Attributes:
        clip: How far from the mean a value is cut.
    """

    streamed: ClassVar[str] = EXACT

    clip: float = knob(5.0, 0.1, 1000, unit="standard deviations")

    def _learned(self, train, name, x):
        return mean_and_spread(train, name, x)

    def _offset_and_spread(self, x):
        return np.mean(x), np.std(x)

    def _limits(self):
        return -self.clip, self.clip

    def _unit(self):
        return STANDARD_DEVIATIONS


@dataclass(frozen=True)
class ScaleRobust(_Scale):
    """Scales numbers by (x - median) / (interquartile range / 1.349), cut to ±`clip`. For normal
    numbers the same as ScaleStandard; outliers do not move it. Where one value holds so many rows
    that both quartiles are that value, the spread is 1.4826 times the median distance from it of
    the rows that differ, so that these stay apart.

    Attributes:
        clip: How far from the median a value is cut.
    """

    streamed: ClassVar[str] = BY_SAMPLE

    clip: float = knob(5.0, 0.1, 1000, unit="standard deviations")

    def _offset_and_spread(self, x):
        low, middle, high = np.percentile(x, [25, 50, 75])
        if high > low:
            return middle, (high - low) / IQR_TO_STANDARD
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
    """Scales numbers by (x - smallest) / (largest - smallest), cut to [0, 1]."""

    streamed: ClassVar[str] = EXACT

    def _learned(self, train, name, x):
        least, largest = least_and_largest(train, name, x)
        return least, largest - least

    def _offset_and_spread(self, x):
        least = np.min(x)
        return least, np.max(x) - least

    def _limits(self):
        return 0.0, 1.0

    def _unit(self):
        return UNIT_INTERVAL
