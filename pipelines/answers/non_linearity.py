"""Question 49: why a net needs a bend, and how many flat pieces its answers are made of."""

from dataclasses import dataclass

import numpy as np

from .frame import Answer, Findings, above, below, curves, estimate, exactly, within
from .frame.dense import forward

XOR = np.array([[0, 0], [0, 1], [1, 0], [1, 1]], float)
TRUTH = np.array([0.0, 1.0, 1.0, 0.0])
# Two units: how many are on, and whether both are.
SOLVED = [np.ones((2, 2)), np.array([0.0, -1.0]), np.array([[1.0], [-2.0]]), np.zeros(1)]
DEPTHS = (1, 2, 3, 4, 6)
POINTS = 20_001


@dataclass(frozen=True)
class NonLinearity(Answer):
    """Multiplies linear layers, solves XOR by hand, and counts the pieces of random ReLU nets."""

    number = 49
    question = "Why do nets need non-linear activations?"
    claim = (
        "Without a bend any number of layers is one linear layer, which cannot learn XOR; with "
        "ReLU a net is made of flat pieces, whose number grows exponentially with its depth."
    )
    known = (
        "The exponential number is an upper bound that special weights reach. Of nets as they "
        "are drawn, and as they are after training, the number of pieces along a line is "
        "proportional to the number of units, however they are stacked."
    )
    sources = (
        "Montufar et al. 2014, the bound, https://arxiv.org/abs/1402.1869",
        "Hanin and Rolnick 2019, the mean of random nets, https://arxiv.org/abs/1901.09021",
        "Minsky and Papert 1969, XOR, https://doi.org/10.7551/mitpress/11301.001.0001",
    )
    by_hand = """
import numpy as np
x = np.array([[0, 0], [0, 1], [1, 0], [1, 1]])
print(np.maximum(x.sum(axis=1), 0) - 2 * np.maximum(x.sum(axis=1) - 1, 0))
"""
    num_seeds: int = 20
    units: int = 48

    def measure(self) -> Findings:
        flat = exactly(_distance_from_one_layer(np.random.default_rng(0)))
        line = np.column_stack([XOR, np.ones(4)])
        fitted = line @ np.linalg.lstsq(line, TRUTH, rcond=None)[0]
        solved = forward(SOLVED, XOR, _relu)[-1][:, 0]
        seeds = range(self.num_seeds)
        same = np.array([[_pieces(seed, self.units // d, d) for d in DEPTHS] for seed in seeds])
        wide = np.array([[_pieces(seed, 16, depth) for depth in DEPTHS] for seed in seeds])
        growth = np.log(wide[:, -1] / wide[:, 2])
        found = {f"{self.units} units in all": same, "16 units a layer": wide}
        exhibit = curves("Flat pieces along a line", DEPTHS, found, x="hidden layers", y="pieces")
        return Findings(
            f"XOR; flat pieces along a line of random nets (He normal), {len(seeds)} seeds.",
            exhibit,
            (
                below("ten linear layers equal one, to 1e-12", flat, 1e-12),
                within("the best line answers XOR by a half", exactly(fitted.max()), 0.49, 0.51),
                below("two ReLU units solve XOR", exactly(np.abs(solved - TRUTH).max()), 1e-12),
                above("pieces grow 8 times from 3 to 6 layers", estimate(growth), np.log(8)),
            ),
        )


def _relu(z):
    return np.maximum(z, 0)


def _distance_from_one_layer(random):
    x = random.normal(size=(100, 8))
    layers = random.normal(size=(10, 8, 8)) / np.sqrt(8)
    stacked = x
    for layer in layers:
        stacked = stacked @ layer
    return np.abs(stacked - x @ np.linalg.multi_dot(layers)).max()


def _pieces(seed, width, depth):
    """How often a unit of a random net of 8 inputs turns on or off along a line, and one."""
    random = np.random.default_rng(seed)
    ends = random.normal(size=(2, 8)) * 3
    values = np.linspace(*ends, POINTS)
    is_on = []
    for _ in range(depth):
        kernel = random.normal(size=(values.shape[1], width)) * np.sqrt(2 / values.shape[1])
        values = _relu(values @ kernel + random.normal(size=width) * 0.1)
        is_on.append(values > 0)
    changes = np.diff(np.concatenate(is_on, axis=1), axis=0).any(axis=1)
    return 1 + changes.sum()
