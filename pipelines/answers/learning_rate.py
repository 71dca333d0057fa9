"""Question 27: too small, right and too large a rate, and whether a short test finds one."""

from dataclasses import dataclass

import numpy as np

from ..studies.find_rate import RateCurve
from ..tabular import PENGUINS
from ..training.optimizers import Sgd
from .frame import Answer, Findings, above, below, curves, estimate, geometric, net_rows
from .frame.descent import batches_of, dense_fits

RATES = tuple(float(rate) for rate in np.geomspace(3e-5, 3, 11))
STEPS = 300
WAY = Sgd(momentum=0.9)


@dataclass(frozen=True)
class LearningRate(Answer):
    """Trains a small net on penguins at eleven rates, and asks the rate finder's rule for one."""

    number = 27
    question = "What does the learning rate do?"
    claim = (
        "Too small a rate learns slowly, too large a one diverges; the best lies shortly below "
        "the edge, and a short run with a rising rate finds one that is about as good."
    )
    known = (
        "The edge is set by the largest curvature (two over it, for plain descent), and "
        "full-batch training works its way up to it (the edge of stability). A rising rate "
        "sees the curvature at the start only, so its rate is a start to tune from."
    )
    sources = (
        "Smith 2017, the range test, https://arxiv.org/abs/1506.01186",
        "Cohen et al. 2021, the edge of stability, https://arxiv.org/abs/2103.00065",
        "LeCun et al. 1998, Efficient backprop, https://doi.org/10.1007/3-540-49430-8_2",
    )
    by_hand = """
for rate in (0.001, 0.1, 1.1):
    w = 1.0
    for _ in range(50): w -= rate * 2 * w  # of the loss w ** 2
    print(rate, w)
"""
    num_seeds: int = 5
    epochs: int = 15

    def measure(self) -> Findings:
        rows = net_rows(PENGUINS)
        fit, _, _ = dense_fits(rows)
        losses = np.zeros((self.num_seeds, len(RATES)))
        for seed, place in np.ndindex(losses.shape):
            losses[seed, place] = self._loss(fit, seed, RATES[place])
        asked = [_suggested(fit, seed) for seed in range(self.num_seeds)]
        there = np.array([self._loss(fit, seed, rate) for seed, rate in enumerate(asked)])
        best = losses.min(axis=1)
        place = losses.mean(axis=0).argmin()
        suggested = geometric(asked)
        return Findings(
            f"Squared error of {len(fit.y)} penguins after {self.epochs} epochs in batches of "
            "16, momentum "
            f".9, {self.num_seeds} seeds. Suggested: {suggested.mean:.2g}.",
            curves("Loss by rate", RATES, {"loss": losses}, x="rate", y="training loss", log="xy"),
            (
                above(
                    "a hundredth of the best rate learns half as well",
                    estimate(losses[:, place - 4] / best),
                    2,
                ),
                above(
                    "thirty times the best rate diverges",
                    estimate(losses[:, min(place + 3, 10)]),
                    1,
                ),
                below(
                    "the suggested rate is as good as the best, to a quarter",
                    estimate(there / best),
                    1.25,
                ),
            ),
        )

    def _loss(self, fit, seed, rate):
        batches = batches_of(len(fit.y), 16, self.epochs, seed)
        return fit.last_loss(batches, seed=seed, rate=rate, way=WAY)


def _suggested(fit, seed):
    """A tenth of the rate at which the loss of batches is lowest while the rate rises."""
    rising = np.geomspace(1e-5, 3, STEPS)
    batches = list(batches_of(len(fit.y), 16, STEPS, seed))[:STEPS]
    walk = fit.walk(batches, seed=seed, rate=rising, way=WAY)
    losses = [fit.loss(weights, seed) for weights in walk]
    return RateCurve("penguins", rising, np.array(losses), seed, len(fit.y)).suggested()
