"""Question 43: seven optimizers, each at its best rate."""

from dataclasses import dataclass

import numpy as np

from ..tabular import PENGUINS
from ..training import optimizers
from .frame import Answer, Findings, above, bars, below, estimate, net_rows
from .frame.dense import flat, gradient_by_hand, shaped
from .frame.descent import batches_of, dense_fits

RATES = (0.001, 0.003, 0.01, 0.03, 0.1)
WAYS = {
    "SGD": optimizers.Sgd(momentum=0.0),
    "momentum": optimizers.Sgd(momentum=0.9),
    "Adagrad": optimizers.Adagrad(),
    "RMSprop": optimizers.RmsProp(),
    "Adam": optimizers.Adam(),
    "AdamW": optimizers.AdamW(),
    "Lion": optimizers.Lion(),
}


@dataclass(frozen=True)
class Optimizers(Answer):
    """Trains small nets on penguins by Keras' optimizers, each at five rates."""

    number = 43
    question = "Which optimizer should be used?"
    claim = (
        "Adam is the best choice: it adapts the rate of every weight, so that it trains faster "
        "than plain descent, needs no tuning of the rate, and ends with a better model."
    )
    known = (
        "Where each optimizer is tuned, differences in the end are small, and the more so the "
        "more is tuned. Adaptive ones are less sensitive to the scale of gradients, not to the "
        "rate as such; they keep two more numbers for each weight, momentum and Lion one."
    )
    sources = (
        "Kingma and Ba 2015, https://arxiv.org/abs/1412.6980",
        "Choi et al. 2019, tuned alike, https://arxiv.org/abs/1910.05446",
        "Schmidt, Schneider and Hennig 2021, fifteen optimizers, https://arxiv.org/abs/2007.01547",
    )
    by_hand = """
m = v = 0.0; w = 1.0
for t in range(1, 100):  # Adam on the loss w ** 2
    g = 2 * w; m = 0.9 * m + 0.1 * g; v = 0.999 * v + 0.001 * g * g
    w -= 0.1 * (m / (1 - 0.9**t)) / ((v / (1 - 0.999**t)) ** 0.5 + 1e-8)
"""
    num_seeds: int = 4
    epochs: int = 12

    def measure(self) -> Findings:
        rows = net_rows(PENGUINS)
        fits = dense_fits(rows)
        learned, new, wide = {}, {}, {}
        for name, spec in WAYS.items():
            errors = np.stack([self._runs(fits, spec, rate) for rate in RATES], axis=1)
            best = errors.mean(axis=0)[:, 1].argmin()
            learned[name], new[name] = errors[:, best, 0], errors[:, best, 2]
            wide[name] = np.mean(errors[..., 1] < 1.5 * errors[:, best, 1][:, None], axis=1)
        table = {}
        for name in WAYS:
            shown = {
                "training": learned[name],
                "new rows": new[name],
                "share of rates that do": wide[name],
            }
            table[name] = {each: estimate(values) for each, values in shown.items()}
        ahead = {name: estimate(learned["Adam"] - each) for name, each in learned.items()}
        further = estimate(new["Adam"] / new["momentum"])
        wider = estimate(wide["Adam"] - wide["momentum"])
        return Findings(
            "Squared error of penguins (split seed 0), nets of 16 tanh units, "
            f"{self.epochs} epochs in batches of 16, each at the best of {len(RATES)} rates "
            f"by validation rows, {self.num_seeds} seeds.",
            bars("Seven optimizers at their best rates", table, y="squared error, share"),
            (
                below("Adam's training loss is below plain descent's", ahead["SGD"]),
                below("and below momentum's", ahead["momentum"]),
                below("on new rows it errs less than momentum, by a tenth", further, 0.9),
                above("more rates do for Adam than for momentum", wider),
            ),
        )

    def _runs(self, fits, spec, rate):
        """Training, validation and test error of each seed after the last step, [seeds, 3].

        The optimizers go weight by weight, so that the nets of all seeds make one step together.
        """
        import tensorflow as tf

        seeds = range(self.num_seeds)
        like = fits[0].start(0)
        weights = tf.Variable([flat(fits[0].start(seed)) for seed in seeds], dtype=tf.float64)
        optimizer = spec.build(rate)
        batches = [batches_of(len(fits[0].y), 16, self.epochs, seed) for seed in seeds]
        for drawn in zip(*batches, strict=True):
            slopes = []
            for values, batch in zip(weights.numpy(), drawn, strict=True):
                now = shaped(values, like)
                slopes.append(gradient_by_hand(now, fits[0].x[batch], fits[0].y[batch]))
            optimizer.apply([tf.constant(np.array(slopes))], [weights])
        return [[each.loss(values, 0) for each in fits] for values in weights.numpy()]
