"""Question 34: precision and recall, by threshold and by how common the class is."""

from dataclasses import dataclass

import numpy as np

from ..tabular import BIRDS
from ..tasks.metrics import score_labels
from .frame import Answer, Findings, below, curves, estimate, exactly, net_rows, within
from .frame.plain import logistic_scores

RATES = (0.02, 0.05, 0.1, 0.2, 0.35, 0.5)
THRESHOLDS = (0.05, 0.1, 0.2, 0.3, 0.5)


@dataclass(frozen=True)
class PrecisionRecall(Answer):
    """Answers bird strikes by a logistic regression, and thins out one class of the test rows."""

    number = 34
    question = "What are precision and recall?"
    claim = (
        "Precision is the share of alarms that are right, recall the share of cases that are "
        "found; a higher threshold trades recall for precision, and both are properties of the "
        "model."
    )
    known = (
        "Recall is a property of the model and the threshold. Precision depends on how common "
        "the class is too: the same model at the same threshold has another precision where "
        "cases are rarer (Bayes' rule). Recall never rises with the threshold; precision may "
        "fall, as its curve is not monotone."
    )
    sources = (
        "Saito and Rehmsmeier 2015, https://doi.org/10.1371/journal.pone.0118432",
        "Powers 2011, https://arxiv.org/abs/2010.16061",
    )
    by_hand = """
import numpy as np
y, alarms = np.array([1, 0, 1, 0]), np.array([1, 1, 0, 0])
print((y & alarms).sum() / alarms.sum(), (y & alarms).sum() / y.sum())
"""
    num_splits: int = 5

    def measure(self) -> Findings:
        from sklearn.metrics import precision_score

        by_rate, by_threshold, apart = [], [], []
        for seed in range(self.num_splits):
            rows = net_rows(BIRDS, seed=seed)
            given, y = logistic_scores(rows)[:, 1], rows.test.y
            chosen = (given >= 0.2).astype(np.int64)
            apart.append(abs(_scores(y, chosen)[0] - precision_score(y, chosen)))
            by_rate.append([_mean_scores(y, chosen, rate, seed) for rate in RATES])
            by_threshold.append([_scores(y, (given >= t).astype(np.int64)) for t in THRESHOLDS])
        precision, recall = np.moveaxis(by_rate, 2, 0)
        falling = np.diff(np.moveaxis(by_threshold, 2, 0)[1])
        means = zip(THRESHOLDS, np.mean(by_threshold, axis=0)[:, 0], strict=True)
        table = ", ".join(f"{threshold} {value:.2f}" for threshold, value in means)
        found = {"precision": precision, "recall": recall}
        moved = [estimate(each[:, -1] - each[:, 0]) for each in (recall, precision)]
        return Findings(
            "Bird strikes, threshold .2, one class of the test rows thinned out (means of 50 "
            f"draws), {self.num_splits} splits. Precision by threshold: {table}.",
            curves("One model, cases rare or common", RATES, found, x="share of cases", y="score"),
            (
                below("counted by hand they equal scikit-learn", exactly(max(apart)), 1e-12),
                below("recall never rises with the threshold", exactly(falling.max()), 1e-12),
                within("recall is the same at 2 % and 50 %, to .05", moved[0], -0.05, 0.05),
                within("so is precision", moved[1], -0.05, 0.05),
            ),
        )


def _mean_scores(y, chosen, rate, seed):
    draws = [_thinned(y, rate, 50 * seed + draw) for draw in range(50)]
    return np.mean([_scores(y[places], chosen[places]) for places in draws], axis=0)


def _scores(y, chosen):
    return score_labels("precision", y, chosen), score_labels("recall", y, chosen)


def _thinned(y, rate, seed):
    """Places of rows of which a share are cases: one of the classes is thinned out at random."""
    order = np.random.default_rng(seed).permutation(len(y))
    cases, others = order[y[order] == 1], order[y[order] == 0]
    num_cases = min(len(cases), int(len(others) * rate / (1 - rate)))
    num_others = min(len(others), int(len(cases) * (1 - rate) / rate))
    return np.concatenate([cases[:num_cases], others[:num_others]])
