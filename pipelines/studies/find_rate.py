"""A learning rate to start from: the loss while the rate rises from step to step.

The range test of Smith 2017, https://arxiv.org/abs/1506.01186, section 3.3: one short training
whose rate rises exponentially. Where the loss falls the rate is large enough, where it rises again
it is too large. Training rows only are looked at; no score is.
"""

import base64
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from ..engine.workspace import write_whole
from ..errors import RecipeError, TrainError
from ..recipe import Recipe
from ..report.figures import BLUE, GREY, ORANGE, picture
from ..report.stages import stage
from ..rows.parts import SourceData
from ..run import frame, prepare, read, settle, split
from ..settings import written
from ..slots import Schedule
from ..sources.tensorflow import load_tensorflow
from ..spec import knob
from ..training.fit import train

# The loss is taken to have left for good from this many times its lowest value on.
_MOST_TIMES = 4.0
_LEAST_STEPS = 20
# Of the means that are compared, on each side.
_SMOOTHED_SHARE = 0.04
# The rate is taken that much below the one with the lowest loss.
_BELOW_LOWEST = 10.0


@dataclass(frozen=True)
class _RisingRate(Schedule):
    """A rate that rises by the same factor in each step: Smith 2017,
    https://arxiv.org/abs/1506.01186. For `find_rate` alone.

    Attributes:
        low: The first rate.
        high: The last one.
        num_steps: From one to the other.
    """

    low: float = knob(1e-6, 1e-12, 10)
    high: float = knob(1.0, 1e-9, 100)
    num_steps: int = knob(300, _LEAST_STEPS, 1_000_000)

    def rate(self, learning_rate: float, *, epochs: int, steps: int) -> Any:
        """Returns keras.optimizers.schedules.ExponentialDecay with a factor above one."""
        from keras.optimizers.schedules import ExponentialDecay

        return ExponentialDecay(self.low, self.num_steps, self.high / self.low)


