"""Question 2: a net as a function, by depth and width."""

from dataclasses import dataclass

import numpy as np

from ..training.optimizers import Sgd
from .frame import Answer, Findings, above, bars, below, estimate, geometric
from .frame.descent import DenseFit, batches_of

SHAPES = {
    "linear": (),
    "4": (4,),
    "16": (16,),
    "64": (64,),
    "8-8": (8, 8),
    "16-16": (16, 16),
    "9-9-9": (9, 9, 9),
}
CUBE = np.array([(x, y) for x in np.linspace(-2, 2, 41) for y in np.linspace(-2, 2, 41)])


@dataclass(frozen=True)
class NeuralNetworks(Answer):
    """Fits a smooth curve in two dimensions from 300 noisy points, by nets of several shapes."""

    number = 2
    question = "What is a neural network?"
    claim = (
        "A net is a function made of layers, which can approximate any other: the error falls "
        "with its width, and with as many weights deeper nets are better than wider ones."
    )
    known = (
        "Width alone is enough in theory. Depth pays for functions made of functions, where a "
        "shallow net can need exponentially many units; of a smooth curve in few dimensions "
        "that is fitted by descent, the shapes are about as good as each other, and training "
        "decides."
    )
    sources = (
        "Cybenko 1989, https://doi.org/10.1007/BF02551274",
        "Telgarsky 2016, where depth pays, https://arxiv.org/abs/1602.04485",
        "Poggio et al. 2017, https://doi.org/10.1007/s11633-017-1054-2",
    )
    by_hand = """
import numpy as np
x, w, v = np.linspace(-1, 1, 9)[:, None], np.ones((1, 8)), np.full((8, 1), 0.1)
print(np.tanh(x @ w + np.linspace(-1, 1, 8)) @ v)
"""
    num_seeds: int = 5
    epochs: int = 60

    def measure(self) -> Findings:
        found, table = {}, {}
        for name, shape in SHAPES.items():
            found[name] = np.array([self._error(shape, seed) for seed in range(self.num_seeds)])
            size = sum(each.size for each in DenseFit(CUBE, CUBE[:, 0], shape).start(0))
            table[f"{name} ({size} weights)"] = {"error": geometric(found[name])}
        one_layer = found["64"]
        return Findings(
            "sin(2x) cos(y) from 300 points with noise of .1; squared error on a grid "
            "without noise "
            f"(variance .25), {self.epochs} epochs, the best of two rates, "
            f"{self.num_seeds} seeds.",
            bars("One curve, nets of several shapes", table, y="squared error", log=True),
            (
                above("a linear model has most of it left", estimate(found["linear"]), 0.1),
                below("16 units err half as much as 4", estimate(found["16"] / found["4"]), 0.5),
                below("64 units less than 16", estimate(one_layer / found["16"]), 1),
                below("two layers (8-8) less than one (64)", estimate(found["8-8"] / one_layer), 1),
                below("three (9-9-9) less than one", estimate(found["9-9-9"] / one_layer), 1),
            ),
        )

    def _error(self, shape, seed):
        random = np.random.default_rng(seed)
        x = random.uniform(-2, 2, (300, 2))
        fit = DenseFit(x, _curve(x) + random.normal(scale=0.1, size=300), shape)
        grid = DenseFit(CUBE, _curve(CUBE), shape)
        found = []
        for rate in (0.03, 0.1):
            batches = batches_of(300, 16, self.epochs, seed)
            *_, weights = fit.walk(batches, seed=seed, rate=rate, way=Sgd(momentum=0.9))
            found.append((fit.loss(weights, seed), grid.loss(weights, seed)))
        return min(found)[1]


def _curve(x):
    return np.sin(2 * x[:, 0]) * np.cos(x[:, 1])
