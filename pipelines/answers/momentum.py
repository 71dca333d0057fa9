"""Question 28: momentum in a ravine, and on a real net of mini-batches."""

from dataclasses import dataclass

import numpy as np

from ..tabular import PENGUINS
from ..training.optimizers import Sgd
from .frame import Answer, Findings, below, curves, estimate, exactly, net_rows
from .frame.descent import batches_of, dense_fits, descend

CURVES = np.array([1.0, 100.0])  # of the ravine: its second derivatives
RATES = tuple(float(rate) for rate in np.geomspace(1e-3, 3, 8))
WAYS = {
    "plain": Sgd(momentum=0.0),
    "momentum .9": Sgd(momentum=0.9),
    "Nesterov .9": Sgd(momentum=0.9, nesterov=True),
}


@dataclass(frozen=True)
class Momentum(Answer):
    """Descends a quadratic ravine, then trains a net on penguins, each way at its best rate."""

    number = 28
    question = "What is momentum in optimization?"
    claim = (
        "Momentum adds a share of the last step to the next, so that steps across a ravine "
        "cancel and those along it add up: it trains faster than plain descent, and Nesterov's "
        "faster yet."
    )
    known = (
        "In a quadratic ravine of curvatures 1 and k, plain descent needs about k steps and "
        "momentum about the root of k. With small batches, whose noise is larger than the "
        "slope, momentum of .9 does much what a rate ten times as high does: the gain in the "
        "best loss is small, and in theory can be none."
    )
    sources = (
        "Polyak 1964, https://doi.org/10.1016/0041-5553(64)90137-5",
        "Sutskever et al. 2013, https://proceedings.mlr.press/v28/sutskever13.html",
        "Kidambi et al. 2018, the stochastic case, https://arxiv.org/abs/1803.05591",
    )
    by_hand = """
w, step = 1.0, 0.0
for _ in range(50):
    w += (step := 0.9 * step - 0.1 * 2 * w)  # of the loss w ** 2
"""
    num_seeds: int = 5
    epochs: int = 5

    def measure(self) -> Findings:
        rows = net_rows(PENGUINS)
        fit, _, _ = dense_fits(rows)
        found = {name: self._losses(fit, way) for name, way in WAYS.items()}
        steps = {name: _fewest_steps(way) for name, way in WAYS.items()}
        plain, heavy, ahead = (each.min(axis=1) for each in found.values())
        in_ravine = [exactly(steps[name] / steps["plain"]) for name in list(WAYS)[1:]]
        words = ", ".join(f"{name} {number}" for name, number in steps.items())
        gains = [estimate(heavy / plain), estimate(ahead / heavy)]
        return Findings(
            f"Steps in a ravine of curvatures 1 and 100, best rate: {words}. Curves: squared "
            f"error of {len(fit.y)} penguins, {self.epochs} epochs by 8, {self.num_seeds} seeds.",
            curves(
                "Loss by rate", RATES, found, x="rate / (1 - momentum)", y="training loss", log="xy"
            ),
            (
                below("momentum needs less than half the steps in a ravine", in_ravine[0], 0.5),
                below("and so does Nesterov's", in_ravine[1], 0.5),
                below("on the net its best loss is lower", gains[0], 1),
                below("and Nesterov's is lower than that", gains[1], 1),
            ),
        )

    def _losses(self, fit, way):
        """float64 [seeds, rates]; ten steps of .9 add up to ten times the rate."""
        found = np.zeros((self.num_seeds, len(RATES)))
        for seed, place in np.ndindex(found.shape):
            batches = batches_of(len(fit.y), 8, self.epochs, seed)
            rate = RATES[place] * (1 - way.momentum)
            found[seed, place] = fit.last_loss(batches, seed=seed, rate=rate, way=way)
        return found


def _fewest_steps(way):
    """Over a hundred rates, until the loss is a millionth of the first."""
    return min(_steps(way, rate) for rate in np.linspace(1e-3, 0.04, 100))


def _steps(way, rate):
    walk = descend(np.ones(2), lambda w, _: CURVES * w, range(2000), way, rate)
    for number, w in enumerate(walk, 1):
        if CURVES @ w**2 < 1e-6 * CURVES.sum():
            return number
    return 2000
