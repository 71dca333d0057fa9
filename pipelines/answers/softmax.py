"""Question 23: what softmax promises, and whether a net keeps it."""

from dataclasses import dataclass

import numpy as np

from ..tabular import STORMS, Mlp
from .frame import (
    Answer,
    Findings,
    below,
    curves,
    estimate,
    exactly,
    logits,
    net_rows,
    softmax,
    within,
)

TEMPERATURES = (0.5, 1.0, 1.5, 2.0, 3.0, 4.0, 6.0)


@dataclass(frozen=True)
class Softmax(Answer):
    """Looks at the outputs of nets for storms, whose nine classes are hard to part."""

    number = 23
    question = "What is softmax, and are its outputs probabilities?"
    claim = (
        "Softmax turns outputs into probabilities: they sum to one, do not change if all "
        "outputs are shifted alike, and state how often each class is right."
    )
    known = (
        "They are positive and sum to one by construction. How often they are right is a "
        "matter of the training: nets that fit their rows closely are too sure, and one "
        "temperature, chosen on validation rows, repairs most of it without changing an "
        "answer. In float16 exp(12) is infinite: the largest output is subtracted first."
    )
    sources = (
        "Guo et al. 2017, On calibration of modern neural networks, "
        "https://arxiv.org/abs/1706.04599",
        "Blanchard, Higham and Higham 2021, https://doi.org/10.1093/imanum/draa038",
    )
    by_hand = """
import numpy as np
z = np.array([2.0, 1.0, -1.0])
print(np.exp(z - z.max()) / np.exp(z - z.max()).sum())
"""
    num_seeds: int = 5
    epochs: int = 30

    def measure(self) -> Findings:
        rows = net_rows(STORMS)
        net = Mlp((64, 32), dropout=0.0, num_members=1)
        outputs = []
        for seed in range(self.num_seeds):
            model = rows.fit(net, seed=seed, epochs=self.epochs, batch_size=256).model
            outputs.append(logits(model, rows.test))
        z = np.array(outputs)
        y = rows.test.y
        is_right = z.argmax(axis=-1) == y
        sure = np.array([_surplus(z / each, is_right) for each in TEMPERATURES]).T
        with np.errstate(over="ignore"):  # what is counted
            half = np.exp(z.astype(np.float16))
        lost = exactly(np.isinf(half).any(axis=2).mean())
        sums = exactly(np.abs(softmax(z).sum(axis=-1) - 1).max())
        shifted = exactly(np.abs(softmax(z + 100) - softmax(z)).max())
        exhibit = curves(
            "How sure the nets are, less how often they are right",
            TEMPERATURES,
            {"nine kinds of storm": sure, "calibrated": 0 * sure[0]},
            x="temperature",
            y="share",
        )
        return Findings(
            f"Nine kinds of storm, {len(y):,} test rows of storms held out whole (split "
            "seed 0), "
            f"{self.num_seeds} training seeds. Rows that overflow in float16: {lost.mean:.1%}.",
            exhibit,
            (
                below("they sum to one, to 1e-9", sums, 1e-9),
                below("a shift of 100 changes nothing, to 1e-9", shifted, 1e-9),
                within("as sure as right, to 0.02", estimate(sure[:, 1]), -0.02, 0.02),
            ),
        )


def _surplus(z, is_right):
    """float64 [seeds]: the mean largest probability, less the share of right answers."""
    return softmax(z).max(axis=-1).mean(axis=-1) - is_right.mean(axis=-1)
