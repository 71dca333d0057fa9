"""A deep net of classes in numpy: activations, batch normalization and dropout, their gradients."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

import numpy as np

from ...training.optimizers import Sgd
from .dense import flat, shaped
from .descent import descend
from .rows import softmax

NOWHERE, INPUTS, BEFORE, AFTER = ("nowhere", "inputs", "before", "after")
_EPSILON = 1e-3  # as in Keras
_WORST = 10.0  # the loss of what diverges

# Values and what they were made of → values, and their slope.
Bend = Callable[[np.ndarray], tuple[np.ndarray, np.ndarray]]


def relu(z: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Returns max(z, 0) and its slope."""
    return np.maximum(z, 0), (z > 0).astype(float)


@dataclass(frozen=True, eq=False)
class DeepFit:
    """A net of equal layers, and rows of classes to fit.

    Attributes:
        x: float64 [rows, inputs].
        y: int [rows].
        widths: of the hidden layers.
        bend: the activation.
        normalizes: whether batch normalization stands before it.
        shift: how far normalized units are moved at random in each step, at most.
        scale: by how much they are multiplied, at most.
        dropout: the share that is left out.
        place: of the dropout: "inputs" of the net, "before" normalization, "after" activation.
    """

    x: np.ndarray
    y: np.ndarray
    widths: tuple[int, ...]
    bend: Bend = relu
    normalizes: bool = False
    shift: float = 0.0
    scale: float = 1.0
    dropout: float = 0.0
    place: str = NOWHERE

    def start(self, seed: int) -> list[np.ndarray]:
        """Returns kernel, offset and factor of each layer, then kernel and offset of the last.

        Kernels have the spread of He et al. 2015, https://arxiv.org/abs/1502.01852.
        """
        random = np.random.default_rng(seed)
        before = self.x.shape[1]
        found = []
        for width in self.widths:
            kernel = random.normal(size=(before, width))
            kernel *= np.sqrt(2 / before)
            found += [
                kernel,
                np.zeros(width),
                np.ones(width),
            ]
            before = width
        num_classes = int(self.y.max()) + 1
        last = random.normal(size=(before, num_classes))
        last /= np.sqrt(before)
        return [*found, last, np.zeros(num_classes)]

    def walk(self, batches: Iterable, *, seed: int, rate: float, way: Sgd) -> Iterator[np.ndarray]:
        """Yields the weights after each step from those of a seed, float64 [weights]."""
        like = self.start(seed)
        random = np.random.default_rng(seed)

        def slope(weights, batch):
            with np.errstate(all="ignore"):
                now = shaped(weights, like)
                found = self.gradient(
                    now,
                    self.x[batch],
                    self.y[batch],
                    random,
                )
            return np.nan_to_num(found)

        yield from descend(
            flat(like),
            slope,
            batches,
            way,
            rate,
        )

    def gradient(self, weights, x, y, random) -> np.ndarray:
        """Returns the gradient of the mean cross-entropy, float64 [weights]."""
        run = self.run(
            weights,
            x,
            random,
        )
        truth = np.zeros_like(run.answers)
        places = np.arange(len(y))
        truth[places, y] = 1
        slope = softmax(run.answers) - truth
        slope /= len(y)
        last = run.values[-1]
        found = [
            last.T @ slope,
            slope.sum(axis=0),
        ]
        slope = slope @ weights[-2].T
        for place in reversed(range(len(self.widths))):
            kernel, _, factor = weights[3 * place : 3 * place + 3]
            slope = slope * run.outer[place]
            hat = run.hats[place]
            of_offset = slope.sum(axis=0)
            of_factor = np.sum(slope * hat, axis=0) * self.normalizes
            slope = slope * factor
            if self.normalizes:
                along = np.mean(slope * hat, axis=0)
                slope = slope - slope.mean(axis=0)
                slope = slope - hat * along
                slope = slope / run.spreads[place]
            slope = slope * run.inner[place]
            before = run.values[place]
            found = [
                before.T @ slope,
                of_offset,
                of_factor,
                *found,
            ]
            slope = slope @ kernel.T
        return flat(found)

    def run(self, weights, x, random=None, moments=None) -> "DeepRun":
        """Returns all values of rows.

        Args:
            weights: as of `start`.
            x: float64 [rows, inputs].
            random: of dropout and shifts; without it, as at prediction.
            moments: mean and spread of each layer for normalization; without, those of the rows.
        """
        run = DeepRun()
        mask = self._mask(
            x.shape,
            random,
            INPUTS,
        )
        run.values.append(x * mask)
        for place, width in enumerate(self.widths):
            kernel, offset, factor = weights[3 * place : 3 * place + 3]
            z = run.values[-1] @ kernel
            inner = self._mask(
                z.shape,
                random,
                BEFORE,
            )
            z = z * inner
            mean, spread = self._moments(z)
            if moments is not None:
                mean, spread = moments[place]
            hat = (z - mean) / spread
            scale, shift = self._noise(width, random)
            moved = (hat * factor + offset) * scale + shift
            bent, slope = self.bend(moved)
            after = self._mask(
                bent.shape,
                random,
                AFTER,
            )
            run.values.append(bent * after)
            run.hats.append(hat)
            run.moments.append((mean, spread))
            run.inner.append(inner)
            run.outer.append(scale * slope * after)
        run.answers = run.values[-1] @ weights[-2] + weights[-1]
        return run

    def _moments(self, z):
        if not self.normalizes:
            return 0.0, 1.0
        variance = z.var(axis=0)
        spread = np.sqrt(variance + _EPSILON)
        return z.mean(axis=0), spread

    def _mask(self, shape, random, place):
        is_here = place == self.place and self.dropout
        if random is None or not is_here:
            return 1.0
        stays = random.random(shape) >= self.dropout
        return stays / (1 - self.dropout)

    def _noise(self, width, random):
        if random is None or not self.shift:
            return 1.0, 0.0
        scale = random.uniform(
            1,
            self.scale,
            width,
        )
        shift = random.uniform(
            -self.shift,
            self.shift,
            width,
        )
        return scale, shift

    def answers(self, weights: np.ndarray, x: np.ndarray, *, seed: int) -> np.ndarray:
        """Returns logits float64 [rows, classes], normalized as in training, dropout off.

        Args:
            weights: float64 [weights].
            x: float64 [rows, inputs].
            seed: of the weights' start, and of dropout while mean and spread are taken.
        """
        now = shaped(weights, self.start(seed))
        random = np.random.default_rng(seed)
        moments = None
        with np.errstate(all="ignore"):
            if self.normalizes:
                learned = self.run(
                    now,
                    self.x,
                    random,
                )
                moments = learned.moments
            run = self.run(
                now,
                x,
                moments=moments,
            )
        return run.answers

    def training_loss(self, weights: np.ndarray, *, seed: int) -> float:
        """Returns the loss of all rows as training sees them, with shifts and dropout."""
        now = shaped(weights, self.start(seed))
        random = np.random.default_rng(seed)
        with np.errstate(all="ignore"):
            run = self.run(
                now,
                self.x,
                random,
            )
        return self.loss(run.answers, self.y)

    def loss(self, answers: np.ndarray, y: np.ndarray) -> float:
        """Returns the mean cross-entropy; that of what diverged is ten."""
        places = np.arange(len(y))
        with np.errstate(all="ignore"):
            shares = softmax(answers)
            of_truth = np.maximum(shares[places, y], 1e-30)
        found = -np.log(of_truth).mean()
        if not found < _WORST:
            return _WORST
        return float(found)


@dataclass(eq=False)
class DeepRun:
    """What a net made of rows, layer by layer.

    Attributes:
        values: what each layer reads, and the last one too.
        hats: normalized values.
        moments: mean and spread that they were normalized by.
        inner: masks before normalization.
        outer: slopes of what follows it.
        answers: logits.
    """

    values: list = field(default_factory=list)
    hats: list = field(default_factory=list)
    moments: list = field(default_factory=list)
    inner: list = field(default_factory=list)
    outer: list = field(default_factory=list)
    answers: np.ndarray = field(default_factory=lambda: np.zeros(0))

    @property
    def spreads(self) -> list:
        """Returns what normalized values were divided by."""
        return [spread for _, spread in self.moments]
