"""Question 11: pooling by the largest, by the average, by strides, or none."""

from dataclasses import dataclass

import numpy as np

from ..slots.layers import Layers
from .frame import Answer, Findings, above, bars, below, estimate, exactly, net_rows
from .frame.flat_cnn import SMALL_CLOTHES, FlatCnn
from .frame.shifted import under_shifts

NETS = {
    "largest": FlatCnn(),
    "average": FlatCnn(layers=Layers(pooling="average")),
    "strides": FlatCnn(strided=True),
    "none": FlatCnn(pool_after=()),
}


@dataclass(frozen=True)
class Pooling(Answer):
    """Trains four nets on 1,000 pictures of clothes, shifts pictures and counts bytes of maps."""

    number = 11
    question = "What is pooling for?"
    claim = (
        "Pooling makes maps smaller, which saves memory and work; it makes answers independent "
        "of small shifts, and the largest value keeps what matters, better than the average."
    )
    known = (
        "Memory and work are saved by strides as well, and earlier: a pooled map is first made "
        "whole. What tolerance of shifts there is comes mostly from training, and pooling or "
        "strides that skip pixels take some away. Which kind is best depends on the data."
    )
    sources = (
        "Scherer, Müller and Behnke 2010, https://doi.org/10.1007/978-3-642-15825-4_10",
        "Springenberg et al. 2015, strides instead, https://arxiv.org/abs/1412.6806",
        "Ruderman et al. 2018, pooling and deformations, https://arxiv.org/abs/1804.04438",
    )
    by_hand = """
import numpy as np
pairs = np.array([1, 5, 2, 2, 0, 8]).reshape(3, 2)
print(pairs.max(axis=1), pairs.mean(axis=1), pairs[:, 0])  # largest, average, strides
"""
    num_seeds: int = 4
    num_rows: int = 1000
    num_steps: int = 120

    def measure(self) -> Findings:
        rows = net_rows(SMALL_CLOTHES)
        score, same, size, table = {}, {}, {}, {}
        for name, net in NETS.items():
            runs = np.array([self._of_seed(rows, net, seed) for seed in range(self.num_seeds)])
            score[name], same[name] = runs.T
            size[name] = _arena_bytes(rows.build(net, seed=0))
            table[name] = {
                "accuracy": estimate(score[name]),
                "same answers, 1 pixel right": estimate(same[name]),
                "largest maps, 10 kB": exactly(size[name] / 1e4),
            }
        most = score["largest"]
        return Findings(
            f"Test pictures of clothes (16 × 16 pixels), {self.num_rows:,} to learn from, "
            f"{self.num_steps} steps of 50, {self.num_seeds} seeds; bytes of the largest two maps "
            "that int8 needs at once.",
            bars("Four ways to make maps smaller", table, y="share, 10 kB"),
            (
                below(
                    "it needs half the memory of none", exactly(size["largest"] / size["none"]), 0.5
                ),
                above("it is better than none", estimate(most - score["none"])),
                above("and than strides", estimate(most - score["strides"])),
                above("the largest is better than the average", estimate(most - score["average"])),
                above(
                    "shifted by 1 pixel, more answers stay than with none",
                    estimate(same["largest"] - same["none"]),
                ),
            ),
        )

    def _of_seed(self, rows, net, seed):
        few = rows.few(self.num_rows, seed=seed)
        fitted = few.fit(net, seed=seed, num_steps=self.num_steps, batch_size=50)
        accuracy, same = under_shifts(fitted.model, rows.test, (0, 1))
        return accuracy[0], same[1]


def _arena_bytes(model):
    """Bytes of what the hungriest layer that ships reads and writes, one a value."""
    found = []
    for layer in model.layers:
        # Scales, normalization and activations are part of convolutions in what ships.
        if "Conv" in type(layer).__name__ or "Pool" in type(layer).__name__:
            found.append(np.prod(layer.input.shape[1:]) + np.prod(layer.output.shape[1:]))
    return max(found)
