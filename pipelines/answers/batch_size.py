"""Question 24: one row, some rows or all rows a step."""

import time
from dataclasses import dataclass

import numpy as np

from ..tabular import PENGUINS
from ..training.optimizers import Sgd
from .frame import (
    Answer,
    Findings,
    above,
    below,
    curves,
    estimate,
    geometric,
    net_rows,
    within,
)
from .frame.dense import gradient_by_hand
from .frame.descent import batches_of, dense_fits

SIZES = (1, 4, 16, 64, 218)
RATES = (0.003, 0.01, 0.03, 0.1, 0.3)
PLAIN = Sgd(momentum=0.0)


@dataclass(frozen=True)
class BatchSize(Answer):
    """Trains a small net on penguins with batches of several sizes, each at its best rate."""

    number = 24
    question = "Stochastic, mini-batch or full-batch descent?"
    claim = (
        "Small batches make more progress a row but their gradient is noisier; full "
        "batches are "
        "exact but slow; mini-batches are the best of both, and small ones generalize better."
    )
    known = (
        "The variance of the gradient falls as one over the batch size. Per row seen, small "
        "batches win until noise dominates; per second, mini-batches do, as hardware does many "
        "rows at once. That small batches generalize better mostly disappears where the rate "
        "and the number of steps are tuned for each size."
    )
    sources = (
        "Bottou, Curtis and Nocedal 2018, https://arxiv.org/abs/1606.04838",
        "Keskar et al. 2017, https://arxiv.org/abs/1609.04836",
        "Shallue et al. 2019, tuned for each size, https://arxiv.org/abs/1811.03600",
    )
    by_hand = """
import numpy as np
x = np.random.default_rng(0).normal(size=(4096, 1))
print([np.var(x[: 4096 // n * n].reshape(-1, n).mean(axis=1)) * n for n in (1, 16, 256)])
"""
    num_seeds: int = 5
    epochs: int = 10

    def measure(self) -> Findings:
        rows = net_rows(PENGUINS)
        fit, _, new = dense_fits(rows)
        noise = np.array([_noise(fit, seed) for seed in range(self.num_seeds)])
        runs = np.zeros((3, self.num_seeds, len(SIZES)))
        for seed, place in np.ndindex(runs.shape[1:]):
            runs[:, seed, place] = self._best(fit, new, SIZES[place], seed)
        losses, held_out, seconds = runs
        found = {"training loss": losses, "held out": held_out}
        found.update({"gradient noise": noise, "CPU seconds": seconds})
        fewer = geometric(noise[:, 0] / noise[:, 2])
        further = estimate(losses[:, 0] / losses[:, -1])
        quicker = estimate(seconds[:, 2] / seconds[:, 0])
        gap = held_out / losses
        wider = estimate(gap[:, 3] / gap[:, 1])
        return Findings(
            f"Squared error of {len(fit.y)} penguins and of {len(new.y)} held out (split "
            "seed 0), "
            f"{self.epochs} epochs, the best of {len(RATES)} rates, {self.num_seeds} seeds.",
            curves("After as many rows", SIZES, found, x="batch size", y="value", log="xy"),
            (
                within("16 rows have a 16th of the variance", fewer, 12, 20),
                below("one row a step gets further than all rows", further, 1),
                below("16 a step take less than half the time of one", quicker, 0.5),
                above("64 lose more than 4 on rows held out", wider, 1),
            ),
        )

    def _best(self, fit, new, size, seed):
        """Training loss, held-out loss and seconds, at the rate of the least training loss."""
        tried = []
        for rate in RATES:
            start = time.process_time()
            batches = batches_of(len(fit.y), size, self.epochs, seed)
            *_, weights = fit.walk(batches, seed=seed, rate=rate, way=PLAIN)
            spent = time.process_time() - start
            tried.append((fit.loss(weights, seed), new.loss(weights, seed), spent))
        return min(tried)


def _noise(fit, seed):
    """The variance of the gradient of batches of each size, summed over the weights."""
    like = fit.start(seed)
    whole = gradient_by_hand(like, fit.x, fit.y)
    found = []
    for size in SIZES:
        drawn = np.random.default_rng(seed).integers(0, len(fit.y), (200, size))
        slopes = [gradient_by_hand(like, fit.x[places], fit.y[places]) for places in drawn]
        found.append(np.mean(np.sum((np.array(slopes) - whole) ** 2, axis=1)))
    return found
