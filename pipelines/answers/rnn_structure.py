"""Question 16: a simple recurrent net by hand, unrolled and rolled."""

from dataclasses import dataclass

import numpy as np

from ..timeseries import ITALY_POWER, SeriesRnn
from .frame import Answer, Findings, above, below, curves, estimate, net_rows, within

UNITS = 8


@dataclass(frozen=True)
class RnnStructure(Answer):
    """Compares Keras with numpy on days of electricity, and shuffles the hours."""

    number = 16
    question = "What is the structure of a simple recurrent net?"
    claim = (
        "It reads a series step by step: the state is tanh of the input and the last state, "
        "each through weights that all steps share; the last state is the answer's "
        "features, so "
        "that the order of steps matters and their number does not change the weights."
    )
    known = (
        "Unrolled, it is a deep net with one layer a step and tied weights: the same numbers "
        "come out. Steps far back fade from the state (question 17), so that features of the "
        "last state are mostly of the last steps."
    )
    sources = (
        "Elman 1990, https://doi.org/10.1207/s15516709cog1402_1",
        "Werbos 1990, through time, https://doi.org/10.1109/5.58337",
    )
    by_hand = """
import numpy as np
state, w, u = np.zeros(4), np.ones((1, 4)), np.eye(4) / 2
for x in ([0.1], [0.5], [-0.2]): state = np.tanh(np.array(x) @ w + state @ u)
print(state)
"""
    num_seeds: int = 5

    def measure(self) -> Findings:
        rows = net_rows(ITALY_POWER)
        runs = np.array([_of_one(rows, seed) for seed in range(self.num_seeds)])
        rolled, unrolled, shuffled = map(estimate, runs[:, :3].T)
        effects = runs[:, 3:27]
        share = effects[:, -6:].sum(axis=1) / effects.sum(axis=1)
        return Findings(
            f"{len(rows.test):,} days of 24 hours, untrained nets of {UNITS} units of "
            f"{self.num_seeds} seeds; differences as shares of the largest answer.",
            curves(
                "How far an hour moves the answer",
                range(24),
                {"change of the answer": effects},
                x="hour",
                y="share",
                log="y",
            ),
            (
                below("numpy gives what Keras gives, to 1e-5", rolled, 1e-5),
                below("unrolled gives the same, to 1e-5", unrolled, 1e-5),
                above("hours in another order give another answer", shuffled, 0.01),
                within(
                    "48 hours need as many weights as 24", estimate(runs[:, 27] / runs[:, 28]), 1, 1
                ),
                below("the last six hours have less than half of the effect", estimate(share), 0.5),
            ),
        )


def _of_one(rows, seed):
    import keras

    model = rows.build(SeriesRnn(widths=(UNITS,)), seed=seed)
    [(name, x)] = rows.test.x.items()
    random = np.random.default_rng(seed)
    weights = [each + random.normal(scale=0.1, size=each.shape) for each in model.get_weights()]
    model.set_weights(weights)
    expected = np.asarray(model({name: x}))[:, 0, 0]
    layer = keras.layers.SimpleRNN(UNITS, unroll=True)
    layer.build(x.shape)
    layer.set_weights(weights[:3])
    head, shift = weights[3:]
    unrolled = (np.asarray(layer(x)) @ head + shift)[:, 0]
    answers = [_by_hand(weights, x), unrolled, _by_hand(weights, x[:, random.permutation(24)])]
    size = np.abs(expected).max()
    apart = [np.abs(each - expected).max() / size for each in answers]
    effects = [
        np.abs(_by_hand(weights, _moved(x, hour)) - answers[0]).mean() / size for hour in range(24)
    ]
    longer = keras.layers.SimpleRNN(UNITS)
    longer.build((None, 48, 1))
    return [*apart, *effects, longer.count_params(), layer.count_params()]


def _by_hand(weights, x):
    kernel, recurrent, bias, head, shift = weights
    state = np.zeros((len(x), UNITS))
    for step in range(x.shape[1]):
        state = np.tanh(x[:, step] @ kernel + state @ recurrent + bias)
    return (state @ head + shift)[:, 0]


def _moved(x, hour):
    moved = x.copy()
    moved[:, hour] += 1
    return moved
