"""Question 13: what batch normalization gains, and whether covariate shift explains it."""

from dataclasses import dataclass

import numpy as np

from ..tabular import STORMS
from ..training.optimizers import Sgd
from .frame import Answer, Findings, above, below, curves, estimate, net_rows, numbers_of
from .frame.deep import DeepFit
from .frame.descent import batches_of

RATES = (0.003, 0.01, 0.03, 0.1, 0.3, 1.0)
DEPTH = 10
# As far as in section 2.2 of Santurkar et al. 2018.
SHIFTS = {"shift": 0.5, "scale": 1.25}
NETS = {
    "without": {},
    "with": {"normalizes": True},
    "with, and shifts after it": {"normalizes": True, **SHIFTS},
}


@dataclass(frozen=True)
class BatchNormalization(Answer):
    """Trains nets of ten layers for storms at six rates, also with random shifts put back in."""

    number = 13
    question = "What does batch normalization do?"
    claim = (
        "It makes training faster, allows higher rates and deeper nets, because it reduces "
        "internal covariate shift: the inputs of each layer stop moving while it learns."
    )
    known = (
        "The gains are real, the reason is not: nets whose layers are shifted at random after "
        "the normalization train about as well, and layers with it shift as much as those "
        "without. What it does is to make the loss smoother, and a step's length "
        "independent of the size of the weights."
    )
    sources = (
        "Ioffe and Szegedy 2015, https://arxiv.org/abs/1502.03167",
        "Santurkar et al. 2018, How does it help, https://arxiv.org/abs/1805.11604",
        "Bjorck et al. 2018, higher rates, https://arxiv.org/abs/1806.02375",
    )
    by_hand = """
import numpy as np
x = np.random.default_rng(0).normal(5, 3, size=(64, 4))
print(((x - x.mean(axis=0)) / np.sqrt(x.var(axis=0) + 1e-3)).std(axis=0))
"""
    num_seeds: int = 5
    epochs: int = 6

    def measure(self) -> Findings:
        few = net_rows(STORMS).few(3000).train
        x = numbers_of(few)
        found = {name: np.zeros((self.num_seeds, len(RATES))) for name in NETS}
        for name, knobs in NETS.items():
            fit = DeepFit(x, few.y, (32,) * DEPTH, **knobs)
            for seed, place in np.ndindex(found[name].shape):
                found[name][seed, place] = self._loss(fit, seed, RATES[place])
        plain, normal, shifted = found.values()
        best = [each.min(axis=1) for each in found.values()]
        usable = [np.mean(each < 1.0, axis=1) for each in found.values()]
        quick = plain.mean(axis=0).argmin()
        return Findings(
            f"Cross-entropy of {len(x):,} training rows of storms after {self.epochs} epochs by "
            f"128, {DEPTH} layers of 32 ReLU units (He normal), momentum .9, {self.num_seeds} "
            "seeds; ten is what diverged.",
            curves("Loss by rate", RATES, found, x="rate", y="training loss", log="xy"),
            (
                below("at its best rate the loss is lower", estimate(best[1] - best[0])),
                below("at the other's best rate too", estimate(normal[:, quick] - plain[:, quick])),
                above("more rates reach a loss of 1", estimate(usable[1] - usable[0])),
                above(
                    "with shifts put back in, it is no better than without",
                    estimate(best[2] - best[0]),
                ),
            ),
        )

    def _loss(self, fit, seed, rate):
        batches = batches_of(len(fit.x), 128, self.epochs, seed)
        *_, weights = fit.walk(batches, seed=seed, rate=rate, way=Sgd(momentum=0.9))
        return fit.training_loss(weights, seed=seed)
