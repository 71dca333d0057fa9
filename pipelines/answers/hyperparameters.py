"""Question 25: which hyperparameters matter, over random trials."""

from dataclasses import dataclass

import numpy as np

from ..tabular import PENGUINS
from ..training.optimizers import Sgd
from .frame import Answer, Findings, above, bars, below, estimate, net_rows
from .frame.descent import batches_of, dense_fits

NAMES = ("learning rate", "momentum", "batch size", "width", "depth", "L2", "seed")


@dataclass(frozen=True)
class Hyperparameters(Answer):
    """Trains small nets on penguins with random knobs, and asks a forest what the score goes by."""

    number = 25
    question = "What are hyperparameters, and which matter?"
    claim = (
        "What training does not learn must be chosen before it; the learning rate matters "
        "most, "
        "then momentum, batch size, width, depth and penalties."
    )
    known = (
        "In most searches a few knobs explain nearly all of it, the rate first; which others do "
        "depends on the data. This is why random search beats a grid, which spends its trials "
        "on knobs that do nothing. Importance is always over the ranges that were drawn from."
    )
    sources = (
        "Bergstra and Bengio 2012, https://jmlr.org/papers/v13/bergstra12a.html",
        "Hutter, Hoos and Leyton-Brown 2014, functional ANOVA, "
        "https://proceedings.mlr.press/v32/hutter14.html",
        "Greff et al. 2017, of LSTM, https://arxiv.org/abs/1503.04069",
    )
    by_hand = """
import numpy as np
rate, width = np.random.default_rng(0).random((2, 60))
score = -((rate - 0.5) ** 2) + 0.01 * width
print(np.corrcoef((rate - 0.5) ** 2, score)[0, 1], np.corrcoef(width, score)[0, 1])
"""
    num_trials: int = 60
    num_repeats: int = 4
    epochs: int = 15

    def measure(self) -> Findings:
        rows = net_rows(PENGUINS)
        found = np.array([self._importance(rows, repeat) for repeat in range(self.num_repeats)])
        table = {}
        for name, values in zip(NAMES, found.T, strict=True):
            table[name] = {"importance": estimate(values)}
        others = found[:, 1:6].max(axis=1)
        return Findings(
            f"log of the validation error of penguins (split seed 0); {self.num_trials} "
            f"random trials, {self.num_repeats} times; importance: how much a forest's R² "
            "falls if the knob is shuffled, by its share of the sum.",
            bars("What the score goes by", table, y="share of the importance"),
            (
                above("the learning rate matters most", estimate(found[:, 0] - others)),
                above("it has half of the importance and more", estimate(found[:, 0]), 0.5),
                above("momentum matters: a tenth and more", estimate(found[:, 1]), 0.1),
                above("width matters: a tenth and more", estimate(found[:, 3]), 0.1),
                below("the seed does not: less than a tenth", estimate(found[:, 6]), 0.1),
            ),
        )

    def _importance(self, rows, repeat):
        from sklearn.ensemble import RandomForestRegressor
        from sklearn.inspection import permutation_importance

        random = np.random.default_rng(repeat)
        knobs = random.random((self.num_trials, len(NAMES)))
        scores = [self._score(rows, knob) for knob in knobs]
        forest = RandomForestRegressor(100, random_state=repeat).fit(knobs, scores)
        found = permutation_importance(forest, knobs, scores, n_repeats=5, random_state=repeat)
        kept = np.maximum(found.importances_mean, 0)
        return kept / kept.sum()

    def _score(self, rows, knob):
        """The log of the validation error of a trial, its knobs between 0 and 1."""
        rate, momentum, batch, width, depth, penalty, seed = knob
        widths = (int(4 * 16**width),) * (1 + int(3 * depth))
        learned, valid, _ = dense_fits(rows, widths=widths, decay=1e-5 * 1e4**penalty)
        number, way = int(1000 * seed), Sgd(momentum=0.95 * momentum)
        batches = batches_of(len(learned.y), int(4 * 16**batch), self.epochs, number)
        *_, weights = learned.walk(batches, seed=number, rate=1e-4 * 1e3**rate, way=way)
        return np.log(valid.loss(weights, number))
