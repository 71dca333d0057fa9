"""How like real rows drawn ones are: by their features, and by whether a classifier finds them."""

from dataclasses import dataclass

import numpy as np


def frechet_distance(real: np.ndarray, drawn: np.ndarray) -> float:
    """Returns the Fréchet distance of two normal distributions, those of the features of real and
    of drawn rows (Heusel et al. 2017, https://arxiv.org/abs/1706.08500; there the features are
    those of Inception, here of a net of one's own, so distances of two nets cannot be compared).

    Args:
        real: float [rows, features].
        drawn: float [rows, features].
    """
    from scipy.linalg import eigvals

    means = real.mean(axis=0) - drawn.mean(axis=0)
    covariance = np.cov(real, rowvar=False)
    other = np.cov(drawn, rowvar=False)
    # The trace of the root of a product is the sum of the roots of its eigenvalues, which rounding
    # may leave a little below zero.
    roots = np.sqrt(
        np.maximum(
            eigvals(covariance @ other).real,
            0,
        )
    )
    total = means @ means + np.trace(covariance) + np.trace(other) - 2 * roots.sum()
    return float(max(total, 0.0))


@dataclass(frozen=True)
class TwoSampleTest:
    """What a classifier finds between two sets of rows.

    Attributes:
        accuracy: Of finding which set a row is of, on rows that it did not learn from; .5 if the
            sets are alike to it.
        p: Of an accuracy as high if they are.
    """

    accuracy: float
    p: float


def two_sample_test(real: np.ndarray, drawn: np.ndarray, *, seed: int = 0) -> TwoSampleTest:
    """Tests whether a classifier finds drawn rows among real ones, as many of each (Lopez-Paz and
    Oquab 2017, https://arxiv.org/abs/1610.06545): a logistic regression learns from half of them
    and is asked for the others.

    Args:
        real: float [rows, features], that the generator did not learn from.
        drawn: float [rows, features].
        seed: Of the rows that are learned from.
    """
    from scipy.stats import norm
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    random = np.random.default_rng(seed)
    num_rows = min(len(real), len(drawn))
    half = num_rows // 2
    learned = []
    asked = []
    for rows in (real, drawn):
        places = random.permutation(len(rows))[:num_rows]
        learned.append(rows[places[:half]])
        asked.append(rows[places[half:]])
    classifier = make_pipeline(
        StandardScaler(),
        LogisticRegression(max_iter=2_000),
    )
    classifier.fit(np.concatenate(learned), np.repeat([0, 1], half))
    num_asked = len(asked[0])
    found = classifier.predict(np.concatenate(asked))
    truth = np.repeat([0, 1], num_asked)
    accuracy = float(np.mean(found == truth))
    deviation = 0.5 / np.sqrt(2 * num_asked)
    return TwoSampleTest(
        accuracy,
        float(norm.sf((accuracy - 0.5) / deviation)),
    )
