"""Question 40: what outputs, importances and gradients show, and what they do not."""

from dataclasses import dataclass, replace

import numpy as np

from ..steps import ScaleStandard
from ..tabular import STORMS, Mlp
from .frame import (
    Answer,
    Findings,
    above,
    bars,
    below,
    estimate,
    net_rows,
    probabilities,
    within,
)
from .frame.importances import by_gradients, by_leaving_out, by_shuffling

DIAMETERS = ("tropicalstorm_force_diameter", "hurricane_force_diameter")
SEVEN_COLUMNS = replace(
    STORMS,
    load=replace(STORMS.load, drop=("category", *DIAMETERS)),
    encode=(ScaleStandard(),),
)
SURE = 0.9
KINDS = ("shuffled", "gradient", "gradient, untrained", "the surest mistake")


@dataclass(frozen=True)
class ReadingOutputs(Answer):
    """Reads nets for storms by their probabilities, shuffled columns, gradients and mistakes."""

    number = 40
    question = "How are the outputs of a net read?"
    claim = (
        "A probability is how sure the net is, and so how often it is right; the confusion "
        "matrix shows which classes it takes for each other; importances and gradients show "
        "what it goes by, and agree."
    )
    known = (
        "A probability is what training on these rows made it: nets that were trained for long "
        "are surer than right, short or penalized training leaves them less sure, rows of "
        "another kind change it again, and some mistakes are very sure. Importances answer "
        "different questions: a shuffled column is what the score needs, a gradient what moves "
        "the answer here and now. Some maps of gradients hardly change if the weights are random."
    )
    sources = (
        "Guo et al. 2017, calibration, https://arxiv.org/abs/1706.04599",
        "Ovadia et al. 2019, on shifted rows, https://arxiv.org/abs/1906.02530",
        "Adebayo et al. 2018, sanity checks, https://arxiv.org/abs/1810.03292",
    )
    by_hand = """
import numpy as np
sure, right = np.array([0.95, 0.9, 0.6, 0.99]), np.array([1, 1, 0, 0])
print(sure.mean() - right.mean(), sure[(right == 0) & (sure > 0.9)])  # too sure; sure mistakes
"""
    num_seeds: int = 5
    num_rows: int = 3000
    num_steps: int = 700

    def measure(self) -> Findings:
        shares, numbers = [], []
        for seed in range(self.num_seeds):
            rows = net_rows(SEVEN_COLUMNS, seed=seed)
            for each, new in zip((shares, numbers), self._of_split(rows, seed), strict=True):
                each.append(new)
        table = {}
        for place, name in enumerate(rows.signature.primitives[-1].columns):
            values = np.array(shares)[:, :, place].T
            table[name] = dict(zip(KINDS, map(estimate, values), strict=True))
        ahead, among_sure, sure_mistakes, pairs = np.array(numbers).T
        ranks = np.array([[_rank_correlation(each[1], other) for other in each] for each in shares])
        return Findings(
            f"{self.num_seeds} splits by whole storms, {self.num_rows:,} rows to learn from, nine "
            f"classes, a net of 64 units. Sure: a probability of {SURE} and more.",
            bars("What the net goes by", table, y="share of the columns"),
            (
                within("it is as sure as it is right, to .03", estimate(ahead), -0.03, 0.03),
                above("sure answers are right as often", estimate(among_sure), SURE),
                below("mistakes are never sure: 1 % at most", estimate(sure_mistakes), 0.01),
                above("three pairs of classes have half of the mistakes", estimate(pairs), 0.5),
                above("shuffling and gradients rank columns alike", estimate(ranks[:, 0]), 0.8),
                below("gradients of an untrained net do not", estimate(ranks[:, 2]), 0.5),
            ),
        )

    def _of_split(self, rows, seed):
        """What each column has of each kind of importance, and what the answers are like."""
        few = rows.few(self.num_rows, seed=seed)
        net = Mlp((64,), dropout=0.1, num_members=1)
        model = few.fit(net, seed=seed, num_steps=self.num_steps, batch_size=64).model
        given, y = probabilities(model, rows.test), rows.test.y
        chosen, sure = given.argmax(axis=1), given.max(axis=1)
        wrong = chosen != y
        pairs = np.sort(np.column_stack([chosen, y])[wrong], axis=1)
        counts = np.sort(np.unique(pairs, axis=0, return_counts=True)[1])
        answers = [
            np.mean(sure) - np.mean(~wrong),
            np.mean(~wrong[sure >= SURE]),
            np.mean(sure[wrong] >= SURE),
            counts[-3:].sum() / wrong.sum(),
        ]
        untrained = rows.build(net, seed=seed)
        columns = [
            by_shuffling(model, rows.test, seed),
            by_gradients(model, rows.test),
            by_gradients(untrained, rows.test),
            by_leaving_out(model, rows.test, np.argmax(sure * wrong)),
        ]
        return [each / each.sum() for each in columns], answers


def _rank_correlation(first, second):
    ranks = [np.argsort(np.argsort(each)) for each in (first, second)]
    return np.corrcoef(ranks)[0, 1]
