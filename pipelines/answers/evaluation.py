"""Question 33: what a score states, and what it hides."""

from dataclasses import dataclass

import numpy as np

from ..tabular import BIRDS
from ..tasks.intervals import bootstrap_intervals
from ..tasks.metrics import score_classes, score_ranks
from .frame import Answer, Findings, above, bars, below, estimate, net_rows
from .frame.plain import logistic_scores

SHOWN = ("accuracy", "balanced_accuracy", "average_precision")


@dataclass(frozen=True)
class Evaluation(Answer):
    """Scores a logistic regression and a rule that always answers no, on ten splits of birds."""

    number = 33
    question = "How is a model evaluated?"
    claim = (
        "Accuracy on held-out rows shows how good a model is, and one held-out part of a fifth "
        "of the rows is enough to tell."
    )
    known = (
        "On rare classes a rule that never answers yes has the accuracy of the common "
        "class, so "
        "scores that count ranks or each class alike are reported with it. A score is a draw: "
        "another split moves it about as far as the interval over test rows shows, and "
        "differences smaller than that show nothing."
    )
    sources = (
        "Davis and Goadrich 2006, https://doi.org/10.1145/1143844.1143874",
        "Bouthillier et al. 2021, Accounting for variance, https://arxiv.org/abs/2103.03098",
        "Efron 1979, the bootstrap, https://doi.org/10.1214/aos/1176344552",
    )
    by_hand = """
import numpy as np
y, answers = np.array([0, 0, 0, 0, 0, 0, 0, 0, 0, 1]), np.zeros(10, int)
print((y == answers).mean(), (answers[y == 1] == 1).mean())  # accuracy, recall
"""
    num_splits: int = 10

    def measure(self) -> Findings:
        model, rule, covered = [], [], []
        for seed in range(self.num_splits):
            rows = net_rows(BIRDS, seed=seed)
            given, y = logistic_scores(rows), rows.test.y
            chosen = (given[:, 1] >= 0.5).astype(np.int64)
            model.append(score_classes(y, chosen, given))
            never = np.tile([1.0, 0.0], (len(y), 1))
            rule.append(score_classes(y, 0 * y, never))
            covered.append(_interval(y, given))
        table = {}
        for metric in SHOWN:
            columns = {"logistic": model, "never": rule}
            means = {n: estimate([one[metric] for one in each]) for n, each in columns.items()}
            table[metric.replace("_", " ")] = means
        pairs = list(zip(model, rule, strict=True))
        gains = {m: estimate([one[m] - other[m] for one, other in pairs]) for m in SHOWN}
        precision = np.array([each["average_precision"] for each in model])
        low, high = np.array(covered).T
        return Findings(
            f"Bird strikes, {len(y):,} test rows of which {y.mean():.0%} had an effect, "
            f"{self.num_splits} splits. Average precision goes from {precision.min():.3f} "
            f"to {precision.max():.3f} by split.",
            bars("A model and a rule that always answers no", table, y="score"),
            (
                above("by accuracy the model is ahead by 5 points", gains["accuracy"], 0.05),
                above("by average precision it is", gains["average_precision"], 0.05),
                below("a split moves it by less than 2 points (sd)", _spread(precision), 0.02),
                below("its interval is narrower than 5 points", estimate(high - low), 0.05),
            ),
        )


def _interval(y, given):
    def score(places):
        return score_ranks(y[places], given[places])

    return bootstrap_intervals(score, len(y), num_draws=100)["average_precision"]


def _spread(values):
    """The standard deviation, over all values with one left out (jackknife)."""
    return estimate([np.delete(values, place).std(ddof=1) for place in range(len(values))])
