"""Question 4: six activations: gradients, dead units, scores and layers that int8 needs."""

from dataclasses import dataclass

import numpy as np

from ..slots.layers import NEED_EXPONENTIAL, Layers
from ..tabular import STORMS, Mlp
from ..training.optimizers import Sgd
from .frame import (
    Answer,
    Findings,
    above,
    bars,
    below,
    estimate,
    exactly,
    geometric,
    net_rows,
    numbers_of,
)
from .frame.bends import BENDS
from .frame.deep import DeepFit
from .frame.dense import shaped
from .frame.descent import batches_of

DEPTH = 8
RATES = (0.01, 0.03, 0.1)


@dataclass(frozen=True)
class Activations(Answer):
    """Trains nets of eight layers for storms with six activations."""

    number = 4
    question = "What are activation functions, and which should be used?"
    claim = (
        "ReLU is the best choice: its gradient does not vanish as those of sigmoid and tanh do, "
        "and it is cheap. Its units can die; leaky ReLU, ELU and GELU avoid that and do better."
    )
    known = (
        "Sigmoid fails in deep nets because its values are not around zero and its slope is a "
        "quarter at most; tanh trains well at these depths. Dead units are mostly an effect of "
        "high rates. Between ReLU and its smooth kin differences are small and depend on net and "
        "data; on a microcontroller ReLU is free, as it is part of the layer before, where "
        "others are operators of their own."
    )
    sources = (
        "Glorot, Bordes and Bengio 2011, https://proceedings.mlr.press/v15/glorot11a.html",
        "Ramachandran, Zoph and Le 2017, many tried, https://arxiv.org/abs/1710.05941",
        "Dubey, Singh and Chaudhuri 2022, a comparison, https://arxiv.org/abs/2109.14545",
    )
    by_hand = """
import numpy as np
z = np.linspace(-3, 3, 7)
print(np.maximum(z, 0), np.where(z > 0, 1, 0))  # ReLU and its slope
print(1 / (1 + np.exp(-z)), np.exp(-z) / (1 + np.exp(-z)) ** 2)  # sigmoid: a quarter at most
"""
    num_seeds: int = 4
    epochs: int = 8

    def measure(self) -> Findings:
        rows = net_rows(STORMS)
        found, table = {}, {}
        for name in BENDS:
            runs = [self._of_seed(rows, name, seed) for seed in range(self.num_seeds)]
            score, dead, slopes = found[name] = np.array(runs).T
            table[name] = {
                "accuracy": estimate(score),
                "dead units": estimate(dead),
                "gradient, first / last": geometric(slopes),
                "int8 layers, tens": exactly(_num_layers(rows, name) / 10),
            }
        score = {name: each[0] for name, each in found.items()}
        slopes = {name: geometric(each[2]) for name, each in found.items()}
        parts = [
            below("sigmoid: a hundredth of the gradient is left", slopes["sigmoid"], 0.01),
            below("tanh: a hundredth is left too", slopes["tanh"], 0.01),
            above("ReLU scores better than sigmoid", estimate(score["relu"] - score["sigmoid"])),
            above("and than tanh", estimate(score["relu"] - score["tanh"])),
            above("units of ReLU die: a tenth and more", estimate(found["relu"][1]), 0.1),
        ]
        for name in ("leaky_relu", "elu", "gelu"):
            gained = estimate(score[name] - score["relu"])
            parts.append(above(f"{name} scores better than ReLU", gained))
        return Findings(
            f"Storms, {len(rows.test):,} test rows, 2,000 to learn from, {DEPTH} layers of 32 "
            f"units (He normal), {self.epochs} epochs at the best of {len(RATES)} rates by "
            f"validation rows, {self.num_seeds} seeds; dead: the same for all training rows. "
            f"Microcontrollers' runtimes lack an exponential: {', '.join(NEED_EXPONENTIAL)} do "
            "not run there.",
            bars("Six activations", table, y="share, ratio, tens of layers"),
            tuple(parts),
        )

    def _of_seed(self, rows, name, seed):
        """Accuracy, share of dead units, gradient of the first by that of the last kernel."""
        few = rows.few(2000, seed=seed).train
        fit = DeepFit(numbers_of(few), few.y, (32,) * DEPTH, bend=BENDS[name])
        start = fit.start(seed)
        slopes = shaped(fit.gradient(start, fit.x, fit.y, None), start)[::3]
        norms = [np.linalg.norm(each) for each in slopes]
        tried = []
        for rate in RATES:
            batches = batches_of(len(few), 32, self.epochs, seed)
            *_, weights = fit.walk(batches, seed=seed, rate=rate, way=Sgd(momentum=0.9))
            loss = fit.loss(fit.answers(weights, numbers_of(rows.valid), seed=seed), rows.valid.y)
            tried.append((loss, rate, weights))
        weights = min(tried)[2]
        values = fit.run(shaped(weights, start), fit.x).values[1:]
        dead = np.mean([np.ptp(each, axis=0) < 1e-6 for each in values])
        answers = fit.answers(weights, numbers_of(rows.test), seed=seed)
        return np.mean(answers.argmax(axis=1) == rows.test.y), dead, norms[0] / norms[-1]


def _num_layers(rows, name):
    """Layers that int8 runs for one activation."""
    net = Mlp((4,), 0.0, False, num_members=1, layers=Layers(activation=name))
    return sum(f"_{name}" in layer.name for layer in rows.build(net, seed=0).layers)
