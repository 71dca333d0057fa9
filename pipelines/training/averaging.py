"""Averaging: which mean of the weights that training went through is kept."""

from dataclasses import dataclass
from typing import Any

from ..slots import Averaging
from ..spec import knob


@dataclass(frozen=True)
class ExponentialAverage(Averaging):
    """An average of the weights after every step, in which older ones fade: Polyak and Juditsky
    1992, https://doi.org/10.1137/0330046, with the fading of Tarvainen and Valpola 2017,
    https://arxiv.org/abs/1703.01780. Statistics of batch normalization fade by themselves.

    Attributes:
        momentum: The share of the average that each step keeps: .99 looks back on about 100 steps.
    """

    momentum: float = knob(0.99, 0, 0.999999)

    def arguments(self) -> dict[str, Any]:
        """Returns use_ema and its momentum."""
        return {"use_ema": True, "ema_momentum": self.momentum}


@dataclass(frozen=True)
class EpochAverage(Averaging):
    """The plain mean of the weights at the end of each of the last epochs: stochastic weight
    averaging, Izmailov et al. 2018, https://arxiv.org/abs/1803.05407. Statistics of batch
    normalization are averaged along with them.

    Attributes:
        start: After which share of the epochs the mean begins; the last epoch is always in it.
    """

    start: float = knob(0.75, 0, 1)

    def arguments(self) -> dict[str, Any]:
        """Returns none: the end of an epoch is seen by a callback."""
        return {}

    def callbacks(self, epochs: int) -> list:
        """Returns the callback that sums weights and puts their mean into the model in the end."""
        first = min(int(self.start * epochs), epochs - 1)
        return [_mean_of_epochs(first)]


def _mean_of_epochs(first):
    """A Keras callback; its fields are numbers and arrays, so that a killed training goes on."""
    import keras

    class MeanOfEpochs(keras.callbacks.Callback):
        def on_train_begin(self, logs=None):
            self.sums = []
            self.count = 0

        def on_epoch_end(self, epoch, logs=None):
            if epoch < first:
                return
            weights = [weight.astype("float64") for weight in self.model.get_weights()]
            if self.count:
                pairs = zip(self.sums, weights, strict=True)
                weights = [total + weight for total, weight in pairs]
            self.sums = weights
            self.count += 1

        def on_train_end(self, logs=None):
            if self.count:
                self.model.set_weights([total / self.count for total in self.sums])

    return MeanOfEpochs()
