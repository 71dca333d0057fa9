"""Question 46: grid, random and Bayesian search at one budget, and how the best trial flatters."""

from dataclasses import dataclass

import numpy as np

from ..tabular import PENGUINS
from ..training.optimizers import Sgd
from .frame import Answer, Findings, bars, below, estimate, net_rows
from .frame.descent import batches_of, dense_fits

BUDGET = 16


@dataclass(frozen=True)
class Tuning(Answer):
    """Searches rate and penalty of small nets on penguins in three ways, sixteen trials each."""

    number = 46
    question = "How are hyperparameters tuned?"
    claim = (
        "A grid tries all combinations, random search draws them and does better at the same "
        "budget, Bayesian search learns from its trials and does best; the best trial's "
        "validation score is what to expect of it."
    )
    known = (
        "Random search wins where few of many knobs matter; with two that both do, a grid "
        "is as "
        "good. Model-based search needs some tens of trials to get ahead. The best score of "
        "many on the same validation rows is flattered by their noise, the more so the fewer "
        "the rows: only rows outside the search (nested folds) show what to expect."
    )
    sources = (
        "Bergstra and Bengio 2012, https://jmlr.org/papers/v13/bergstra12a.html",
        "Snoek, Larochelle and Adams 2012, https://arxiv.org/abs/1206.2944",
        "Cawley and Talbot 2010, the best flatters, https://jmlr.org/papers/v11/cawley10a.html",
    )
    by_hand = """
import numpy as np
scores = np.random.default_rng(0).normal(0.8, 0.03, size=(1000, 16))  # all equally good
print(scores.max(axis=1).mean())  # of the best of sixteen trials
"""
    num_seeds: int = 8
    epochs: int = 10

    def measure(self) -> Findings:
        rows = net_rows(PENGUINS)
        ways = {"grid": _grid, "random": _random, "Bayesian": _bayesian}
        found = {name: [] for name in ways}
        for seed in range(self.num_seeds):
            fits = dense_fits(rows.few(80, seed=seed))
            for name, search in ways.items():

                def trial(knobs, fits=fits, seed=seed):
                    return self._trial(fits, knobs, seed)

                found[name].append(min(search(trial, np.random.default_rng(seed))))
        table, test = {}, {}
        for name, pairs in found.items():
            valid, test[name] = np.array(pairs).T
            table[name] = {"validation": estimate(valid), "new rows": estimate(test[name])}
        gaps = np.array(list(found.values()))[1:]
        flattered = (gaps[..., 1] - gaps[..., 0]).mean(axis=0)
        return Findings(
            "Squared error of penguins: nets of 16 units on 80 rows, chosen by 55 "
            f"validation rows among {BUDGET} trials of rate and penalty, {self.num_seeds} "
            "draws and seeds.",
            bars("The best of sixteen trials", table, y="squared error"),
            (
                below(
                    "random errs less than the grid on new rows",
                    estimate(test["random"] - test["grid"]),
                ),
                below(
                    "Bayesian errs less than random", estimate(test["Bayesian"] - test["random"])
                ),
                below("the best trial errs as little on new rows", estimate(flattered), 0.01),
            ),
        )

    def _trial(self, fits, knobs, seed):
        """Validation and test error of a net; the knobs are between 0 and 1."""
        learned, valid, test = fits
        learned = type(learned)(learned.x, learned.y, decay=1e-4 * 1e4 ** knobs[1])
        batches = batches_of(len(learned.y), 8, self.epochs, seed)
        rate = 1e-4 * 1e4 ** knobs[0]
        *_, weights = learned.walk(batches, seed=seed, rate=rate, way=Sgd(momentum=0.9))
        return valid.loss(weights, seed), test.loss(weights, seed)


def _grid(trial, _):
    places = (np.arange(4) + 0.5) / 4
    return [trial((rate, penalty)) for rate in places for penalty in places]


def _random(trial, random):
    return [trial(knobs) for knobs in random.random((BUDGET, 2))]


def _bayesian(trial, random):
    """Six random trials, then where a Gaussian process has the lowest confidence bound."""
    from sklearn.gaussian_process import GaussianProcessRegressor
    from sklearn.gaussian_process.kernels import RBF

    tried = list(random.random((6, 2)))
    found = [trial(knobs) for knobs in tried]
    while len(found) < BUDGET:
        process = GaussianProcessRegressor(RBF(0.3), alpha=1e-2, optimizer=None, normalize_y=True)
        process.fit(tried, np.log([valid for valid, _ in found]))
        places = random.random((300, 2))
        mean, spread = process.predict(places, return_std=True)
        tried.append(places[np.argmin(mean - 1.5 * spread)])
        found.append(trial(tried[-1]))
    return found
