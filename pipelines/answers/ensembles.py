"""Question 48: what averaging nets is worth, and where it comes from."""

from dataclasses import dataclass, replace

import numpy as np

from ..tabular import PENGUINS
from ..training.optimizers import Sgd
from .frame import Answer, Findings, above, bars, below, estimate, exactly, net_rows
from .frame.dense import forward, shaped
from .frame.descent import batches_of, dense_fits


@dataclass(frozen=True)
class Ensembles(Answer):
    """Averages ten nets of other seeds, or of other draws of 80 penguins, and stacks them."""

    number = 48
    question = "What are ensembles, and why do they work?"
    claim = (
        "Averaging models that err in different ways errs less than they do: bagging makes "
        "them differ by drawing rows, stacking weighs them, and both beat the best single "
        "model."
    )
    known = (
        "For squared errors, the average errs less than its members do on average, by exactly "
        "their variance around it. Nets differ by their seeds already, so that bagging gives up "
        "rows for little; weights of a stack are learned from few rows, and equal ones are hard "
        "to beat. Ten members take ten times the bytes unless they are distilled."
    )
    sources = (
        "Krogh and Vedelsby 1995, the identity, "
        "https://papers.nips.cc/paper/1994/hash/b8c37e33defde51cf91e1e03e51657da-Abstract.html",
        "Lakshminarayanan et al. 2017, seeds, https://arxiv.org/abs/1612.01474",
        "Breiman 1996, bagging, https://doi.org/10.1007/BF00058655",
    )
    by_hand = """
import numpy as np
answers, truth = np.array([1.0, 2.0, 4.0]), 2.0
print((answers.mean() - truth) ** 2, ((answers - truth) ** 2).mean() - answers.var())
"""
    num_draws: int = 8
    num_members: int = 10
    epochs: int = 40

    def measure(self) -> Findings:
        rows = net_rows(PENGUINS)
        names = ("a member", "the best member", "seeds", "bagging", "stacking", "boosting")
        runs = np.array([self._of_draw(rows, draw) for draw in range(self.num_draws)])
        error = dict(zip(names, runs.T[:-1], strict=True))
        table = {name: {"error": estimate(values)} for name, values in error.items()}
        against = {name: estimate(error[name] - error["seeds"]) for name in names}
        return Findings(
            f"Squared error of the test part of penguins (split seed 0), {self.num_members} "
            f"nets of 32 units on 80 rows drawn {self.num_draws} times; the best member and "
            "the stack's weights by validation rows.",
            bars("One net and ten", table, y="squared error"),
            (
                above("seeds: better than the mean member", against["a member"]),
                above("better than the best member", against["the best member"]),
                below(
                    "by exactly the members' variance, to 1e-12", exactly(runs[:, -1].max()), 1e-12
                ),
                below("bagging is better than seeds", against["bagging"]),
                below("stacking is better than equal weights", against["stacking"]),
            ),
        )

    def _of_draw(self, rows, draw):
        fits = dense_fits(rows.few(80, seed=draw), widths=(32,))
        members = np.array([self._answers(fits, seed) for seed in range(self.num_members)])
        valid, test = members[:, : len(fits[1].y)], members[:, len(fits[1].y) :]
        truth = fits[2].y
        errors = np.mean((test - truth) ** 2, axis=1)
        best = np.mean((valid - fits[1].y) ** 2, axis=1).argmin()
        average = test.mean(axis=0)
        identity = errors.mean() - test.var(axis=0).mean() - np.mean((average - truth) ** 2)
        bagged = np.array(
            [self._answers(fits, seed, bags=True) for seed in range(self.num_members)]
        )
        answers = (
            average,
            bagged[:, len(fits[1].y) :].mean(axis=0),
            _stacked(valid, fits[1].y) @ test,
            _boosted(fits),
        )
        return [
            errors.mean(),
            errors[best],
            *(np.mean((each - truth) ** 2) for each in answers),
            abs(identity),
        ]

    def _answers(self, fits, seed, *, bags=False):
        """float64 [validation rows, then test rows], of a net."""
        learned, valid, test = fits
        if bags:
            drawn = np.random.default_rng(seed).integers(0, len(learned.y), len(learned.y))
            learned = replace(learned, x=learned.x[drawn], y=learned.y[drawn])
        batches = batches_of(len(learned.y), 16, self.epochs, seed)
        *_, weights = learned.walk(batches, seed=seed, rate=0.01, way=Sgd(momentum=0.9))
        x = np.concatenate([valid.x, test.x])
        return forward(shaped(weights, learned.start(seed)), x)[-1][:, 0]


def _stacked(answers, truth):
    """Weights of members by least squares with a small penalty towards equal ones."""
    num = len(answers)
    inner = answers @ answers.T + 0.1 * len(truth) * np.eye(num)
    equal = np.full(num, 1 / num)
    return equal + np.linalg.solve(inner, answers @ (truth - equal @ answers))


def _boosted(fits):
    from sklearn.ensemble import GradientBoostingRegressor

    model = GradientBoostingRegressor(random_state=0).fit(fits[0].x, fits[0].y)
    return model.predict(fits[2].x)
