"""Schedules: how the learning rate goes, and which epoch's weights are kept."""

from dataclasses import dataclass, replace
from typing import Any

from ..errors import RecipeError
from ..slots import Schedule
from ..spec import knob


@dataclass(frozen=True)
class Constant(Schedule):
    """One rate, until the deciding metric of validation rows gets no better: early stopping,
    Prechelt 1998, https://doi.org/10.1007/3-540-49430-8_3. The weights of the best epoch are kept.

    Attributes:
        patience: How many epochs without a better metric end the training; 0: none do, and the last
            weights are kept.
    """

    patience: int = knob(8, 0, 1_000_000)

    @property
    def keeps_best(self) -> bool:
        """Whether it stops early."""
        return self.patience > 0

    def to_the_end(self) -> "Constant":
        """Returns the same rate without early stopping."""
        return replace(self, patience=0)

    def rate(self, learning_rate: float, *, epochs: int, steps: int) -> Any:
        """Returns the learning rate itself."""
        return learning_rate

    def callbacks(self, monitor: str, mode: str) -> list:
        """Returns keras.callbacks.EarlyStopping, if anything stops early."""
        import keras

        if not self.keeps_best:
            return []
        return [
            keras.callbacks.EarlyStopping(
                monitor=monitor, mode=mode, patience=self.patience, restore_best_weights=True
            )
        ]


@dataclass(frozen=True)
class Cosine(Schedule):
    """From a twentieth of the rate up to it, then down to zero at the end along half a cosine:
    Loshchilov and Hutter 2017, https://arxiv.org/abs/1608.03983. It runs to that end and keeps the
    last weights: they have come to rest, and the best of many epochs on few rows is luck.

    Attributes:
        warmup_epochs: In how many of the first epochs the rate goes up.
    """

    warmup_epochs: int = knob(2, 0, 1000)

    def rate(self, learning_rate: float, *, epochs: int, steps: int) -> Any:
        """Returns keras.optimizers.schedules.CosineDecay."""
        warmup_epochs = min(self.warmup_epochs, epochs - 1)
        return cosine_rate(learning_rate, epochs * steps, warmup=warmup_epochs * steps)


@dataclass(frozen=True)
class CosineRestarts(Schedule):
    """Cosines from the rate down to zero, one after the other, each longer than the last: warm
    restarts, Loshchilov and Hutter 2017, https://arxiv.org/abs/1608.03983. The last one ends with
    the training, and its last weights are kept.

    Attributes:
        cycles: How many cosines there are.
        growth: How many times as long as the one before each is.
        decay: What the highest rate of each cycle is multiplied by to give the next one's.
    """

    cycles: int = knob(3, 1, 100)
    growth: float = knob(2.0, 1, 10)
    decay: float = knob(1.0, 0.01, 1)

    def rate(self, learning_rate: float, *, epochs: int, steps: int) -> Any:
        """Returns keras.optimizers.schedules.CosineDecayRestarts."""
        from keras.optimizers.schedules import CosineDecayRestarts

        lengths = [self.growth**place for place in range(self.cycles)]
        first = epochs * steps / sum(lengths)
        return CosineDecayRestarts(
            learning_rate, max(first, 1.0), t_mul=self.growth, m_mul=self.decay
        )


@dataclass(frozen=True)
class OneCycle(Schedule):
    """One long way up to a high rate and down to a very low one: Smith 2018, section 4.1,
    https://arxiv.org/abs/1803.09820, here up along a line and down along half a cosine; momentum
    stays as it is. It runs to that end and keeps the last weights.

    Attributes:
        start: The first rate, as a share of the highest one.
        peak: At which share of all steps the rate is highest.
        end: The last rate, as a share of the highest one.
    """

    start: float = knob(0.04, 0, 1)
    peak: float = knob(0.3, 0.01, 0.99)
    end: float = knob(1e-4, 0, 1)

    def rate(self, learning_rate: float, *, epochs: int, steps: int) -> Any:
        """Returns keras.optimizers.schedules.CosineDecay with a warm-up."""
        from keras.optimizers.schedules import CosineDecay

        num_steps = epochs * steps
        warmup = min(max(round(self.peak * num_steps), 1), max(num_steps - 1, 1))
        return CosineDecay(
            self.start * learning_rate,
            max(num_steps - warmup, 1),
            alpha=self.end,
            warmup_target=learning_rate,
            warmup_steps=warmup,
        )


@dataclass(frozen=True)
class StepDown(Schedule):
    """One rate that falls to a part of itself at given points of the training: He et al. 2016,
    section 3.4, https://arxiv.org/abs/1512.03385, which divide by ten at a half and at three
    quarters. It runs to the end and keeps the last weights.

    Attributes:
        at: The points, as rising shares of all steps.
        factor: What the rate is multiplied by at each.
    """

    at: tuple[float, ...] = knob((0.5, 0.75), 0, 1)
    factor: float = knob(0.1, 1e-6, 1)

    def check(self) -> None:
        """Raises RecipeError where the points do not rise."""
        if list(self.at) != sorted(set(self.at)):
            raise RecipeError(
                f"training.schedule.at={self.at}",
                expected="shares of the training that rise, each once",
                fix="--set 'training.schedule=StepDown(at=(0.5, 0.75))'",
            )

    def rate(self, learning_rate: float, *, epochs: int, steps: int) -> Any:
        """Returns keras.optimizers.schedules.PiecewiseConstantDecay."""
        from keras.optimizers.schedules import PiecewiseConstantDecay

        places = [round(share * epochs * steps) for share in self.at]
        rates = [learning_rate * self.factor**count for count in range(len(places) + 1)]
        if not places:
            return learning_rate
        return PiecewiseConstantDecay(places, rates)


