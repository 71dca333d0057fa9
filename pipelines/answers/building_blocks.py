"""Question 3: a net of three layers by hand, and what each of its parts is needed for."""

from dataclasses import dataclass

import numpy as np

from ..tabular import PENGUINS, Mlp
from .frame import Answer, Findings, above, bars, below, estimate, geometric, net_rows
from .frame.dense import forward

ACTIVATIONS = {
    "relu": lambda z: np.maximum(z, 0),
    "tanh": np.tanh,
    "sigmoid": lambda z: 1 / (1 + np.exp(-z)),
}
FORMS = ("as Keras", "without biases", "without activations")


@dataclass(frozen=True)
class BuildingBlocks(Answer):
    """Compares Keras with numpy on penguins, the whole net and the net without one part."""

    number = 3
    question = "What are the building blocks of a neural network?"
    claim = (
        "Weights, biases, activations and the connections between layers are all there is: a "
        "net is weighted sums with a bend between them, and each part is needed."
    )
    known = (
        "One hidden layer with a bend that is no polynomial approximates any continuous "
        "function; without the bend all layers are one matrix, whatever their number (question "
        "49)."
    )
    sources = (
        "Cybenko 1989, https://doi.org/10.1007/BF02551274",
        "Leshno et al. 1993, https://doi.org/10.1016/S0893-6080(05)80131-5",
    )
    by_hand = """
import numpy as np
x, w1, b1, w2, b2 = np.ones(3), np.eye(3), np.zeros(3), np.ones((3, 1)), np.zeros(1)
print(np.maximum(x @ w1 + b1, 0) @ w2 + b2)
"""
    num_seeds: int = 5

    def measure(self) -> Findings:
        rows = net_rows(PENGUINS)
        seeds = range(self.num_seeds)
        found = {}
        for word in ACTIVATIONS:
            net = Mlp((16, 8), dropout=0.0, normalization=False, activation=word, num_members=1)
            found[word] = np.array([_differences(rows, net, seed) for seed in seeds]).T
        tables = {}
        for name, each in found.items():
            tables[name] = dict(zip(FORMS, map(geometric, each), strict=True))
        whole, bare, flat = map(estimate, np.concatenate(list(found.values()), axis=1))
        exhibit = bars("A net by hand, whole and without a part", tables, y="difference", log=True)
        return Findings(
            "The largest difference from Keras over the penguins of the test part (split "
            "seed 0), "
            f"as a share of the largest answer; nets of 16 and 8 units, {len(seeds)} seeds.",
            exhibit,
            (
                below("numpy gives what Keras gives, to 1e-6", whole, 1e-6),
                above("without biases it answers otherwise", bare, 0.01),
                above("without activations it answers otherwise", flat, 0.01),
            ),
        )


def _differences(rows, net, seed):
    model = rows.build(net, seed=seed)
    random = np.random.default_rng(seed)
    weights = [random.normal(scale=0.3, size=each.shape) for each in model.get_weights()]
    model.set_weights(weights)
    [x] = rows.test.x.values()
    expected = np.asarray(model(rows.test.x))[:, 0, 0]
    bend = ACTIVATIONS[net.activation]
    bare = [each * (each.ndim > 1) for each in weights]
    forms = [(weights, bend), (bare, bend), (weights, lambda z: z)]
    answers = [forward(form, x, bends)[-1][:, 0] for form, bends in forms]
    return [np.abs(each - expected).max() / np.abs(expected).max() for each in answers]
