"""Question 8: bias and variance by width, and the second descent."""

from dataclasses import dataclass

import numpy as np

from ..studies.diagnosis.decomposition import decompose_numbers
from ..tabular import PENGUINS
from .frame import Answer, Findings, above, below, curves, estimate, geometric, net_rows, numbers_of

WIDTHS = (2, 5, 10, 20, 40, 60, 80, 120, 240, 600, 1500)
ROWS = 80


@dataclass(frozen=True)
class BiasVariance(Answer):
    """Fits nets whose first layer is random and whose last is solved for, on draws of penguins."""

    number = 8
    question = "What are underfitting, bias and variance?"
    claim = (
        "A net that is too small underfits: its error is bias. With more units bias falls and "
        "variance rises, so that the error on new rows is a U with its best width in the "
        "middle."
    )
    known = (
        "The U is the first half. Where the net has as many weights as there are rows the "
        "variance is largest; beyond, the solution with the smallest weights gets smoother and "
        "the error falls again, often below the best of the U (double descent). A penalty, "
        "chosen by folds, removes the peak."
    )
    sources = (
        "Geman, Bienenstock and Doursat 1992, https://doi.org/10.1162/neco.1992.4.1.1",
        "Belkin et al. 2019, https://doi.org/10.1073/pnas.1903070116",
        "Nakkiran et al. 2021, https://arxiv.org/abs/1912.02292",
    )
    by_hand = """
import numpy as np
answers = np.random.default_rng(0).normal(1.2, 0.5, size=1000)  # of models; the truth is 1
print((answers.mean() - 1) ** 2, answers.var(), ((answers - 1) ** 2).mean())
"""
    num_seeds: int = 8
    num_draws: int = 12

    def measure(self) -> Findings:
        rows = net_rows(PENGUINS)
        mean, spread = rows.train.y.mean(), rows.train.y.std()
        train = (numbers_of(rows.train), (rows.train.y - mean) / spread)
        test = (numbers_of(rows.test), (rows.test.y - mean) / spread)
        found = np.array([self._parts(train, test, seed) for seed in range(self.num_seeds)])
        error, bias, variance, ridge = np.moveaxis(found, 2, 0)
        peak = WIDTHS.index(ROWS)
        rising = geometric(variance[:, peak] / variance[:, 3])
        shown = {"error": error, "bias": bias, "variance": variance, "error with a penalty": ridge}
        return Findings(
            f"Squared error of {len(test[1])} penguins (variance 1), {self.num_draws} draws "
            f"of {ROWS} "
            f"rows each, {self.num_seeds} seeds of the random layer.",
            curves(
                "Bias and variance by width", WIDTHS, shown, x="units", y="squared error", log="xy"
            ),
            (
                above(
                    "the narrowest net's error is mostly bias",
                    estimate(bias[:, 0] / error[:, 0]),
                    0.5,
                ),
                above("variance rises up to as many units as rows", rising, 1),
                below(
                    "bias falls from the narrowest to the widest",
                    estimate(bias[:, -1] / bias[:, 0]),
                    1,
                ),
                above(
                    "beyond, the error does not fall again",
                    estimate(error[:, -1] / error[:, peak]),
                    1,
                ),
            ),
        )

    def _parts(self, train, test, seed):
        """float64 [widths, 4]: error, bias and variance of least squares, error with a penalty."""
        return [self._of_width(train, test, seed, width) for width in WIDTHS]

    def _of_width(self, train, test, seed, width):
        random = np.random.default_rng([seed, width])
        kernel = random.normal(size=(train[0].shape[1], width)) / 3
        shift = random.uniform(-1, 1, width)
        x, new = (np.tanh(each @ kernel + shift) for each in (train[0], test[0]))
        plain, penalized = [], []
        for _ in range(self.num_draws):
            drawn = random.permutation(len(x))[:ROWS]
            plain.append(new @ np.linalg.pinv(x[drawn]) @ train[1][drawn])
            inner = x[drawn] @ x[drawn].T + 0.02 * width * np.eye(ROWS)
            penalized.append(new @ x[drawn].T @ np.linalg.solve(inner, train[1][drawn]))
        found = decompose_numbers(np.array(plain), test[1])
        other = decompose_numbers(np.array(penalized), test[1])
        return found.error, found.bias, found.variance, other.error
