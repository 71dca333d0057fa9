"""Rows that a model draws: by an autoencoder, and how much of the real rows they cover."""

import numpy as np

from ...balance.generators.rows import ClassRows
from ...balance.generators.vae import VariationalAutoencoder

NEAR = 5  # neighbours within which a row is covered


def drawn_by_autoencoder(
    values: np.ndarray,
    y: np.ndarray,
    classes: np.ndarray,
    *,
    num_batches: int,
    seed: int,
    **sizes: int,
) -> np.ndarray:
    """Returns rows of classes, drawn as `Generate` draws them, float32 [rows, values].

    Args:
        values: float [rows, values], to learn from.
        y: int64 class [rows].
        classes: int64 class of each row that is drawn.
        num_batches: so many are learned from.
        seed: of weights, batches and codes.
        sizes: width and code.
    """
    rows = ClassRows(
        values.astype(np.float32),
        y,
        int(y.max()) + 1,
        values.shape[1:],
    )
    generator = VariationalAutoencoder(num_batches=num_batches, **sizes)
    drawn, _ = generator.learn(rows, seed=seed).draw(classes, seed)
    return drawn


def coverage(real: np.ndarray, drawn: np.ndarray) -> float:
    """Returns the share of real rows with a drawn one within their nearest real neighbours (Naeem
    et al. 2020, https://arxiv.org/abs/2002.09797); both float [rows, features].
    """
    from sklearn.neighbors import NearestNeighbors

    own = NearestNeighbors(n_neighbors=NEAR + 1)
    own.fit(real)
    distances, _ = own.kneighbors(real)
    reach = distances[:, -1]
    other = NearestNeighbors(n_neighbors=1)
    other.fit(drawn)
    gaps, _ = other.kneighbors(real)
    return float(np.mean(gaps[:, 0] <= reach))
