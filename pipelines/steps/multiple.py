"""The step that draws missing numbers several times, so that an answer knows what is missing."""

from dataclasses import dataclass
from statistics import NormalDist

import numpy as np

from ..device.primitives import GaussianDraw
from ..spec import knob
from .imputers import MAX_LINEAR, FillRows, conditional, plain, refuse_many

_NUM_NOISE = 256


@dataclass(frozen=True)
class ImputeMultiple(FillRows):
    """Draws each missing number several times from its distribution given the row's others:
    multiple imputation (Rubin 1987; by chained equations, van Buuren and Groothuis-Oudshoorn 2011,
    https://doi.org/10.18637/jss.v045.i03). The model is asked about every draw. The answer is the
    mean of its outputs, and its spread is what the draws add by Rubin's rules: the root of
    (1 + 1/M) times their variance, 0 in a row without gaps.

    The distribution is the Gaussian of `ImputeLinear`, whose equations get their noise in each
    sweep (Gibbs sampling: Geman and Geman 1984). Its parameters are fixed, so that their own
    uncertainty is not in the spread. A row draws the same numbers everywhere, by its bits. The
    network learns from the first draw of each training row. A device takes as many times as long
    a row as there are draws.

    Attributes:
        num_draws: How many.
        sweeps: Over the columns of a row, until a draw no longer depends on where it began.
        ridge: As of `ImputeLinear`.
        seed: Of the draws.
    """

    num_draws: int = knob(5, 2, 64)
    sweeps: int = knob(10, 1, 100)
    ridge: float = knob(1e-3, 1e-6, 10)
    seed: int = knob(0, 0, 2**30)

    def _primitive(self, names, x):
        refuse_many(self, names, MAX_LINEAR)
        means, weights, spreads = conditional(x, self.ridge)
        return GaussianDraw(
            names,
            plain(means),
            plain(np.nanmin(x, axis=0)),
            plain(np.nanmax(x, axis=0)),
            tuple(map(plain, weights)),
            plain(spreads),
            plain(_normal_noise()),
            self.sweeps,
            self.seed,
            self.num_draws,
        )


def _normal_noise():
    """Returns evenly spaced quantiles of the normal distribution, of variance 1."""
    normal = NormalDist()
    levels = (np.arange(_NUM_NOISE) + 0.5) / _NUM_NOISE
    quantiles = np.array([normal.inv_cdf(level) for level in levels])
    return quantiles / quantiles.std()
