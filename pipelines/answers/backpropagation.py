"""Question 5: gradients by hand, by finite differences and by Keras' tape."""

from dataclasses import dataclass

import numpy as np

from ..tabular import PENGUINS, Mlp
from .frame import Answer, Findings, below, curves, estimate, geometric, net_rows, within
from .frame.dense import flat, gradient_by_hand, shaped, squared_error

RATES = tuple(10.0**power for power in range(-6, 1))
SHIFT = 1e-5  # of a weight, for a finite difference in float64


@dataclass(frozen=True)
class Backpropagation(Answer):
    """Takes the gradient of a net of three layers on penguins in three ways, then a step."""

    number = 5
    question = "What is backpropagation?"
    claim = (
        "Backpropagation gives the exact slope of the loss by every weight, by the chain rule "
        "from the last layer to the first, and a step against it lowers the loss."
    )
    known = (
        "It is reverse-mode differentiation: one pass backward costs about as much as two "
        "forward, where finite differences cost two forward passes a weight. The promised "
        "decrease is that of small steps; a large one can raise the loss (question 27)."
    )
    sources = (
        "Rumelhart, Hinton and Williams 1986, https://doi.org/10.1038/323533a0",
        "Baydin et al. 2018, https://arxiv.org/abs/1502.05767",
    )
    by_hand = """
import numpy as np
x, y, w = np.array([1.0, 2.0]), 3.0, np.array([0.5, -0.5])
print(2 * (x @ w - y) * x)  # the slope of (x @ w - y) ** 2
"""
    num_seeds: int = 5

    def measure(self) -> Findings:
        rows = net_rows(PENGUINS)
        net = Mlp((8, 4), dropout=0.0, normalization=False, activation="tanh", num_members=1)
        found = np.array([_of_one(rows, net, seed) for seed in range(self.num_seeds)])
        by_tape, by_shifts = map(geometric, found[:, :2].T)
        kept = found[:, 2:]
        exhibit = curves(
            "How much of the promised decrease a step keeps",
            RATES,
            {"one step": kept},
            x="rate of the step",
            y="decrease / promised",
            log="x",
        )
        return Findings(
            f"Squared error of {len(rows.train)} penguins, nets of 8 and 4 tanh units, "
            f"{self.num_seeds} seeds; differences as shares of the norm of the gradient.",
            exhibit,
            (
                below("the tape agrees with the gradient by hand, to 1e-5", by_tape, 1e-5),
                below("finite differences agree with it, to 1e-5", by_shifts, 1e-5),
                within(
                    "a small step lowers the loss as promised", estimate(kept[:, 1]), 0.99, 1.01
                ),
            ),
        )


def _of_one(rows, net, seed):
    import tensorflow as tf

    model = rows.build(net, seed=seed)
    [x] = rows.train.x.values()
    y = (rows.train.y - rows.train.y.mean()) / rows.train.y.std()
    weights = [each.astype(np.float64) for each in model.get_weights()]
    gradient = gradient_by_hand(weights, x, y)
    with tf.GradientTape() as tape:
        squared = tf.reduce_mean((model(rows.train.x)[:, 0, 0] - y.astype(np.float32)) ** 2)
    start, norm = flat(weights), np.linalg.norm(gradient)

    def loss(shift):
        return squared_error(shaped(start + shift, weights), x, y)

    shifts = SHIFT * np.eye(len(start))
    by_shifts = [(loss(each) - loss(-each)) / (2 * SHIFT) for each in shifts]
    by_tape = flat(tape.gradient(squared, model.trainable_variables))
    differences = [np.linalg.norm(each - gradient) / norm for each in (by_tape, by_shifts)]
    kept = [(loss(0) - loss(-rate * gradient)) / (rate * norm**2) for rate in RATES]
    return [*differences, *kept]
