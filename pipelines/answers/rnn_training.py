"""Question 17: the gradient through time of recurrent nets."""

from dataclasses import dataclass

import numpy as np

from ..timeseries import GUN_POINT, SeriesGru, SeriesLstm, SeriesRnn
from .frame import Answer, Findings, above, below, curves, geometric, net_rows

UNITS = 16
SMALLEST = 1e-45  # that float32 holds
CELLS = {
    "LSTM": SeriesLstm(widths=(UNITS,)),
    "GRU": SeriesGru(widths=(UNITS,), most_unrolled_bytes=10**6),
}
SIMPLE = SeriesRnn(widths=(UNITS,), most_unrolled_bytes=10**6)
# What the orthogonal recurrent weights are multiplied by.
SCALES = {"simple, small weights": 0.5, "simple, orthogonal": 1.0, "simple, large weights": 2.0}


@dataclass(frozen=True)
class RnnTraining(Answer):
    """Takes the gradient of untrained nets by each of 150 steps of a hand's motion."""

    number = 17
    question = "Why are recurrent nets hard to train?"
    claim = (
        "The gradient is multiplied by the recurrent weights once a step, so that it vanishes "
        "or explodes over long series; orthogonal weights, LSTM and GRU keep it alive."
    )
    known = (
        "LSTM keeps it only as far as its forget gates are open: at a start of one half, or of "
        ".73 with a bias of one, what is a hundred steps back is lost at first, and must be "
        "learned. Orthogonal weights keep the norm of a linear recurrence; tanh takes a little "
        "in each step."
    )
    sources = (
        "Bengio, Simard and Frasconi 1994, https://doi.org/10.1109/72.279181",
        "Saxe et al. 2014, orthogonal weights, https://arxiv.org/abs/1312.6120",
        "Tallec and Ollivier 2018, gates as time constants, https://arxiv.org/abs/1804.11188",
    )
    by_hand = """
import numpy as np
w = np.linalg.qr(np.random.default_rng(0).normal(size=(8, 8)))[0]
print([np.linalg.norm(np.linalg.matrix_power(scale * w, 100), 2) for scale in (0.9, 1, 1.1)])
"""
    num_seeds: int = 6

    def measure(self) -> Findings:
        rows = net_rows(GUN_POINT)
        seeds = range(self.num_seeds)
        found = {}
        for name, scale in SCALES.items():
            found[name] = np.array([_norms(rows, SIMPLE, seed, scale) for seed in seeds])
        for name, net in CELLS.items():
            found[name] = np.array([_norms(rows, net, seed, 1.0) for seed in seeds])
        left = {name: geometric(each[:, 49] / each[:, -1]) for name, each in found.items()}
        steps = found["LSTM"].shape[1]
        kept = ("simple, orthogonal", "LSTM", "GRU")
        parts = [
            below(
                "small weights: 1e-6 and less, 100 steps back", left["simple, small weights"], 1e-6
            ),
            above("large weights: it is larger there", left["simple, large weights"], 1),
        ]
        parts += [
            above(f"{name}: more than a hundredth is left", left[name], 0.01) for name in kept
        ]
        return Findings(
            f"The norm of the gradient by each step of {len(rows.train)} series, as a share "
            f"of the last step's; {UNITS} units, {self.num_seeds} seeds, before training.",
            curves(
                "How far back a gradient reaches",
                range(1 - steps, 1),
                {name: each / each[:, -1:] for name, each in found.items()},
                x="step (0 is the last)",
                y="norm / last",
                log="y",
            ),
            tuple(parts),
        )


def _norms(rows, net, seed, scale):
    """float64 [steps]: of the gradient of the mean loss by the input of each step."""
    import tensorflow as tf

    model = rows.build(net, seed=seed)
    for weight in model.weights:
        if "recurrent_kernel" in weight.path:
            weight.assign(scale * weight)
    [(name, series)] = rows.train.x.items()
    x = tf.constant(series)
    with tf.GradientTape() as tape:
        tape.watch(x)
        outputs = model({name: x})[:, 0, 0]
        truth = tf.constant(rows.train.y, tf.float32)
        losses = tf.nn.sigmoid_cross_entropy_with_logits(truth, outputs)
    slopes = tape.gradient(losses, x).numpy().astype(np.float64)
    return np.maximum(np.linalg.norm(slopes, axis=(0, 2)), SMALLEST)
