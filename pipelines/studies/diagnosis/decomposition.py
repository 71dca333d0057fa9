"""Bias and variance of the answers of models that learned from different draws of the rows.

Of classes: Domingos 2000, "A unified bias-variance decomposition and its applications",
https://homes.cs.washington.edu/~pedrod/papers/mlc00a.pdf. The main answer to a row is the one that
most models give. Bias is 1 where it is wrong. Variance is the share of models that answer
otherwise, which costs where the main answer is right and pays where it is wrong. Of numbers: the
squares of Geman et al. 1992, https://doi.org/10.1162/neco.1992.4.1.1. Noise is in the bias: rows
that are seen once do not separate the two.
"""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Decomposition:
    """The mean error of models, and what it is made of: error = bias + variance.

    Attributes:
        error: share of wrong labels, or mean squared error, over rows and models.
        bias: of the main answer: share of wrong labels, or mean squared error of the mean answer.
        unbiased_variance: what models add to it: the share of other labels where the main one is
            right, or the mean squared distance from the mean answer.
        biased_variance: what models take from it: the share of right labels where the main one is
            wrong; 0 of numbers.
        num_models: how many draws.
        num_rows: of the fold that they answered.
    """

    error: float
    bias: float
    unbiased_variance: float
    biased_variance: float
    num_models: int
    num_rows: int

    @property
    def variance(self) -> float:
        """What is added less what is taken."""
        return self.unbiased_variance - self.biased_variance

    @property
    def variance_share(self) -> float:
        """Of the error; 0 of no error."""
        if not self.error:
            return 0.0
        return self.variance / self.error


def decompose_classes(answers: np.ndarray, truth: np.ndarray) -> Decomposition:
    """Returns bias and variance of labels.

    Args:
        answers: int64 [models, rows], places of labels.
        truth: int64 [rows].
    """
    num_labels = int(max(answers.max(), truth.max())) + 1
    labels = np.arange(num_labels)
    counts = (answers[:, :, None] == labels).sum(axis=0)
    main = counts.argmax(axis=1)
    is_biased = main != truth
    differs = (answers != main).mean(axis=0)
    is_right = (answers == truth).mean(axis=0)
    num_rows = len(truth)
    return Decomposition(
        error=float((answers != truth).mean()),
        bias=float(is_biased.mean()),
        unbiased_variance=float(differs[~is_biased].sum() / num_rows),
        biased_variance=float(is_right[is_biased].sum() / num_rows),
        num_models=len(answers),
        num_rows=num_rows,
    )


def decompose_numbers(answers: np.ndarray, truth: np.ndarray) -> Decomposition:
    """Returns bias and variance of numbers.

    Args:
        answers: float64 [models, rows, ...], in the target's unit.
        truth: float64 [rows, ...]; NaN where it is unknown.
    """
    is_known = np.isfinite(truth)
    given = answers[:, is_known]
    wanted = truth[is_known]
    mean = given.mean(axis=0)
    variance = np.square(given - mean)
    bias = np.square(mean - wanted)
    error = np.square(given - wanted)
    return Decomposition(
        error=float(error.mean()),
        bias=float(bias.mean()),
        unbiased_variance=float(variance.mean()),
        biased_variance=0.0,
        num_models=len(answers),
        num_rows=len(truth),
    )
