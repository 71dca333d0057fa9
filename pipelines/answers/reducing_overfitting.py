"""Question 38: five remedies against overfitting, alone, together and one left out."""

from dataclasses import dataclass

import numpy as np

from ..tabular import PENGUINS
from ..training.optimizers import Sgd
from .frame import Answer, Findings, above, bars, below, estimate, net_rows
from .frame.dense import forward, shaped
from .frame.descent import batches_of, dense_fits

REMEDIES = {
    "8 units": {"widths": (8,)},
    "L2": {"decay": 0.03},
    "noise": {"noise": 0.3},
    "early stopping": {"stops": True},
    "five nets": {"num_members": 5},
}
ROWS = 60
PATIENCE = 20  # looks at the validation rows, one every ten steps
WAY = Sgd(momentum=0.9)


@dataclass(frozen=True)
class ReducingOverfitting(Answer):
    """Trains nets on 60 penguins with each remedy, with all of them and with all but one."""

    number = 38
    question = "How is overfitting reduced?"
    claim = (
        "By a smaller net, penalties on the weights, noise or augmentation, early stopping and "
        "averaging nets: each helps, and they are best combined."
    )
    known = (
        "The remedies do much the same: they keep the answers smooth. The first one takes most "
        "of the gain; what another adds is small, and negative where the two together are too "
        "strong. Averaging lowers what variance is left, which is little after the others, and "
        "costs a net for each member."
    )
    sources = (
        "Bishop 1995, noise is a penalty, https://doi.org/10.1162/neco.1995.7.1.108",
        "Kukacka, Golkov and Cremers 2017, a taxonomy, https://arxiv.org/abs/1710.10686",
        "Hernández-García and König 2018, augmentation instead, https://arxiv.org/abs/1806.03852",
    )
    by_hand = """
import numpy as np
x = np.random.default_rng(0).normal(size=(20, 15)); y = x[:, 0] + 1
for decay in (0, 1, 10): print(np.linalg.solve(x.T @ x + decay * np.eye(15), x.T @ y)[:3])
"""
    num_seeds: int = 6
    epochs: int = 250

    def measure(self) -> Findings:
        rows = net_rows(PENGUINS)
        ways = {"none": (), **{name: (name,) for name in REMEDIES}, "all": tuple(REMEDIES)}
        for name in REMEDIES:
            ways[f"all but {name}"] = tuple(other for other in REMEDIES if other != name)
        error, work = {}, {}
        for name, chosen in ways.items():
            runs = [self._of_seed(rows, seed, chosen) for seed in range(self.num_seeds)]
            error[name], work[name] = np.array(runs).T
        table = {}
        for name in ways:
            shown = {"error on new rows": error[name], "work, tens": work[name] / work["none"] / 10}
            table[name] = {each: estimate(values) for each, values in shown.items()}
        parts = []
        for name in REMEDIES:
            gained = estimate(error[name] - error["none"])
            parts.append(below(f"{name} alone: less error than none", gained))
        best = min(REMEDIES, key=lambda name: error[name].mean())
        gained = estimate(error["all"] - error[best])
        parts.append(below(f"all together: less error than {best}, the best alone", gained))
        for name in REMEDIES:
            lost = estimate(error[f"all but {name}"] - error["all"])
            parts.append(above(f"all but {name}: more error than all", lost))
        return Findings(
            f"Squared error of the test part of penguins (split seed 0, variance 1); {ROWS} rows "
            f"drawn {self.num_seeds} times, 32 tanh units, {self.epochs} epochs. Work: weights "
            "times steps, by those of a net without remedies.",
            bars("Remedies alone, together and one left out", table, y="error, tens of work"),
            tuple(parts),
        )

    def _of_seed(self, rows, seed, chosen):
        """The error on new rows of the mean of the members, and the weights times steps."""
        knobs = {"widths": (32,), "stops": False, "num_members": 1}
        for name in chosen:
            knobs.update(REMEDIES[name])
        stops, num_members = knobs.pop("stops"), knobs.pop("num_members")
        fits = dense_fits(rows.few(ROWS, seed=seed), **knobs)
        runs = [self._answers(fits, seed + 100 * place, stops) for place in range(num_members)]
        answers, work = zip(*runs, strict=True)
        return np.mean((np.mean(answers, axis=0) - fits[2].y) ** 2), sum(work)

    def _answers(self, fits, seed, stops):
        learned, valid, test = fits
        best, since, kept = np.inf, 0, None
        batches = batches_of(ROWS, 16, self.epochs, seed)
        walk = learned.walk(batches, seed=seed, rate=0.01, way=WAY)
        for number, weights in enumerate(walk, 1):
            if not stops:
                kept = weights
            elif number % 10 == 0:
                loss, since = valid.loss(weights, seed), since + 1
                if loss < best:
                    best, since, kept = loss, 0, weights
                if since == PATIENCE:
                    break
        answers = forward(shaped(kept, learned.start(seed)), test.x)[-1][:, 0]
        return answers, number * len(kept)
