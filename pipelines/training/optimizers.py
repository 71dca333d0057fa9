"""Optimizers: each spec holds the knobs of one optimizer of Keras."""

from dataclasses import dataclass
from typing import Any

from ..slots import Optimizer
from ..spec import knob


@dataclass(frozen=True)
class AdamW(Optimizer):
    """Adam with decoupled weight decay: Loshchilov and Hutter 2019, https://arxiv.org/abs/1711.05101.

    Attributes:
        learning_rate: Of a step; the highest one where a schedule changes it.
        weight_decay: The share of each weight that a step takes away, times the rate.
    """

    weight_decay: float = knob(1e-2, 0, 10)

    def build(self, rate: Any) -> Any:
        """Returns a new keras.optimizers.AdamW."""
        import keras

        return keras.optimizers.AdamW(rate, weight_decay=self.weight_decay)


@dataclass(frozen=True)
class Adam(Optimizer):
    """Adaptive moment estimation: Kingma and Ba 2015, https://arxiv.org/abs/1412.6980.

    Attributes:
        learning_rate: Of a step; the highest one where a schedule changes it.
    """

    def build(self, rate: Any) -> Any:
        """Returns a new keras.optimizers.Adam."""
        import keras

        return keras.optimizers.Adam(rate)


@dataclass(frozen=True)
class Sgd(Optimizer):
    """Stochastic gradient descent with momentum: Sutskever et al. 2013,
    https://proceedings.mlr.press/v28/sutskever13.html.

    Attributes:
        learning_rate: Of a step; the highest one where a schedule changes it.
        momentum: The share of the last step that the next one repeats.
        nesterov: Whether the gradient is taken ahead of the momentum.
    """

    learning_rate: float = knob(1e-2, 1e-9, 10)
    momentum: float = knob(0.9, 0, 0.9999)
    nesterov: bool = False

    def build(self, rate: Any) -> Any:
        """Returns a new keras.optimizers.SGD."""
        import keras

        return keras.optimizers.SGD(rate, momentum=self.momentum, nesterov=self.nesterov)
