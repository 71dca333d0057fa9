"""How much noise there is at a time between 0 and 1, and how a net reads the time."""

import numpy as np

FIRST_TIME = 0.97  # of drawing: at 1 nothing is left of a row
LAST_TIME = 0.01  # of learning: below it there is no noise to find
NUM_FREQUENCIES = 6
NUM_FEATURES = 2 * NUM_FREQUENCIES


def amounts(time):
    """Returns the factors of the row and of the noise in a noisy row (Nichol and Dhariwal 2021,
    https://arxiv.org/abs/2102.09672); their squares sum to 1.

    Args:
        time: From 0, the row alone, to 1, noise alone; a float or an array.
    """
    angle = np.pi / 2 * time
    return np.cos(angle), np.sin(angle)


def time_features(time: np.ndarray) -> np.ndarray:
    """Returns sines and cosines of the time (after Vaswani et al. 2017,
    https://arxiv.org/abs/1706.03762), float32 [rows, NUM_FEATURES], from -1 to 1 as int8 likes it.

    Args:
        time: float64 [rows].
    """
    frequencies = np.pi / 2 * 2.0 ** np.arange(NUM_FREQUENCIES)
    angles = time[:, None] * frequencies
    return np.concatenate(
        [np.sin(angles), np.cos(angles)],
        axis=1,
    ).astype(np.float32)
