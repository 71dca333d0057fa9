"""More losses of numbers: for outliers, for counts and for amounts that are often zero."""

from abc import abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..device.target import Target
from ..errors import RecipeError
from ..rows.parts import TrainSet
from ..rows.sketch import DataSketch
from ..spec import knob
from ..tasks.masked import masked_mean
from .losses import NumberLoss

# Below this share of the target's mean a deviance goes on as a parabola.
_FLOOR = 0.1


@dataclass(frozen=True)
class AbsoluteError(NumberLoss):
    """The mean absolute error, whose best constant is the median: of outliers only the side counts
    (Bloomfield and Steiger 1983, https://doi.org/10.1007/978-1-4684-8574-5).
    """

    def build(self, target: Target) -> Callable[[Any, Any], Any]:
        """Returns keras.losses.MeanAbsoluteError over known values."""
        import keras

        return masked_mean(keras.losses.MeanAbsoluteError(reduction=None), target, power=1)


@dataclass(frozen=True)
class LogCosh(NumberLoss):
    """The logarithm of the hyperbolic cosine of the error: half its square where it is small, its
    size less log 2 where it is large, and smooth between them (Saleh and Saleh 2022,
    https://arxiv.org/abs/2208.04564).
    """

    def build(self, target: Target) -> Callable[[Any, Any], Any]:
        """Returns keras.losses.LogCosh over known values."""
        import keras

        return masked_mean(keras.losses.LogCosh(reduction=None), target, power=1)


class Deviance(NumberLoss):
    """A loss of amounts of zero and more, whose best constant is their mean.

    The variance is that of the mean to some power (Jørgensen 1987,
    https://doi.org/10.1111/j.2517-6161.1987.tb01685.x). The output is the mean itself, not its
    logarithm, so that a device needs no exponential. Its slope is (mean - y) / max(mean, a tenth of
    the average y) ** power: below that tenth it is a parabola, and an output at zero or under it
    still has the slope back to its mean. The logarithm would have none there.
    """

    @property
    @abstractmethod
    def variance_power(self) -> float:
        """Which power of the mean the variance is."""

    def suits(self, sketch: DataSketch) -> str:
        """Returns why not, if no target of one number a row is possible."""
        if sketch.may_be(_has_one_number):
            return ""
        name = type(self).__name__
        return f"{name} is a loss of one amount a row: the task is {sketch.task_names()}"

    def suits_target(self, target: Target) -> str:
        """Returns why not, for a target of classes or of steps."""
        if target.step_factors:
            name = type(self).__name__
            return f"{name} is a loss of one amount a row, and {target.name!r} is steps ahead"
        return super().suits_target(target)

    def learned(self, rows: TrainSet) -> "Deviance":
        """Returns the same. Raises RecipeError for amounts below zero, or all zero."""
        least = float(np.min(rows.y))
        if least >= 0 and float(np.max(rows.y)) > 0:
            return self
        raise RecipeError(
            f"training.loss={self!r} for a target of {least:g} to {np.max(rows.y):g}",
            expected="amounts of zero and more, and some above it",
            fix="--set 'training.loss=SquaredError()' or 'training.loss=Huber()'",
        )

    def build(self, target: Target) -> Callable[[Any, Any], Any]:
        """Returns half the deviance, of amounts as shares of their average."""
        from keras import ops

        power = self.variance_power
        average = target.offset
        if average <= 0:
            average = 1.0

        def as_share(standardized):
            amount = standardized * target.factor + target.offset
            return amount / average

        def deviance(y_true, y_pred):
            y = ops.maximum(as_share(y_true), 0.0)
            mean = as_share(y_pred)
            raised = ops.maximum(mean, _FLOOR)
            below = mean - raised
            bend = below * below / 2
            slope = _FLOOR - y
            parabola = (bend + slope * below) / _FLOOR**power
            each = _half_deviance(y, raised, power)
            return ops.mean(each + parabola, axis=-1)

        return masked_mean(deviance, target, power=1)


def _half_deviance(y, mean, power):
    """Of y >= 0 and a mean above 0; 0 where they are equal."""
    from keras import ops

    if power == 1:
        ratio = ops.maximum(y, 1e-6) / mean
        return y * ops.log(ratio) - (y - mean)
    above = 2 - power
    below = 1 - power
    of_mean = mean**above / above
    of_both = y * mean**below / below
    of_y = y**above / (below * above)
    return of_mean - of_both + of_y


@dataclass(frozen=True)
class Poisson(Deviance):
    """Of counts: their variance is their mean. Nelder and Wedderburn 1972,
    https://doi.org/10.2307/2344614.
    """

    @property
    def variance_power(self) -> float:
        """Returns 1."""
        return 1.0


@dataclass(frozen=True)
class Tweedie(Deviance):
    """Of amounts of which many are exactly zero, such as claims or rain: Jørgensen 1987,
    https://doi.org/10.1111/j.2517-6161.1987.tb01685.x.

    Attributes:
        power: Which power of the mean the variance is: near 1 as counts, near 2 as amounts alone.
    """

    power: float = knob(1.5, 1.01, 1.99)

    @property
    def variance_power(self) -> float:
        """Returns the knob."""
        return self.power


def _has_one_number(task):
    """Returns whether a row of a task has one number to learn."""
    is_number = task.output_kind == "values" and not task.has_classes
    return is_number and task.has_one_truth
