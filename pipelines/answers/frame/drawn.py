"""Rows that a model draws: by an autoencoder, and how much of the real rows they cover."""

import numpy as np

from ...balance.vae import ConditionalVae

NEAR = 5  # neighbours within which a row is covered
VAE_RATE = 1e-3


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
    num_classes = int(y.max()) + 1
    model = ConditionalVae(
        values.astype(np.float32),
        y,
        num_classes,
        seed=seed,
        **sizes,
    )
    model.learn(num_batches, VAE_RATE)
    drawn, _ = model.draw(classes, seed)
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