@dataclass(frozen=True)
class Exponential(Schedule):
    """A rate that falls by the same share in every step, so that its logarithm is a line: one of
    the schedules compared by Li and Arora 2020, https://arxiv.org/abs/1910.07454. It runs to the
    end and keeps the last weights.

    Attributes:
        end: The last rate, as a share of the first one.
    """

    end: float = knob(0.01, 1e-9, 1)

    def rate(self, learning_rate: float, *, epochs: int, steps: int) -> Any:
        """Returns keras.optimizers.schedules.ExponentialDecay."""
        from keras.optimizers.schedules import ExponentialDecay

        return ExponentialDecay(learning_rate, max(epochs * steps, 1), self.end)


@dataclass(frozen=True)
class Plateau(Schedule):
    """One rate that falls to a part of itself whenever the deciding metric of validation rows has
    not got better for some epochs, and early stopping (see `Constant`). The weights of the best
    epoch are kept. The rule is that of Keras' ReduceLROnPlateau,
    https://keras.io/api/callbacks/reduce_lr_on_plateau/.

    Attributes:
        factor: What the rate is multiplied by.
        wait: How many epochs without a better metric make it fall.
        patience: How many end the training; 0: none do, and the last weights are kept.
        watches: "validation", or "training": the loss of training rows, where none are held out.
    """

    factor: float = knob(0.5, 1e-6, 0.99)
    wait: int = knob(4, 1, 1_000_000)
    patience: int = knob(12, 0, 1_000_000)
    watches: str = "validation"

    def check(self) -> None:
        """Raises RecipeError for what cannot be watched, or a rate that would never fall."""
        if self.watches not in ("validation", "training"):
            raise RecipeError(
                f"training.schedule.watches={self.watches!r}",
                expected="validation or training",
                fix="--set training.schedule.watches=validation",
            )
        if 0 < self.patience <= self.wait:
            raise RecipeError(
                f"training.schedule.patience={self.patience} with wait={self.wait}",
                expected="a training that goes on after the rate has fallen",
                fix=f"--set training.schedule.patience={3 * self.wait}",
            )

    @property
    def keeps_best(self) -> bool:
        """Whether it stops early."""
        return self.patience > 0

    def to_the_end(self) -> "Plateau":
        """Returns the same without early stopping, on the loss of training rows."""
        return replace(self, patience=0, watches="training")

    def rate(self, learning_rate: float, *, epochs: int, steps: int) -> Any:
        """Returns the learning rate itself, from which the callback goes down."""
        return learning_rate

    def callbacks(self, monitor: str, mode: str) -> list:
        """Returns keras.callbacks.ReduceLROnPlateau, and EarlyStopping if anything stops early."""
        import keras

        watched = (monitor, mode)
        if self.watches == "training":
            watched = ("loss", "min")
        lower = keras.callbacks.ReduceLROnPlateau(
            monitor=watched[0], mode=watched[1], factor=self.factor, patience=self.wait
        )
        return [lower, *Constant(self.patience).callbacks(monitor, mode)]


def cosine_rate(learning_rate: float, num_steps: int, *, warmup: int) -> Any:
    """Returns a Keras schedule up to the rate in `warmup` steps, then down to zero at `num_steps`.

    Args:
        learning_rate: The highest one; a warm-up starts at a twentieth of it.
        num_steps: Of the whole training.
        warmup: How many of these are the warm-up; 0 is none.
    """
    from keras.optimizers.schedules import CosineDecay

    if not warmup:
        return CosineDecay(learning_rate, max(num_steps, 1))
    return CosineDecay(
        learning_rate / 20,
        max(num_steps - warmup, 1),
        warmup_target=learning_rate,
        warmup_steps=warmup,
    )


def by_update(rate: Any, accumulation: int) -> Any:
    """Returns the rate as an optimizer asks for it that makes one step of several batches.

    Keras counts such steps, not batches: a schedule over all batches would end at a part of its
    way.

    Args:
        rate: A number, or a schedule of Keras from batch to rate.
        accumulation: How many batches make one step.
    """
    from keras.optimizers.schedules import LearningRateSchedule

    if accumulation == 1 or not isinstance(rate, LearningRateSchedule):
        return rate

    class ByUpdate(LearningRateSchedule):
        def __call__(self, step):
            return rate(step * accumulation)

        def get_config(self):
            return {"rate": rate, "accumulation": accumulation}

    return ByUpdate()
