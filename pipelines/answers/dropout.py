"""Question 12: dropout by rate, width and rows."""

from dataclasses import dataclass

import numpy as np

from ..tabular import PENGUINS
from ..training.optimizers import Sgd
from .frame import Answer, Findings, bars, below, estimate, net_rows
from .frame.descent import batches_of, dense_fits
from .frame.dropped import walk_with_dropout

RATES = (0.0, 0.2, 0.5)
NETS = {
    "256 units, 60 rows": (256, 60),
    "8 units, 60 rows": (8, 60),
    "256 units, 218 rows": (256, 218),
}


@dataclass(frozen=True)
class Dropout(Answer):
    """Trains small and wide nets for penguins on few and on all rows, at three rates."""

    number = 12
    question = "What is dropout?"
    claim = (
        "Units are left out at random in each step, so that none relies on another: it prevents "
        "overfitting, and the net does better on new rows."
    )
    known = (
        "It is a penalty, much like noise or L2, and strongest where rows are few, also for small "
        "nets. Where rows are enough, or early stopping or batch normalization at work already, "
        "the gain is often within noise, and nets that underfit lose by it. It needs more steps, "
        "as each is noisier."
    )
    sources = (
        "Srivastava et al. 2014, https://jmlr.org/papers/v15/srivastava14a.html",
        "Wager, Wang and Liang 2013, as a penalty, https://arxiv.org/abs/1307.1493",
        "Li et al. 2019, with batch normalization, https://arxiv.org/abs/1801.05134",
    )
    by_hand = """
import numpy as np
values, stays = np.ones(10), np.random.default_rng(0).random(10) >= 0.5
print(values * stays / 0.5)  # in training; at prediction values stay as they are
"""
    num_seeds: int = 8
    num_steps: int = 900

    def measure(self) -> Findings:
        rows = net_rows(PENGUINS)
        table, parts = {}, []
        for name, (width, num_rows) in NETS.items():
            runs = [self._errors(rows, width, num_rows, seed) for seed in range(self.num_seeds)]
            learned, new = np.moveaxis(runs, 2, 0)
            table[name] = {}
            for place, rate in enumerate(RATES):
                table[name][f"new rows, dropout {rate}"] = estimate(new[:, place])
            for place, rate in enumerate(RATES[1:], 1):
                gained = estimate(new[:, place] - new[:, 0])
                parts.append(below(f"{name}: {rate} errs less on new rows", gained))
            gap = estimate((new[:, 2] - learned[:, 2]) - (new[:, 0] - learned[:, 0]))
            parts.append(below(f"{name}: training and new rows are closer", gap))
        wide, small = table["256 units, 60 rows"], table["8 units, 60 rows"]
        least = [min(each.mean for each in group.values()) for group in (wide, small)]
        return Findings(
            "Squared error of the test part of penguins (split seed 0, variance 1), one layer of "
            f"tanh, {self.num_steps} steps of 16 rows, {self.num_seeds} draws of rows and seeds. "
            f"Least of the wide net {least[0]:.3f}, of the small one {least[1]:.3f}.",
            bars("Dropout by width and rows", table, y="squared error"),
            tuple(parts),
        )

    def _errors(self, rows, width, num_rows, seed):
        """float64 [rates, 2]: errors on the rows that were learned from, and on new ones."""
        learned, _, new = dense_fits(rows.few(num_rows, seed=seed), widths=(width,))
        found = []
        for dropout in RATES:
            epochs = self.num_steps * 16 // num_rows
            batches = batches_of(num_rows, 16, epochs, seed)
            knobs = {"seed": seed, "rate": 0.01, "way": Sgd(momentum=0.9), "dropout": dropout}
            *_, weights = walk_with_dropout(learned, batches, **knobs)
            found.append([learned.loss(weights, seed), new.loss(weights, seed)])
        return found