@dataclass(frozen=True, eq=False)
class RateCurve:
    """What a rising rate did to the loss.

    Attributes:
        name: Of the recipe.
        rates: float64 [steps], of each step.
        losses: float64 [steps], of each batch before its step.
        seed: Of the training.
        num_rows: Of training rows.
    """

    name: str
    rates: np.ndarray
    losses: np.ndarray
    seed: int
    num_rows: int

    def smoothed(self) -> np.ndarray:
        """Returns the mean loss around each step, float64 [steps]."""
        half = max(int(_SMOOTHED_SHARE * len(self.losses)), 1)
        ones = np.ones(2 * half + 1)
        sums = np.convolve(self.losses, ones, mode="same")
        counts = np.convolve(np.ones(len(self.losses)), ones, mode="same")
        return sums / counts

    def lowest(self) -> float:
        """Returns the rate at which the loss is lowest."""
        return float(self.rates[self.smoothed().argmin()])

    def suggested(self) -> float:
        """Returns a tenth of the rate with the lowest loss, with two digits."""
        return float(f"{self.lowest() / _BELOW_LOWEST:.1e}")

    def caution(self) -> str:
        """Returns why the curve shows little, or ""."""
        place = int(self.smoothed().argmin())
        last = len(self.rates) - 1
        if place <= last * _SMOOTHED_SHARE:
            return "no rate lowered the loss: the lowest one may be too high, give a lower --low"
        if place >= last * (1 - _SMOOTHED_SHARE):
            return "the loss was still falling at the highest rate: give a higher --high"
        return ""

    def draw(self, axes: Any) -> None:
        """Draws losses over rates, with the lowest one and the one suggested."""
        axes.plot(self.rates, self.losses, color=GREY, linewidth=0.5, label="each batch")
        axes.plot(self.rates, self.smoothed(), color=BLUE, label="mean around it")
        axes.axvline(self.lowest(), color=GREY, linestyle=":", label="lowest")
        suggested = self.suggested()
        axes.axvline(suggested, color=ORANGE, label=f"a tenth of it, {suggested:g}")
        axes.set_xscale("log")
        axes.set_xlabel("learning rate")
        axes.set_ylabel("training loss")
        axes.set_ylim(0, 1.2 * float(self.smoothed()[: _LEAST_STEPS // 2].max()))
        axes.legend(fontsize=8)


def find_rate(
    recipe: Recipe,
    source: object = None,
    *,
    low: float = 1e-6,
    high: float = 1.0,
    num_steps: int = 300,
    data: SourceData | None = None,
) -> RateCurve:
    """Trains the network of a recipe for a few steps at a rate that rises.

    Args:
        recipe: The slots in order.
        source: A DataFrame or dict of arrays that stands in for the recipe's file.
        low: The first rate.
        high: The last rate; the training ends before it where the loss has left for good.
        num_steps: From one to the other.
        data: What `read` returned for recipe and source, if it was called before.

    Raises:
        RecipeError: The network has no epochs, or the rates do not rise.
        TrainError: The loss is no number from the first steps on.
    """
    recipe.check()
    _refuse_no_epochs(recipe.build)
    if not 0 < low < high:
        raise RecipeError(
            f"rates from {low:g} to {high:g}",
            expected="a low rate above 0 and a higher one",
            fix="--low 1e-6 --high 1",
        )
    data = data or read(recipe, source)
    splits = frame(recipe, split(recipe, data.dataset))
    recipe = settle(recipe, splits.train.schema)
    inputs = prepare(recipe, splits.train, splits.valid)
    schedule = _RisingRate(low, high, num_steps)
    with stage("rates"):
        losses = _losses_of(recipe, inputs, schedule)
    places = np.arange(len(losses))
    rates = low * (high / low) ** (places / num_steps)
    seed = recipe.training.seed
    return RateCurve(recipe.name, rates, np.array(losses), seed, len(splits.train))


def _refuse_no_epochs(network):
    """Raises RecipeError for a network that is not one training."""
    if network.solves:
        raise RecipeError(
            f"a learning rate for {type(network).__name__}, whose weights are solved for",
            expected="a network that is trained",
            fix="run the recipe as it is",
        )
    if network.fits_members:
        raise RecipeError(
            f"a learning rate for {type(network).__name__}, whose nets are trained one by one",
            expected="the net of a member",
            fix=f"--set 'build={written(network.single())}'",
        )


def write_picture(curve: RateCurve, folder: Path) -> Path:
    """Writes `folder`/NAME.rates.png and returns its path."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{curve.name}.rates.png"
    write_whole(path, base64.b64decode(picture(curve.draw)))
    return path


def _losses_of(recipe, inputs, schedule) -> Sequence[float]:
    """The loss of each batch, until it has left for good."""
    load_tensorflow()
    num_batches = max(len(inputs.feed.rows) // recipe.training.batch_size, 1)
    epochs = math.ceil(schedule.num_steps / num_batches)
    training = replace(recipe.training, schedule=schedule, epochs=epochs, average=None)
    recorder = _record_losses(schedule.num_steps)
    try:
        train(
            recipe.build,
            inputs.feed,
            inputs.valid,
            signature=inputs.signature,
            training=training,
            deciding=recipe.judge.deciding,
            callbacks=(recorder,),
        )
    except TrainError:
        if len(recorder.losses) < _LEAST_STEPS:
            raise
    return recorder.losses


def _record_losses(num_steps):
    """A Keras callback with the loss of each batch in `losses`; it ends the training."""
    import keras

    class RecordLosses(keras.callbacks.Callback):
        def on_train_begin(self, logs=None):
            self.losses = []
            self.recent = 0.0
            self.lowest = math.inf

        def on_epoch_begin(self, epoch, logs=None):
            self.total = 0.0

        def on_train_batch_end(self, batch, logs=None):
            # Keras gives the mean of the epoch so far.
            total = logs["loss"] * (batch + 1)
            loss = total - self.total
            self.total = total
            if not math.isfinite(loss):
                self.model.stop_training = True
                return
            self.losses.append(float(loss))
            self.follow(loss)

        def follow(self, loss):
            count = len(self.losses)
            self.recent = 0.9 * self.recent + 0.1 * loss
            mean = self.recent / (1 - 0.9**count)
            if count >= _LEAST_STEPS:
                self.lowest = min(self.lowest, mean)
            has_left = mean > _MOST_TIMES * self.lowest
            if has_left or count >= num_steps:
                self.model.stop_training = True

    return RecordLosses()
