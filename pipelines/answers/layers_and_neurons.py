"""Question 26: how many layers and how many units."""

from dataclasses import dataclass

import numpy as np

from ..tabular import PENGUINS
from ..training.optimizers import Sgd
from .frame import Answer, Findings, above, below, curves, estimate, net_rows
from .frame.descent import batches_of, dense_fits

DEPTHS = (1, 2, 3, 4, 6)
WIDTHS = (4, 16, 64)
RATES = (0.003, 0.01, 0.03)


@dataclass(frozen=True)
class LayersAndNeurons(Answer):
    """Trains nets of fifteen shapes on penguins; validation rows choose rate and epoch of each."""

    number = 26
    question = "How many layers and neurons should a net have?"
    claim = (
        "More layers and more neurons make a net better, up to a point; the best shape is "
        "found by trying, and is worth the search."
    )
    known = (
        "On small tables one hidden layer is often as good as any, and each layer more makes "
        "training harder. Width rarely hurts where training is stopped by validation rows. "
        "Differences between shapes are mostly smaller than those between seeds, so that a "
        "search that takes the best one of many flatters itself (question 46)."
    )
    sources = (
        "Bouthillier et al. 2021, seeds and choices, https://arxiv.org/abs/2103.03098",
        "He et al. 2016, deeper nets train worse, https://arxiv.org/abs/1512.03385",
        "Grinsztajn et al. 2022, nets on tables, https://arxiv.org/abs/2207.08815",
    )
    by_hand = """
inputs, outputs = 46, 1
for widths in ((16,), (16, 16), (64,)):
    sizes = (inputs, *widths, outputs)
    print(widths, sum((a + 1) * b for a, b in zip(sizes, sizes[1:])), "weights")
"""
    num_seeds: int = 5
    epochs: int = 30

    def measure(self) -> Findings:
        rows = net_rows(PENGUINS)
        found = {}
        for width in WIDTHS:
            shapes = [(width,) * depth for depth in DEPTHS]
            errors = [
                [self._error(rows, s, seed) for s in shapes] for seed in range(self.num_seeds)
            ]
            found[f"{width} units a layer"] = np.array(errors)
        narrow, usual, wide = found.values()
        errors = np.concatenate(list(found.values()), axis=1)
        spread = errors.mean(axis=0).std() / errors.std(axis=0)
        return Findings(
            "Squared error of the test part of penguins (split seed 0, variance 1), "
            f"{self.epochs} "
            f"epochs at most, {self.num_seeds} seeds.",
            curves("Error by depth and width", DEPTHS, found, x="hidden layers", y="squared error"),
            (
                below(
                    "two layers err less than one (16 units)", estimate(usual[:, 1] - usual[:, 0])
                ),
                below(
                    "six layers err less than one (16 units)", estimate(usual[:, -1] - usual[:, 0])
                ),
                below("16 units err less than 4 (one layer)", estimate(usual[:, 0] - narrow[:, 0])),
                below("64 units err less than 16 (one layer)", estimate(wide[:, 0] - usual[:, 0])),
                above("shapes differ by more than seeds do", estimate(spread), 1),
            ),
        )

    def _error(self, rows, widths, seed):
        learned, valid, test = dense_fits(rows, widths=widths)
        best = (np.inf, np.inf)
        for rate in RATES:
            batches = list(batches_of(len(learned.y), 16, self.epochs, seed))
            walk = learned.walk(batches, seed=seed, rate=rate, way=Sgd(momentum=0.9))
            for number, weights in enumerate(walk, 1):
                if number % 40 == 0:
                    best = min(best, (valid.loss(weights, seed), test.loss(weights, seed)))
        return best[1]
