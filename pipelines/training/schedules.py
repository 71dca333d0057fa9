"""Schedules: how the learning rate goes, and which epoch's weights are kept."""

from dataclasses import dataclass, replace
from typing import Any

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
