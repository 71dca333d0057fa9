"""Question 9: a convolutional net against dense ones, on pictures as they are and shifted."""

from dataclasses import dataclass

import numpy as np

from ..vision import FASHION
from ..vision.networks import PictureNet
from .frame import Answer, Findings, above, below, curves, estimate, net_rows
from .frame.flat_cnn import FlatCnn
from .frame.shifted import under_shifts

SHIFTS = (0, 1, 2, 4)
WIDEST = "dense, 11 times as many"


@dataclass(frozen=True)
class DensePixels(PictureNet):
    """A hidden layer of all pixels."""

    width: int = 11

    def tiny(self) -> "DensePixels":
        """The same kind of net, small enough for a test."""
        return self

    def _shrinking(self):
        return 1

    def _features(self, x, blocks):
        import keras

        x = blocks.dense(keras.layers.Flatten()(x), self.width, name="hidden")
        return blocks.activate(blocks.normalize(x, "hidden"), "hidden")


NETS = {
    "convolutions": FlatCnn(),
    "dense, as many weights": DensePixels(),
    WIDEST: DensePixels(width=128),
}


@dataclass(frozen=True)
class Convolution(Answer):
    """Trains three nets on 1,500 pictures of clothes, and shifts the test pictures."""

    number = 9
    question = "What is a convolutional net, and why is it better for pictures?"
    claim = (
        "A convolution looks at a small field and uses the same weights everywhere: it needs "
        "few weights, and finds a thing wherever it is, so that shifted pictures are answered "
        "as before."
    )
    known = (
        "Convolutions move with the picture (equivariance); the net's answer does not stay the "
        "same, because pooling and strides skip pixels, and because the edges of the picture "
        "tell where a thing is. Nets become tolerant of shifts by seeing them in training."
    )
    sources = (
        "LeCun et al. 1998, https://doi.org/10.1109/5.726791",
        "Azulay and Weiss 2019, small shifts, https://arxiv.org/abs/1805.12177",
        "Zhang 2019, blurred before strides, https://arxiv.org/abs/1904.11486",
    )
    by_hand = """
import numpy as np
x, kernel = np.array([0, 0, 1, 2, 0, 0, 0.0]), np.array([1, -1.0])
print(np.convolve(x, kernel, "valid"), np.convolve(np.roll(x, 1), kernel, "valid"))
"""
    num_seeds: int = 4
    num_rows: int = 1500
    num_steps: int = 150

    def measure(self) -> Findings:
        rows = net_rows(FASHION)
        sizes, runs = {}, {}
        for name, net in NETS.items():
            sizes[name] = rows.build(net, seed=0).count_params()
            seeds = range(self.num_seeds)
            runs[name] = np.array([self._of_seed(rows, net, seed) for seed in seeds])
        accuracy = {name: each[:, 0] for name, each in runs.items()}
        same = runs["convolutions"][:, 1]
        plain = {name: each[:, 0] for name, each in accuracy.items()}
        lost = {name: each[:, 0] - each[:, 2] for name, each in accuracy.items()}
        own, few, wide = plain.values()
        shown = {f"{name} ({sizes[name]:,})": each for name, each in accuracy.items()}
        return Findings(
            f"Accuracy on {len(rows.test):,} test pictures of clothes; {self.num_rows:,} to learn "
            f"from, {self.num_steps} steps of 50, {self.num_seeds} seeds; weights in brackets.",
            curves("Pictures moved to the right", SHIFTS, shown, x="pixels", y="accuracy"),
            (
                above("better than a dense net of as many weights", estimate(own - few)),
                above("better than one of 11 times as many", estimate(own - wide)),
                below(
                    "shifted by 2 pixels it loses less than that",
                    estimate(lost["convolutions"] - lost[WIDEST]),
                ),
                above("shifted by 2 pixels, 95 % of its answers stay", estimate(same[:, 2]), 0.95),
            ),
        )

    def _of_seed(self, rows, net, seed):
        """float64 [2, shifts]: accuracy, and the share of answers that stay."""
        few = rows.few(self.num_rows, seed=seed)
        fitted = few.fit(net, seed=seed, num_steps=self.num_steps, batch_size=50)
        return under_shifts(fitted.model, rows.test, SHIFTS)
