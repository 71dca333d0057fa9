"""Question 29: what L1 and L2 leave of the weights."""

import zlib
from dataclasses import dataclass, replace

import numpy as np

from ..slots import Layers
from ..tabular import CREDIT, Mlp
from ..training.optimizers import Adam
from .frame import Answer, Findings, above, bars, below, estimate, net_rows

NET = Mlp((64,), dropout=0.0, normalization=False, num_members=1)
PENALTIES = {"none": Layers(), "L1": Layers(l1=1e-3), "L2": Layers(l2=3e-3)}


@dataclass(frozen=True)
class Penalties(Answer):
    """Trains nets for credit with each penalty, and rounds and packs their weights."""

    number = 29
    question = "How do L1 and L2 regularization differ?"
    claim = (
        "L1 makes weights exactly zero and so chooses columns and saves bytes; L2 only makes "
        "them small; both improve the score on new rows."
    )
    known = (
        "The corner of L1 puts weights to zero, in steps along a gradient up to a last small "
        "step; rounded to int8 they are exactly zero, and pack well. Whether a penalty "
        "improves the score depends on how much the net overfits: with early stopping or "
        "enough rows it may do nothing."
    )
    sources = (
        "Tibshirani 1996, https://doi.org/10.1111/j.2517-6161.1996.tb02080.x",
        "Hoerl and Kennard 1970, https://doi.org/10.1080/00401706.1970.10488634",
        "Han, Mao and Dally 2016, packing, https://arxiv.org/abs/1510.00149",
    )
    by_hand = """
import numpy as np
w = np.linspace(-2, 2, 9)
print(np.sign(w) * np.maximum(np.abs(w) - 0.5, 0), w / 1.5)  # what L1 and L2 make of w
"""
    num_seeds: int = 4
    epochs: int = 25

    def measure(self) -> Findings:
        rows = net_rows(CREDIT)
        found = {}
        for name, layers in PENALTIES.items():
            seeds = range(self.num_seeds)
            net = replace(NET, layers=layers)
            found[name] = np.array([self._one(rows, net, seed) for seed in seeds]).T
        columns = ("zero in int8", "packed / weights", "ROC-AUC")
        table = {
            name: dict(zip(columns, map(estimate, each), strict=True))
            for name, each in found.items()
        }
        score = {name: each[2] for name, each in found.items()}
        return Findings(
            f"Credit, {len(rows.train):,} rows, nets of 64 units, {self.epochs} epochs, "
            f"split seed 0, {self.num_seeds} training seeds; int8 weights packed by zlib.",
            bars("What penalties leave", table, y="share"),
            (
                above("L1 makes more than half of the weights zero", estimate(found["L1"][0]), 0.5),
                below("L2 makes fewer than a fifth zero", estimate(found["L2"][0]), 0.2),
                below(
                    "with L1 the file is less than half as large",
                    estimate(found["L1"][1] / found["none"][1]),
                    0.5,
                ),
                above("L1 improves the score", estimate(score["L1"] - score["none"])),
                above("L2 improves the score", estimate(score["L2"] - score["none"])),
            ),
        )

    def _one(self, rows, net, seed):
        optimizer = Adam(learning_rate=2e-3)
        fitted = rows.fit(net, seed=seed, epochs=self.epochs, batch_size=128, optimizer=optimizer)
        kernels = [each for each in fitted.model.get_weights() if each.ndim > 1]
        rounded = [np.rint(each / np.abs(each).max() * 127).astype(np.int8) for each in kernels]
        values = np.concatenate([each.ravel() for each in rounded])
        packed = len(zlib.compress(values.tobytes(), 9)) / len(values)
        return np.mean(values == 0), packed, rows.scores(fitted.model)["roc_auc"]
