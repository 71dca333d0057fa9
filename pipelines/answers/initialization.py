"""Question 30: what is left of a signal after 30 layers, by how weights were drawn."""

from dataclasses import dataclass

import numpy as np

from ..slots import Layers
from ..tabular import STORMS, Mlp
from .frame import Answer, Findings, above, below, curves, geometric, net_rows, numbers_of, within
from .frame.dense import forward

SCHEMES = ("RandomNormal", "LecunNormal", "GlorotNormal", "HeNormal")
DEPTH = 30


@dataclass(frozen=True)
class Initialization(Answer):
    """Follows the variance of activations through nets of 30 layers that were not trained."""

    number = 30
    question = "Why does weight initialization matter?"
    claim = (
        "Weights that are too small let the signal die out layer by layer; Glorot's scheme "
        "keeps its variance, whatever the activation, and He's that of ReLU, so that deep nets "
        "can be trained."
    )
    known = (
        "He's variance 2/inputs keeps the mean square of ReLU nets of any depth; Glorot's "
        "halves it in each of their layers. For tanh no scheme keeps it: it is linear only near "
        "zero, so that the variance falls as one over the depth, slowly enough to train. Batch "
        "normalization makes the choice matter little."
    )
    sources = (
        "Glorot and Bengio 2010, https://proceedings.mlr.press/v9/glorot10a.html",
        "He et al. 2015, https://arxiv.org/abs/1502.01852",
        "Schoenholz et al. 2017, Deep information propagation, https://arxiv.org/abs/1611.01232",
    )
    by_hand = """
import numpy as np
x = np.random.default_rng(0).normal(size=(99, 64))
for _ in range(30): x = np.maximum(x @ np.random.normal(size=(64, 64)) * (2 / 64) ** 0.5, 0)
print(np.mean(x**2))
"""
    num_seeds: int = 5
    width: int = 64

    def measure(self) -> Findings:
        rows = net_rows(STORMS)
        x = numbers_of(rows.train)[:200]
        found = {}
        for activation, bend in (("relu", lambda z: np.maximum(z, 0)), ("tanh", np.tanh)):
            for scheme in SCHEMES:
                net = self._net(activation, scheme)
                models = [rows.build(net, seed=seed) for seed in range(self.num_seeds)]
                found[f"{activation}, {scheme}"] = np.array([_kept(m, x, bend) for m in models])
        last = {name: geometric(each[:, -1]) for name, each in found.items()}
        shown = ("relu, RandomNormal", "relu, GlorotNormal", "relu, HeNormal")
        shown += ("tanh, RandomNormal", "tanh, GlorotNormal")
        return Findings(
            f"200 training rows of storms, {DEPTH} layers of {self.width} units, not trained, "
            f"{self.num_seeds} seeds. RandomNormal has a spread of .05 whatever the width.",
            curves(
                "What is left of the signal, layer by layer",
                range(1, DEPTH + 1),
                {name: found[name] for name in shown},
                x="layer",
                y="mean square / that of layer 1",
                log="y",
            ),
            (
                below("small weights leave less than a millionth (ReLU)", last[shown[0]], 1e-6),
                below("and with tanh", last[shown[3]], 1e-6),
                within("He keeps a hundredth and more (ReLU)", last[shown[2]], 0.01, 100),
                within("Glorot keeps a hundredth and more (tanh)", last[shown[4]], 0.01, 100),
                above("Glorot with ReLU does too", last[shown[1]], 0.01),
            ),
        )

    def _net(self, activation, scheme):
        layers = Layers(initializer=scheme)
        widths = (self.width,) * DEPTH
        return Mlp(widths, 0.0, False, activation=activation, num_members=1, layers=layers)


def _kept(model, x, bend):
    values = forward(model.get_weights(), x, bend)[1:-1]
    squares = np.array([np.mean(each**2) for each in values])
    return np.maximum(squares / squares[0], 1e-30)
