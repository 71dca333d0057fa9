"""A diffusion model that is conditional on the class: a net that finds noise draws rows."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import numpy as np

from ...errors import RecipeError
from ...slots import Generator
from ...spec import knob
from .denoiser import build_denoiser, learn_noise
from .rows import ClassRows, LearnedGenerator, nearest_rows, require_finite
from .schedule import FIRST_TIME, LAST_TIME, amounts, time_features

MOST_ROWS = 256  # that are drawn at once

# Noisy rows float32 [rows, values], features of the time and one-hot classes → the noise in them.
FindNoise = Callable[[np.ndarray, np.ndarray, np.ndarray], np.ndarray]


@dataclass(frozen=True)
class Diffusion(Generator):
    """A net that finds the noise in a noisy row, given how much there is and the class (denoising
    diffusion, Ho et al. 2020, https://arxiv.org/abs/2006.11239; amounts by the cosine of Nichol and
    Dhariwal 2021, https://arxiv.org/abs/2102.09672). A row is drawn from noise in a few steps, each
    of which takes away some of what the net finds (DDIM, Song et al. 2021,
    https://arxiv.org/abs/2010.02502).

    Of pictures and of whole series the net is convolutions down and up again, with a sum across
    (after Ronneberger et al. 2015, https://arxiv.org/abs/1505.04597); of tables dense layers. Rows
    are drawn by the mean of its weights over its last steps.

    Attributes:
        filters: Of the maps of pictures and series from the whole one down, each half as large.
        units: Of the hidden layers of a net for tables.
        steps: In which a row is drawn.
        num_batches: So many batches are learned from.
        batch_rows: Rows of a batch.
        learning_rate: Of Adam, falling to a twentieth.
    """

    filters: tuple[int, ...] = knob((16, 32, 32), 1, 1024)
    units: tuple[int, ...] = knob((128, 128), 1, 4096)
    steps: int = knob(20, 1, 1000)
    num_batches: int = knob(3_000, 1, 10**6)
    batch_rows: int = knob(32, 1, 4096, unit="rows")
    learning_rate: float = knob(3e-3, 1e-6, 1)

    def check(self) -> None:
        """Raises RecipeError for nets without a layer."""
        if not self.filters or not self.units:
            raise RecipeError(
                f"balance.by={self!r}",
                expected="one or more filters, and units",
                fix="--set 'balance.by=Diffusion()'",
            )

    def tiny(self) -> "Diffusion":
        return replace(
            self,
            filters=tuple(min(width, 8) for width in self.filters),
            units=tuple(min(width, 16) for width in self.units),
            steps=min(self.steps, 4),
            num_batches=min(self.num_batches, 20),
        )

    def learn(self, rows: ClassRows, *, seed: int) -> "LearnedDiffusion":
        """Returns the net that has learned from rows."""
        net = build_denoiser(self, rows, seed)
        learn_noise(net, self, rows, seed)
        return LearnedDiffusion(self, rows, net)


class LearnedDiffusion(LearnedGenerator):
    """A net that finds noise, and the steps that draw rows by it.

    Args:
        spec: With the steps.
        rows: That were learned from.
        net: A keras.Model of "row", "time" and "label".
    """

    gives_rows: ClassVar[bool] = False

    def __init__(self, spec: Diffusion, rows: ClassRows, net: Any):
        self._spec = spec
        self._rows = rows
        self._net = net
        self._means = rows.means()
        self._one_hot = rows.one_hot()
        rest = rows.rest()
        self._low = rest.min()
        self._high = rest.max()

    def draw(self, classes: np.ndarray, seed: int) -> tuple[np.ndarray, np.ndarray]:
        """Draws as `LearnedGenerator.draw`; the parent of a row is the training row of its class
        that it is nearest to.
        """
        return self.draw_by(self._find_noise(), classes, seed)

    def draw_by(
        self, find_noise: FindNoise, classes: np.ndarray, seed: int
    ) -> tuple[np.ndarray, np.ndarray]:
        """Draws as `draw`, by a net that runs elsewhere, such as in int8 on a device.

        Args:
            find_noise: "row", "time" and "label" as `to_keras` takes them → what it gives.
            classes: int64 [rows].
            seed: Of the noise.
        """
        random = np.random.default_rng(seed)
        shape = (len(classes), self._rows.values.shape[1])
        row = random.standard_normal(shape, dtype=np.float32)
        label = self._one_hot[classes]
        times = np.linspace(FIRST_TIME, 0, self._spec.steps + 1)
        for time, after in zip(times[:-1], times[1:], strict=True):
            features = time_features(np.full(len(row), time))
            noise = find_noise(row, features, label)
            row = self._one_step(row, noise, time, after)
        drawn = require_finite(row + self._means[classes], self._spec)
        return drawn, nearest_rows(drawn, classes, self._rows)

    def _one_step(self, row, noise, time, after):
        """Returns rows with as much noise as there is at the time after (Song et al. 2021, equation
        12 without its random part).
        """
        signal, spread = amounts(time)
        clean = (row - spread * noise) / signal
        clean = clean.clip(self._low, self._high)
        noise = (row - signal * clean) / spread
        signal, spread = amounts(after)
        return (signal * clean + spread * noise).astype(np.float32)

    def _find_noise(self):
        import tensorflow as tf

        @tf.function
        def call(inputs):
            return self._net(inputs, training=False)

        def find(row, time, label):
            found = np.empty_like(row)
            for start in range(0, len(row), MOST_ROWS):
                part = slice(start, start + MOST_ROWS)
                inputs = {
                    "row": row[part],
                    "time": time[part],
                    "label": label[part],
                }
                found[part] = np.asarray(call(inputs))
            return found

        return find

    def net_inputs(self, classes: np.ndarray, seed: int) -> dict[str, np.ndarray]:
        """Returns training rows of the classes with noise of all amounts."""
        random = np.random.default_rng(seed)
        rest = np.empty((len(classes), self._rows.values.shape[1]))
        for label in np.unique(classes):
            own = self._rows.values[self._rows.y == label] - self._means[label]
            is_label = classes == label
            rest[is_label] = own[random.integers(0, len(own), is_label.sum())]
        time = random.uniform(LAST_TIME, FIRST_TIME, len(classes))
        signal, spread = amounts(time[:, None])
        noisy = signal * rest + spread * random.standard_normal(rest.shape)
        return {
            "row": noisy.astype(np.float32),
            "time": time_features(time),
            "label": self._one_hot[classes],
        }

    def to_keras(self, factor: np.ndarray, offset: np.ndarray, shape: tuple[int, ...]) -> Any:
        """Returns the net of one step as a keras.Model: "row" float32 [rows, values], "time"
        float32 [rows, features] as `time_features` gives it and "label" one-hot float32 [rows,
        classes] → the noise, float32 [rows, values]. All are in standard deviations: `draw_by`
        takes the steps.
        """
        return self._net
