"""Question 41: where dropout stands, and what it is worth at prediction."""

from dataclasses import dataclass

import numpy as np

from ..tabular import CREDIT
from ..training.optimizers import Sgd
from .frame import Answer, Findings, above, bars, below, estimate, net_rows, numbers_of, softmax
from .frame.deep import AFTER, BEFORE, INPUTS, DeepFit
from .frame.dense import shaped
from .frame.descent import batches_of

RATE = 0.4
DROPPED = "no norm"
NETS = {
    "none": {"normalizes": True},
    "after norm": {"normalizes": True, "place": AFTER},
    "before norm": {"normalizes": True, "place": BEFORE},
    "at the inputs": {"normalizes": True, "place": INPUTS},
    DROPPED: {"place": AFTER},
}
PASSES = "the same, 30 passes"


@dataclass(frozen=True)
class DropoutLayers(Answer):
    """Trains nets for credit with dropout in several places, and leaves it on at prediction."""

    number = 41
    question = "Where do dropout layers stand, and what happens at prediction?"
    claim = (
        "After hidden layers, not at the inputs, and not in front of batch normalization; at "
        "prediction dropout is off. Left on, the spread of several passes shows how sure the "
        "net is."
    )
    known = (
        "In front of batch normalization it makes the variance in training another than at "
        "prediction, which shifts what follows. Averaged passes are a cheap ensemble with a "
        "little better probabilities; their spread is of the drawn masks, at a rate that someone "
        "chose, and finds mistakes of classes hardly better than the plain probability does."
    )
    sources = (
        "Gal and Ghahramani 2016, Monte Carlo dropout, https://arxiv.org/abs/1506.02142",
        "Li et al. 2019, with batch normalization, https://arxiv.org/abs/1801.05134",
        "Ovadia et al. 2019, uncertainty compared, https://arxiv.org/abs/1906.02530",
    )
    by_hand = """
import numpy as np
random, values = np.random.default_rng(0), np.full(50, 0.2)
passes = [(values * (random.random(50) >= 0.4) / 0.6).sum() for _ in range(30)]
print(values.sum(), np.mean(passes), np.std(passes))  # off, the mean of 30 passes, their spread
"""
    num_seeds: int = 8
    num_rows: int = 800
    epochs: int = 15
    num_passes: int = 30

    def measure(self) -> Findings:
        rows = net_rows(CREDIT)
        runs = [self._of_seed(rows, seed) for seed in range(self.num_seeds)]
        found = {name: np.array([run[name] for run in runs]) for name in runs[0]}
        by_spread, by_answer = found.pop("by the spread"), found.pop("by the probability")
        table = {name: {"log loss": estimate(values)} for name, values in found.items()}
        finds = {"by the spread": by_spread, "by the probability": by_answer}
        table["finds mistakes"] = {name: estimate(values) for name, values in finds.items()}
        after = found["after norm"]
        lost = {name: estimate(values - after) for name, values in found.items()}
        return Findings(
            f"{len(rows.test):,} test rows of credit (split seed 0), {self.num_rows} to learn "
            f"from, two layers of 64 ReLU units, rate {RATE}, {self.epochs} epochs by 32, "
            f"{self.num_seeds} draws and seeds. Finds mistakes: ROC-AUC of wrong answers by how "
            "unsure they are.",
            bars("Places of dropout", table, y="log loss, ROC-AUC"),
            (
                above("after normalization: better than none", lost["none"]),
                above("before it: worse than after it", lost["before norm"]),
                above("at the inputs: worse than after hidden layers", lost["at the inputs"]),
                below(
                    "30 passes: a lower log loss than one without dropout",
                    estimate(found[PASSES] - found[DROPPED]),
                ),
                above(
                    "their spread finds mistakes better than the probability",
                    estimate(by_spread - by_answer),
                ),
            ),
        )

    def _of_seed(self, rows, seed):
        """The log loss of each net on the test rows, and what several passes of one find."""
        few = rows.few(self.num_rows, seed=seed).train
        new, found = numbers_of(rows.test), {}
        for name, knobs in NETS.items():
            fit = DeepFit(numbers_of(few), few.y, (64, 64), dropout=RATE, **knobs)
            batches = batches_of(len(few), 32, self.epochs, seed)
            *_, weights = fit.walk(batches, seed=seed, rate=0.02, way=Sgd(momentum=0.9))
            found[name] = fit.loss(fit.answers(weights, new, seed=seed), rows.test.y)
        random = np.random.default_rng(seed)
        now = shaped(weights, fit.start(seed))
        passes = [fit.run(now, new, random).answers for _ in range(self.num_passes)]
        return {**found, **_of_passes(softmax(np.array(passes)), rows.test.y)}


def _of_passes(given, y):
    """Log loss of the mean of passes, and how well spread and probability find mistakes."""
    from sklearn.metrics import log_loss, roc_auc_score

    mean, spread = given[..., 1].mean(axis=0), given[..., 1].std(axis=0)
    wrong = (mean >= 0.5) != y
    return {
        PASSES: log_loss(y, mean),
        "by the spread": roc_auc_score(wrong, spread),
        "by the probability": roc_auc_score(wrong, -np.abs(mean - 0.5)),
    }
