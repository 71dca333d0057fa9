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

    def build(self, rate: Any, **common: Any) -> Any:
        """Returns a new keras.optimizers.AdamW."""
        import keras

        return keras.optimizers.AdamW(rate, weight_decay=self.weight_decay, **common)


@dataclass(frozen=True)
class Adam(Optimizer):
    """Adaptive moment estimation: Kingma and Ba 2015, https://arxiv.org/abs/1412.6980.

    Attributes:
        learning_rate: Of a step; the highest one where a schedule changes it.
    """

    def build(self, rate: Any, **common: Any) -> Any:
        """Returns a new keras.optimizers.Adam."""
        import keras

        return keras.optimizers.Adam(rate, **common)


@dataclass(frozen=True)
class Sgd(Optimizer):
    """Stochastic gradient descent with momentum: Sutskever et al. 2013,
    https://proceedings.mlr.press/v28/sutskever13.html.

    `training.batch_size` makes it full-batch descent (as many as there are rows), mini-batch or
    one-row descent (1); `momentum=0` is the plain step.

    Attributes:
        learning_rate: Of a step; the highest one where a schedule changes it.
        momentum: The share of the last step that the next one repeats.
        nesterov: Whether the gradient is taken ahead of the momentum.
    """

    learning_rate: float = knob(1e-2, 1e-9, 10)
    momentum: float = knob(0.9, 0, 0.9999)
    nesterov: bool = False

    def build(self, rate: Any, **common: Any) -> Any:
        """Returns a new keras.optimizers.SGD."""
        import keras

        return keras.optimizers.SGD(rate, momentum=self.momentum, nesterov=self.nesterov, **common)


@dataclass(frozen=True)
class RmsProp(Optimizer):
    """Steps divided by a running root mean square of the gradient: Tieleman and Hinton 2012,
    https://www.cs.toronto.edu/~tijmen/csc321/slides/lecture_slides_lec6.pdf, slide 29.

    Attributes:
        learning_rate: Of a step; the highest one where a schedule changes it.
        rho: The share of the running mean square that each step keeps.
        momentum: The share of the last step that the next one repeats.
        centered: Whether the running variance is divided by, not the mean square.
    """

    rho: float = knob(0.9, 0, 0.99999)
    momentum: float = knob(0.0, 0, 0.9999)
    centered: bool = False

    def build(self, rate: Any, **common: Any) -> Any:
        """Returns a new keras.optimizers.RMSprop."""
        import keras

        return keras.optimizers.RMSprop(
            rate, rho=self.rho, momentum=self.momentum, centered=self.centered, **common
        )


@dataclass(frozen=True)
class Adagrad(Optimizer):
    """Steps divided by the root of the sum of all squared gradients so far, so that the rate of
    each weight only falls: Duchi et al. 2011, https://jmlr.org/papers/v12/duchi11a.html.

    Attributes:
        learning_rate: Of a step; the highest one where a schedule changes it.
        start: Of the sum of squares.
    """

    learning_rate: float = knob(1e-2, 1e-9, 10)
    start: float = knob(0.1, 0, 1000)

    def build(self, rate: Any, **common: Any) -> Any:
        """Returns a new keras.optimizers.Adagrad."""
        import keras

        return keras.optimizers.Adagrad(rate, initial_accumulator_value=self.start, **common)


@dataclass(frozen=True)
class Adadelta(Optimizer):
    """Steps by the ratio of the running sizes of earlier steps and gradients, which have the unit
    of the weights: Zeiler 2012, https://arxiv.org/abs/1212.5701.

    Attributes:
        learning_rate: Times each step; the paper's is 1.
        rho: The share of the running mean squares that each step keeps.
    """

    learning_rate: float = knob(1.0, 1e-9, 10)
    rho: float = knob(0.95, 0, 0.99999)

    def build(self, rate: Any, **common: Any) -> Any:
        """Returns a new keras.optimizers.Adadelta."""
        import keras

        return keras.optimizers.Adadelta(rate, rho=self.rho, **common)


@dataclass(frozen=True)
class Adamax(Optimizer):
    """Adam with the running maximum in place of the root mean square: Kingma and Ba 2015, section
    7.1, https://arxiv.org/abs/1412.6980.

    Attributes:
        learning_rate: Of a step; the highest one where a schedule changes it.
    """

    learning_rate: float = knob(2e-3, 1e-9, 10)

    def build(self, rate: Any, **common: Any) -> Any:
        """Returns a new keras.optimizers.Adamax."""
        import keras

        return keras.optimizers.Adamax(rate, **common)


@dataclass(frozen=True)
class Nadam(Optimizer):
    """Adam whose momentum looks one step ahead, as Nesterov's does: Dozat 2016,
    https://openreview.net/forum?id=OM0jvwB8jIp57ZJjtNEZ.

    Attributes:
        learning_rate: Of a step; the highest one where a schedule changes it.
    """

    def build(self, rate: Any, **common: Any) -> Any:
        """Returns a new keras.optimizers.Nadam."""
        import keras

        return keras.optimizers.Nadam(rate, **common)


@dataclass(frozen=True)
class Lion(Optimizer):
    """Steps of one size, the sign of the momentum: Chen et al. 2023,
    https://arxiv.org/abs/2302.06675. Its rate is a third to a tenth of Adam's, its decay as many
    times larger (section 5 there).

    Attributes:
        learning_rate: Of a step; the highest one where a schedule changes it.
        weight_decay: The share of each weight that a step takes away, times the rate.
    """

    learning_rate: float = knob(2e-4, 1e-9, 10)
    weight_decay: float = knob(5e-2, 0, 10)

    def build(self, rate: Any, **common: Any) -> Any:
        """Returns a new keras.optimizers.Lion."""
        import keras

        return keras.optimizers.Lion(rate, weight_decay=self.weight_decay, **common)


@dataclass(frozen=True)
class Muon(Optimizer):
    """Momentum made orthogonal by five steps of Newton and Schulz, for the matrices of hidden dense
    layers; all other weights, the last layer's among them, step by AdamW: Jordan et al. 2024,
    https://kellerjordan.github.io/posts/muon/, at the sizes of Liu et al. 2025,
    https://arxiv.org/abs/2502.16982, which make one rate and one decay serve both.

    Attributes:
        learning_rate: Of a step; the highest one where a schedule changes it.
        weight_decay: The share of each weight that a step takes away, times the rate.
        momentum: The share of the running gradient that each step keeps.
    """

    weight_decay: float = knob(1e-2, 0, 10)
    momentum: float = knob(0.95, 0, 0.9999)

    def build(self, rate: Any, **common: Any) -> Any:
        """Returns a new keras.optimizers.Muon."""
        import keras

        return keras.optimizers.Muon(
            rate,
            weight_decay=self.weight_decay,
            adam_weight_decay=self.weight_decay,
            momentum=self.momentum,
            exclude_layers=["logits", "window"],
            **common,
        )
