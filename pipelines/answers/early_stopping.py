"""Question 39: which epoch early stopping chooses, by patience and by validation rows."""

from dataclasses import dataclass

import numpy as np

from ..tabular import PENGUINS
from ..training.optimizers import Sgd
from .frame import Answer, Findings, bars, below, estimate, net_rows
from .frame.descent import DenseFit, batches_of, dense_fits

PATIENCE = (1, 5, 20, 60)
NAMES = (*map("patience {}".format, PATIENCE), "10 validation rows", "last epoch", "best epoch")
WAY = Sgd(momentum=0.9)


@dataclass(frozen=True)
class EarlyStopping(Answer):
    """Follows nets on 60 penguins for 200 epochs, and stops them by 55 validation rows or by 10."""

    number = 39
    question = "What is early stopping?"
    claim = (
        "Training ends when validation rows get no better for some epochs (patience), and the "
        "best weights are kept: that is nearly as good as the best epoch, saves time and costs "
        "nothing."
    )
    known = (
        "It works where the validation curve has a minimum that is larger than its noise. A "
        "patience of one stops at the first bump. With few validation rows the chosen epoch is "
        "chance, and the score that chose it flatters; the rows are not free either, as "
        "the net "
        "does not learn from them."
    )
    sources = (
        "Prechelt 1998, https://doi.org/10.1007/3-540-49430-8_3",
        "Bishop 1995, as a penalty, https://doi.org/10.1162/neco.1995.7.1.108",
        "Cawley and Talbot 2010, https://jmlr.org/papers/v11/cawley10a.html",
    )
    by_hand = """
losses, best, wait = [3.0, 2.0, 2.1, 1.9, 2.2, 2.3], float("inf"), 0
for epoch, loss in enumerate(losses):
    best, wait = (loss, 0) if loss < best else (best, wait + 1)
    if wait == 2: print("stop at", epoch)
"""
    num_seeds: int = 10
    epochs: int = 200

    def measure(self) -> Findings:
        rows = net_rows(PENGUINS)
        found = np.array([self._one(rows, seed) for seed in range(self.num_seeds)])
        error = dict(zip(NAMES, found[:, :, 0].T, strict=True))
        spent = dict(zip(NAMES, found[:, :, 1].T / self.epochs, strict=True))
        table = {}
        for name in NAMES:
            shown = {"error on new rows": error[name], "share of epochs": spent[name]}
            table[name] = {each: estimate(values) for each, values in shown.items()}
        worse = {name: estimate(each / error["best epoch"]) for name, each in error.items()}
        gained = estimate(error["patience 20"] - error["last epoch"])
        return Findings(
            "Squared error of the test part of penguins (split seed 0, variance 1), nets of 32 "
            f"units on 60 rows drawn {self.num_seeds} times; 55 validation rows unless stated.",
            bars("Where training stops", table, y="error, share"),
            (
                below("patience 20: a tenth more error than the best", worse["patience 20"], 1.1),
                below("it errs less than the last epoch", gained),
                below("it takes less than half the epochs", estimate(spent["patience 20"]), 0.5),
                below("patience 1 does as well", worse["patience 1"], 1.1),
                below("10 validation rows do as well", worse["10 validation rows"], 1.1),
            ),
        )

    def _one(self, rows, seed):
        """float64 [ways, 2]: the error on new rows, and the epochs that were run."""
        learned, valid, test = dense_fits(rows.few(60, seed=seed), widths=(32,))
        few = DenseFit(valid.x[:10], valid.y[:10], widths=(32,))
        steps = list(batches_of(60, 16, self.epochs, seed))
        size = len(steps) // self.epochs
        curve = []
        walk = learned.walk(steps, seed=seed, rate=0.02, way=WAY)
        for number, weights in enumerate(walk, 1):
            if number % size == 0:
                curve.append([each.loss(weights, seed) for each in (valid, few, test)])
        by_all, by_few, new = np.array(curve).T
        stops = [_stopped(by_all, each) for each in PATIENCE] + [_stopped(by_few, 20)]
        ways = [(new[kept], ended + 1) for kept, ended in stops]
        return [*ways, (new[-1], len(new)), (new.min(), new.argmin() + 1)]


def _stopped(losses, patience):
    """The epoch whose weights are kept, and the last one that was run."""
    best = 0
    for epoch in range(1, len(losses)):
        if losses[epoch] < losses[best]:
            best = epoch
        elif epoch - best >= patience:
            return best, epoch
    return best, len(losses) - 1
