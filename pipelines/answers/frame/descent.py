"""Gradient descent in numpy, where each step is counted and nothing else is at work."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

import numpy as np

from ...training.optimizers import Sgd
from .dense import flat, gradient_by_hand, shaped, squared_error
from .rows import NetRows, numbers_of

_LARGEST = 1e3  # of a slope and of a loss: what diverges stays a number


def descend(
    start: np.ndarray, slope: Callable, batches: Iterable, way: Sgd, rate: float | np.ndarray
) -> Iterator[np.ndarray]:
    """Yields the weights after each step, float64 [weights]; the step is that of Keras' SGD.

    Args:
        start: the weights before.
        slope: weights, batch → gradient float64 [weights].
        batches: one a step.
        way: its momentum, and whether the gradient is taken ahead of it.
        rate: of all steps, or float64 [steps].
    """
    weights = start
    step = np.zeros_like(start)
    rates = np.ravel(rate)
    for number, batch in enumerate(batches):
        rate_now = rates[min(number, len(rates) - 1)]
        place = weights
        if way.nesterov:
            place = weights + way.momentum * step
        gradient = np.clip(
            slope(place, batch),
            -_LARGEST,
            _LARGEST,
        )
        step = way.momentum * step - rate_now * gradient
        weights = weights + step
        yield weights


def batches_of(num_rows: int, size: int, epochs: int, seed: int) -> Iterator[np.ndarray]:
    """Yields the places of the rows of each batch, every epoch in another order."""
    random = np.random.default_rng(seed)
    for _ in range(epochs):
        order = random.permutation(num_rows)
        yield from np.array_split(order, max(num_rows // size, 1))


@dataclass(frozen=True, eq=False)
class DenseFit:
    """A net of tanh layers, and rows of numbers to fit.

    Attributes:
        x: float64 [rows, inputs].
        y: float64 [rows] or [rows, outputs], standardized.
        widths: of the hidden layers.
        decay: the factor of L2 on all weights, half the square.
        noise: the standard deviation of what is added to the inputs of each batch.
    """

    x: np.ndarray
    y: np.ndarray
    widths: tuple[int, ...] = (16,)
    decay: float = 0.0
    noise: float = 0.0

    def start(self, seed: int) -> list[np.ndarray]:
        """Returns kernels and biases as they are drawn."""
        random = np.random.default_rng(seed)
        num_outputs = self.y.size // len(self.y)
        sizes = [self.x.shape[1], *self.widths, num_outputs]
        found = []
        for before, after in zip(
            sizes[:-1],
            sizes[1:],
            strict=True,
        ):
            found += [random.normal(size=(before, after)) / np.sqrt(before), np.zeros(after)]
        return found

    def loss(self, weights: np.ndarray, seed: int) -> float:
        """Returns the mean squared error on all rows; at most a thousand."""
        found = squared_error(
            shaped(weights, self.start(seed)),
            self.x,
            self.y,
        )
        return min(found, _LARGEST)

    def walk(
        self, batches: Iterable, *, seed: int, rate: float | np.ndarray, way: Sgd
    ) -> Iterator[np.ndarray]:
        """Yields the weights after each step from those of a seed."""
        like = self.start(seed)
        random = np.random.default_rng(seed)

        def slope(weights, batch):
            x = self.x[batch]
            if self.noise:
                x = x + random.normal(scale=self.noise, size=x.shape)
            found = gradient_by_hand(
                shaped(weights, like),
                x,
                self.y[batch],
            )
            return found + self.decay * weights

        yield from descend(
            flat(like),
            slope,
            batches,
            way,
            rate,
        )

    def last_loss(self, batches: Iterable, *, seed: int, rate: float, way: Sgd) -> float:
        """Returns the loss after the last step."""
        *_, weights = self.walk(
            batches,
            seed=seed,
            rate=rate,
            way=way,
        )
        return self.loss(weights, seed)


def dense_fits(rows: NetRows, **knobs) -> tuple[DenseFit, DenseFit, DenseFit]:
    """Returns training, validation and test rows of numbers, standardized by the training rows.

    Args:
        rows: of a recipe of numbers.
        knobs: of `DenseFit`.
    """
    mean = rows.train.y.mean()
    spread = rows.train.y.std()
    parts = (rows.train, rows.valid, rows.test)
    first, second, third = (
        DenseFit(
            numbers_of(part),
            (part.y - mean) / spread,
            **knobs,
        )
        for part in parts
    )
    return first, second, third
