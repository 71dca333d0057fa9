"""Question 20: an autoencoder against principal components, by size of the code."""

from dataclasses import dataclass

import numpy as np

from ..training.optimizers import Sgd
from ..vision import FASHION
from .frame import Answer, Findings, above, below, curves, estimate, net_rows
from .frame.dense import forward, shaped
from .frame.descent import DenseFit, batches_of
from .frame.plain import fold_scores

CODES = (2, 4, 8, 16)
RATE = 0.5


@dataclass(frozen=True)
class Autoencoders(Answer):
    """Compresses pictures of clothes of 7 × 7 pixels, and classifies them by their codes."""

    number = 20
    question = "What is an autoencoder, and what is it for?"
    claim = (
        "A net that gives its input back through a narrow layer learns a code of the data; as "
        "it bends, it keeps more than principal components of the same size, and its code "
        "serves to classify."
    )
    known = (
        "With linear layers and squared error it spans the principal components. With bends it "
        "can keep more in very few numbers, if it is trained long enough; with enough numbers "
        "the components are as good and are found exactly. A code is made to give back pixels, "
        "not to part classes."
    )
    sources = (
        "Bourlard and Kamp 1988, https://doi.org/10.1007/BF00332918",
        "Hinton and Salakhutdinov 2006, https://doi.org/10.1126/science.1127647",
        "Baldi and Hornik 1989, https://doi.org/10.1016/0893-6080(89)90014-2",
    )
    by_hand = """
import numpy as np
x = np.random.default_rng(0).normal(size=(100, 5)) @ np.diag([5, 3, 1, 0.1, 0.1])
u, s, v = np.linalg.svd(x, full_matrices=False)
print(np.mean((x - u[:, :2] * s[:2] @ v[:2]) ** 2))  # what a code of two numbers loses
"""
    num_seeds: int = 3
    epochs: int = 60

    def measure(self) -> Findings:
        rows = net_rows(FASHION)
        runs = np.array(
            [self._of_seed(rows.few(2000, seed=seed), rows, seed) for seed in range(self.num_seeds)]
        )
        bent, components, by_code, by_components = np.moveaxis(runs, 2, 0)
        shown = {
            "autoencoder": bent,
            "components": components,
            "classes by code": by_code,
            "classes by components": by_components,
        }
        return Findings(
            "Share of the variance that is lost, of 2,000 test pictures (7 × 7 pixels), "
            "and accuracy of the nearest neighbour by codes; 2,000 pictures to learn from, "
            f"drawn {self.num_seeds} times.",
            curves("What a code keeps", CODES, shown, x="numbers of the code", y="share", log="x"),
            (
                below(
                    "with 2 numbers the autoencoder loses less",
                    estimate(bent[:, 0] - components[:, 0]),
                ),
                below("with 16 numbers too", estimate(bent[:, -1] - components[:, -1])),
                above("8 numbers give 70 % of the classes and more", estimate(by_code[:, 2]), 0.7),
                above(
                    "more than as many components", estimate(by_code[:, 2] - by_components[:, 2])
                ),
            ),
        )

    def _of_seed(self, few, rows, seed):
        """float64 [codes, 4]: lost by the net and by components, accuracy by each code."""
        parts = [_small(each.x) for each in (few.train, rows.test)]
        mean, scale = parts[0].mean(axis=0), parts[0].std()
        x, new = ((each - mean) / scale for each in parts)
        axes = np.linalg.svd(x, full_matrices=False)[2]
        found = []
        for size in CODES:
            like, weights = self._trained(x, size, seed)
            values = forward(shaped(weights, like), new)
            flat = new @ axes[:size].T
            lost = [
                np.mean((each - new) ** 2) / new.var() for each in (values[-1], flat @ axes[:size])
            ]
            codes = (values[2], flat)
            found.append([*lost, *(_accuracy(code, rows.test.y, seed) for code in codes)])
        return found

    def _trained(self, x, size, seed):
        """The net's weights as they are drawn, and after training at a rate that falls to zero."""
        fit = DenseFit(x, x, (32, size, 32))
        batches = list(batches_of(len(x), 32, self.epochs, seed))
        rates = RATE * np.cos(np.linspace(0, np.pi / 2, len(batches)))
        *_, weights = fit.walk(batches, seed=seed, rate=rates, way=Sgd(momentum=0.9))
        return fit.start(seed), weights


def _small(columns):
    [pictures] = columns.values()
    blocks = pictures[..., 0].astype(np.float64).reshape(-1, 7, 4, 7, 4)
    return blocks.mean(axis=(2, 4)).reshape(-1, 49)


def _accuracy(code, y, seed):
    halves = np.array_split(np.random.default_rng(seed).permutation(len(y)), 2)
    return np.mean(fold_scores(code, y, halves, nearest=True))
