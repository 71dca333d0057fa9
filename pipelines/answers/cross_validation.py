"""Question 35: folds against one split, and three ways to be flattered by them."""

from dataclasses import dataclass

import numpy as np

from ..tabular import CREDIT, STORMS
from .frame import Answer, Findings, above, bars, below, estimate, net_rows, numbers_of
from .frame.plain import fold_scores

FOLDS = 5


@dataclass(frozen=True)
class CrossValidation(Answer):
    """Cross-validates plain models on credit, on noise, and on storms with several rows each."""

    number = 35
    question = "What is cross-validation?"
    claim = (
        "Every row is judged once by a model that did not learn from it, so the mean over "
        "folds varies less than the score of one split and is an honest estimate."
    )
    known = (
        "It is honest only if everything that learns is learned inside the fold, and if "
        "rows of "
        "one group (a patient, a storm) stay together. Choosing columns before the folds finds "
        "skill in pure noise. Folds share rows, so the usual standard error over them is too "
        "small."
    )
    sources = (
        "Ambroise and McLachlan 2002, choice before folds, https://doi.org/10.1073/pnas.102102699",
        "Bengio and Grandvalet 2004, https://jmlr.org/papers/v5/grandvalet04a.html",
        "Kapoor and Narayanan 2023, https://doi.org/10.1016/j.patter.2023.100804",
    )
    by_hand = """
import numpy as np
folds = np.array_split(np.random.default_rng(0).permutation(100), 5)
print([len(np.setdiff1d(np.arange(100), fold)) for fold in folds])  # rows to learn from
"""
    num_seeds: int = 8

    def measure(self) -> Findings:
        credit = net_rows(CREDIT).few(600).train
        x, y = numbers_of(credit), credit.y
        seeds = range(self.num_seeds)
        folds = np.array([fold_scores(x, y, _random_folds(len(y), seed)) for seed in seeds])
        single, mean = folds[:, 0], folds.mean(axis=1)
        noise = np.array([_chosen_columns(seed) for seed in seeds])
        every = net_rows(STORMS)
        storms = np.array([_storms(every, seed) for seed in seeds])
        table = {
            "credit": {"one split": estimate(single), "folds": estimate(mean)},
            "noise, 20 of 2,000 columns chosen": _pair("before the folds", "inside", noise),
            "storms": _pair("rows apart", "storms apart", storms),
        }
        left_out = [np.delete(np.arange(self.num_seeds), seed) for seed in seeds]
        spreads = [single[each].std() / mean[each].std() for each in left_out]
        return Findings(
            f"Accuracy of logistic regressions and nearest neighbours, {FOLDS} folds drawn "
            f"{self.num_seeds} times: 600 rows of credit, 60 rows of noise, 2,000 rows of "
            "storms.",
            bars("Honest and flattering folds", table, y="accuracy"),
            (
                above("one split varies more than the mean of folds", estimate(spreads), 1.0),
                below(
                    "columns chosen before the folds: no skill in noise", estimate(noise[:, 0]), 0.6
                ),
                below("columns chosen inside: no skill in noise", estimate(noise[:, 1]), 0.6),
                below(
                    "rows of one storm apart: same score",
                    estimate(storms[:, 0] - storms[:, 1]),
                    0.02,
                ),
            ),
        )


def _pair(first, second, values):
    return {first: estimate(values[:, 0]), second: estimate(values[:, 1])}


def _random_folds(num_rows, seed):
    order = np.random.default_rng(seed).permutation(num_rows)
    return np.array_split(order, FOLDS)


def _chosen_columns(seed):
    """Accuracy on noise: columns chosen by all rows, and by the rows to learn from."""
    random = np.random.default_rng(seed)
    x, y = random.normal(size=(60, 2000)), np.arange(60) % 2
    folds = _random_folds(60, seed)
    before = fold_scores(x[:, _best_columns(x, y)], y, folds)
    return np.mean(before), np.mean(fold_scores(x, y, folds, choose=_best_columns))


def _best_columns(x, y):
    return np.argsort(-np.abs(x[y == 1].mean(axis=0) - x[y == 0].mean(axis=0)))[:20]


def _storms(every, seed):
    """Accuracy of nearest neighbours: folds of rows, and folds of whole storms."""
    rows = every.few(2000, seed=seed).train
    groups, place = np.unique(rows.group, return_inverse=True)
    whole = [np.flatnonzero(np.isin(place, each)) for each in _random_folds(len(groups), seed)]
    x = numbers_of(rows)
    pairs = (_random_folds(len(rows), seed), whole)
    return [np.mean(fold_scores(x, rows.y, folds, nearest=True)) for folds in pairs]
