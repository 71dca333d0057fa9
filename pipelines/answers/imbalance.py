"""Question 37: what balancing does for a rare class, and what a threshold does."""

from dataclasses import dataclass, replace

import numpy as np

from ..balance import OversampleRandom, SmoteNC, UndersampleRandom, WeightByClass
from ..rows.split import SplitRandom
from ..tabular import BIRDS
from ..tasks.metrics import score_ranks
from .frame import Answer, Findings, above, bars, below, estimate, net_rows
from .frame.plain import logistic_scores

WAYS = {
    "none": None,
    "class weights": WeightByClass(),
    "oversampling": OversampleRandom(),
    "undersampling": UndersampleRandom(),
    "SMOTE": SmoteNC(),
}
COST = 9.0  # of a case that is missed; a false alarm costs one
FEW = replace(BIRDS, split=SplitRandom(test=0.7, valid=0.1))


@dataclass(frozen=True)
class Imbalance(Answer):
    """Balances bird strikes in four ways, and decides at a half and at what mistakes cost."""

    number = 37
    question = "How is imbalanced data handled?"
    claim = (
        "Resampling or weighting the rare class, and SMOTE most of all, makes a classifier "
        "better at finding it than learning from the rows as they are."
    )
    known = (
        "Balancing moves the threshold: probabilities rise, so that more cases are found at a "
        "half, and more false alarms raised. The ranking of rows gets no better, undersampling "
        "loses rows, and a threshold from what the mistakes cost does the same without "
        "touching the rows, whose probabilities stay true."
    )
    sources = (
        "Elkan 2001, costs and thresholds, https://dl.acm.org/doi/10.5555/1642194.1642224",
        "Elor and Averbuch-Elor 2022, To SMOTE or not to SMOTE, https://arxiv.org/abs/2201.08528",
        "van den Goorbergh et al. 2022, https://doi.org/10.1093/jamia/ocac093",
    )
    by_hand = """
cost_of_a_miss, cost_of_an_alarm = 9, 1
threshold = cost_of_an_alarm / (cost_of_an_alarm + cost_of_a_miss)
print(threshold)  # answer yes where the probability is above it
"""
    num_splits: int = 4

    def measure(self) -> Findings:
        found = {name: [] for name in WAYS}
        for seed in range(self.num_splits):
            rows = net_rows(FEW, seed=seed)
            for name, balancer in WAYS.items():
                balanced = replace(rows, train=rows.inputs.balanced_with(balancer))
                found[name].append(_scores(logistic_scores(balanced), rows.test.y))
        columns = ("average precision", "cost at a half", "cost at the threshold of costs")
        table = {}
        for name, scores in found.items():
            table[name] = dict(zip(columns, map(estimate, np.array(scores).T), strict=True))
        none, smote = (np.array(found[name]) for name in ("none", "SMOTE"))
        parts = []
        for name in list(WAYS)[1:]:
            ahead = np.array(found[name])[:, 0] - none[:, 0]
            parts.append(above(f"{name}: average precision rises", estimate(ahead)))
        at_a_half = estimate(smote[:, 1] - none[:, 1])
        moved = estimate(smote[:, 1:].min(axis=1) - none[:, 2])
        parts.append(below("SMOTE: mistakes at a half cost less", at_a_half))
        parts.append(below("and less than with a moved threshold alone", moved))
        return Findings(
            f"Bird strikes, {len(rows.train):,} rows to learn from of which "
            f"{rows.train.y.mean():.0%} "
            f"had an effect, {len(rows.test):,} test rows, {self.num_splits} splits, "
            "logistic regression; "
            f"a miss costs {COST:g}, an alarm 1, per row.",
            bars("Balancing, and a threshold", table, y="score, cost a row"),
            tuple(parts),
        )


def _scores(given, y):
    """Average precision, and the cost a row at two thresholds."""
    costs = []
    for threshold in (0.5, 1 / (1 + COST)):
        chosen = given[:, 1] >= threshold
        costs.append(np.mean(COST * ((y == 1) & ~chosen) + ((y == 0) & chosen)))
    return [score_ranks(y, given)["average_precision"], *costs]
