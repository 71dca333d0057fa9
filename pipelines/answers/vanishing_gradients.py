"""Question 6: the gradient of each of 30 layers, and what keeps it alive."""

from dataclasses import dataclass, replace

import numpy as np

from ..slots import Layers
from ..tabular import STORMS, Mlp
from .frame import Answer, Findings, above, below, curves, geometric, net_rows
from .frame.slopes import kernel_norms

DEPTH = 30
SMALLEST = 1e-45  # that float32 holds
BARE = Mlp(
    (32,) * DEPTH,
    dropout=0.0,
    normalization=False,
    activation="sigmoid",
    num_members=1,
    layers=Layers(initializer="RandomNormal"),
)
HE = Layers(initializer="HeNormal")
WAYS = {
    "sigmoid, small weights": BARE,
    "initialization alone": replace(BARE, layers=HE),
    "ReLU alone": replace(BARE, activation="relu"),
    "batch normalization alone": replace(BARE, normalization=True),
    "skips alone": replace(BARE, residual=True),
    "ReLU and initialization": replace(BARE, activation="relu", layers=HE),
    "all of them": replace(BARE, activation="relu", layers=HE, normalization=True, residual=True),
}


@dataclass(frozen=True)
class VanishingGradients(Answer):
    """Takes the gradient of nets for storms before training, one remedy at a time."""

    number = 6
    question = "What are vanishing gradients, and what prevents them?"
    claim = (
        "Sigmoids and small weights multiply the gradient by less than one in each layer, so "
        "that the first layers learn nothing. Initialization, ReLU, batch normalization and "
        "skip connections each prevent it."
    )
    known = (
        "The slope of a sigmoid is at most a quarter: no usual initialization alone saves "
        "thirty of them, and ReLU alone loses as much to small weights. It takes a pair that "
        "fits (ReLU and He's scheme), or a path that is not multiplied (skips). Batch "
        "normalization rescales what small weights shrink, but lets gradients grow with the "
        "depth."
    )
    sources = (
        "Hochreiter 1991 and Bengio et al. 1994, https://doi.org/10.1109/72.279181",
        "Glorot and Bengio 2010, https://proceedings.mlr.press/v9/glorot10a.html",
        "He et al. 2016, skips, https://arxiv.org/abs/1512.03385",
        "Yang et al. 2019, batch normalization, https://arxiv.org/abs/1902.08129",
    )
    by_hand = """
import numpy as np
slope = 1.0
for _ in range(30): slope *= 0.25 * np.random.normal() * 0.05  # one unit a layer
"""
    num_seeds: int = 3

    def measure(self) -> Findings:
        rows = net_rows(STORMS).few(256)
        found = {}
        for name, net in WAYS.items():
            norms = [kernel_norms(rows, net, seed) for seed in range(self.num_seeds)]
            found[name] = np.maximum(norms, SMALLEST)[:, :DEPTH]
        first = {name: geometric(each[:, 0]) for name, each in found.items()}
        parts = [below(f"{name}: it vanishes", first[name], 1e-6) for name in list(WAYS)[:1]]
        for name in list(WAYS)[1:]:
            parts.append(above(f"{name}: more than a thousandth is left", first[name], 1e-3))
        return Findings(
            f"The norm of the gradient by each layer's weights: cross-entropy of 256 storms, "
            f"{DEPTH} layers of 32 units, {self.num_seeds} seeds, before training.",
            curves(
                "Gradients of 30 layers", range(1, DEPTH + 1), found, x="layer", y="norm", log="y"
            ),
            tuple(parts),
        )
