"""Question 36: the ROC curve, its area, and where it flatters."""

from dataclasses import dataclass

import numpy as np

from ..tabular import BIRDS
from ..tasks.metrics import ranks_of_class
from .frame import Answer, Findings, above, below, curves, estimate, exactly, net_rows, within
from .frame.plain import logistic_scores

RATES = (0.005, 0.01, 0.02, 0.05, 0.1)


@dataclass(frozen=True)
class RocCurve(Answer):
    """Ranks bird strikes by a logistic regression and by noise, with cases more or less rare."""

    number = 36
    question = "What is the ROC curve, and what does its area state?"
    claim = (
        "The area under the ROC curve is the chance that a case is ranked above another row; "
        "noise has a half. As it does not depend on how rare cases are, it shows how good a "
        "ranking is on imbalanced data too."
    )
    known = (
        "The first two are identities. That the area does not change with imbalance is true, "
        "and the reason that it hides what imbalance costs: with rare cases the same ranking "
        "gives far more false alarms for each hit, which average precision shows."
    )
    sources = (
        "Hanley and McNeil 1982, https://doi.org/10.1148/radiology.143.1.7063747",
        "Saito and Rehmsmeier 2015, https://doi.org/10.1371/journal.pone.0118432",
        "McDermott et al. 2024, a defence of the area, https://arxiv.org/abs/2401.06091",
    )
    by_hand = """
import numpy as np
cases, others = np.array([0.9, 0.4]), np.array([0.5, 0.3, 0.1])
print((cases[:, None] > others).mean())  # the area under the ROC curve
"""
    num_splits: int = 5

    def measure(self) -> Findings:
        areas, precisions, noise, apart = [], [], [], []
        for seed in range(self.num_splits):
            rows = net_rows(BIRDS, seed=seed)
            given, is_case = logistic_scores(rows)[:, 1], rows.test.y == 1
            above_pairs = given[is_case][:, None] - given[~is_case]
            pairs = np.mean((above_pairs > 0) + (above_pairs == 0) / 2)
            apart.append(abs(pairs - ranks_of_class(is_case, given)[1]))
            random = np.random.default_rng(seed)
            noise.append(ranks_of_class(is_case, random.random(len(given)))[1])
            found = [_mean_ranks(is_case, given, rate, random) for rate in RATES]
            precisions.append([each[0] for each in found])
            areas.append([each[1] for each in found])
        area, precision = np.array(areas), np.array(precisions)
        found = {"ROC-AUC": area, "average precision": precision}
        moved = estimate(area[:, 0] - area[:, -1])
        return Findings(
            "Bird strikes, test rows with cases thinned out at random (means of 20 draws), "
            f"{self.num_splits} splits.",
            curves("One ranking", RATES, found, x="share of cases", y="score", log="x"),
            (
                below("the area equals the pairs in order, to 1e-9", exactly(max(apart)), 1e-9),
                within("noise has a half", estimate(noise), 0.45, 0.55),
                within("the area is the same at .5 % and 10 %, to .03", moved, -0.03, 0.03),
                above("at .5 %, average precision is over .3", estimate(precision[:, 0]), 0.3),
            ),
        )


def _mean_ranks(is_case, given, rate, random):
    """Average precision and ROC-AUC, means of 20 draws of so many cases."""
    cases, others = np.flatnonzero(is_case), np.flatnonzero(~is_case)
    num = max(int(len(others) * rate / (1 - rate)), 2)
    found = []
    for _ in range(20):
        drawn = random.choice(cases, min(num, len(cases)), replace=False)
        places = np.concatenate([drawn, others])
        found.append(ranks_of_class(is_case[places], given[places]))
    return np.mean(found, axis=0)
