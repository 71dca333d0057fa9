"""Question 7: training against held-out error, by width and rows, and each remedy alone."""

from dataclasses import dataclass

import numpy as np

from ..tabular import PENGUINS
from ..training.optimizers import Sgd
from .frame import Answer, Findings, above, bars, below, estimate, net_rows
from .frame.descent import batches_of, dense_fits

ROWS = 60
WAY = Sgd(momentum=0.9)


@dataclass(frozen=True)
class Overfitting(Answer):
    """Trains nets on 60 penguins for long, with one remedy at a time."""

    number = 7
    question = "What is overfitting, and what prevents it?"
    claim = (
        "A net with more weights than rows learns its training rows by heart and errs on new "
        "ones. More rows, fewer units, a penalty on weights, noise on inputs and early "
        "stopping each prevent it."
    )
    known = (
        "The gap between training and new rows is not the harm: the error on new rows is. More "
        "rows always help. Fewer units are no remedy that can be relied on, as wide nets often "
        "err less on new rows than narrow ones that fit as closely (double descent, question "
        "8)."
    )
    sources = (
        "Zhang et al. 2017, nets fit random labels, https://arxiv.org/abs/1611.03530",
        "Neyshabur et al. 2015, width is no capacity, https://arxiv.org/abs/1412.6614",
        "Prechelt 1998, early stopping, https://doi.org/10.1007/3-540-49430-8_3",
    )
    by_hand = """
import numpy as np
x = np.linspace(-1, 1, 10); y = x + np.random.default_rng(0).normal(size=10)
print([np.mean((np.polyval(np.polyfit(x, y, d), x) - y) ** 2) for d in (1, 5, 9)])
"""
    num_seeds: int = 8
    epochs: int = 300

    def measure(self) -> Findings:
        rows = net_rows(PENGUINS)
        ways = {
            "none": {},
            "all 218 rows": {"num_rows": 218},
            "4 units": {"widths": (4,)},
            "L2": {"decay": 0.03},
            "noise on inputs": {"noise": 0.3},
            "early stopping": {"stops": True},
            "256 units": {"widths": (256,)},
        }
        found = {}
        for name, knobs in ways.items():
            found[name] = np.array(
                [self._errors(rows, seed, **knobs) for seed in range(self.num_seeds)]
            ).T
        table = {}
        for name, (learned, new) in found.items():
            table[name] = {"training": estimate(learned), "new rows": estimate(new)}
        usual = found["none"]
        parts = [
            above(
                "without a remedy, new rows have three times the training error",
                estimate(usual[1] / usual[0]),
                3,
            )
        ]
        for name in list(ways)[1:6]:
            parts.append(
                below(f"{name}: a lower error on new rows", estimate(found[name][1] - usual[1]))
            )
        parts.append(
            above(
                "256 units err more on new rows than 32", estimate(found["256 units"][1] - usual[1])
            )
        )
        return Findings(
            f"Squared error of {ROWS} penguins drawn {self.num_seeds} times, and of the "
            f"test part (split seed 0, variance 1); nets of 32 tanh units, {self.epochs} "
            "epochs.",
            bars("Overfitting, and one remedy at a time", table, y="squared error"),
            tuple(parts),
        )

    def _errors(self, rows, seed, *, num_rows=ROWS, stops=False, **knobs):
        learned, valid, test = dense_fits(
            rows.few(num_rows, seed=seed), **{"widths": (32,), **knobs}
        )
        steps = list(batches_of(num_rows, 16, self.epochs, seed))
        best = (np.inf, np.inf, np.inf)
        for number, weights in enumerate(learned.walk(steps, seed=seed, rate=0.01, way=WAY), 1):
            is_last = number == len(steps)
            if is_last or (stops and number % 20 == 0):
                scores = [each.loss(weights, seed) for each in (valid, learned, test)]
                best = min(best, tuple(scores)) if stops else tuple(scores)
        return best[1:]
