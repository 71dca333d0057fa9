"""Sets of labels instead of one: every label whose logit is near enough to the largest, or every
label that is needed to reach a sum of probabilities.
"""

import math
from collections.abc import Mapping

import numpy as np

# A label that is in every set: no logit lies as far behind.
ALWAYS = float(np.finfo(np.float32).max)


def behind_largest(logits: np.ndarray, offsets: tuple[float, ...]) -> np.ndarray:
    """Returns how far each label lies behind the one that is answered, float32 [rows, labels].

    C and JavaScript compute it in the same order.

    Args:
        logits: float32 [rows, outputs]; of one output, that of the second of two labels.
        offsets: The decision, which is added to them.
    """
    shifted = logits.astype(np.float32) + np.asarray(offsets, np.float32)
    if shifted.shape[1] == 1:
        first = np.zeros_like(shifted)
        shifted = np.concatenate([first, shifted], axis=1)
    largest = shifted.max(axis=1, keepdims=True)
    return largest - shifted


def probability_before(behind: np.ndarray, factor: float) -> np.ndarray:
    """Returns, of each label, the probability of all labels that are likelier, float64 [rows,
    labels]: the score of adaptive sets (Romano, Sesia and Candès 2020,
    https://arxiv.org/abs/2006.02544) without a random part. It is 0 of the label that is answered:
    a set holds the likeliest labels, until their sum is above its limit.

    Args:
        behind: As `behind_largest` gives it.
        factor: What makes log-odds of it.
    """
    shares = np.exp(-behind.astype(np.float64) * factor)
    reached = np.zeros_like(shares)
    for other in range(behind.shape[1]):
        is_likelier = behind[:, other, None] < behind
        reached += is_likelier * shares[:, other, None]
    total = np.zeros(len(shares))
    for each in shares.T:
        total += each
    return reached / total[:, None]


def adaptive_sets(
    behind: np.ndarray, factor: float, reach: tuple[float, ...], labels: tuple[str, ...]
) -> np.ndarray:
    """Returns the labels in the set of each row, object [rows] of tuples: those up to a sum of
    probabilities. The answer is in it.

    Args:
        behind: As `behind_largest` gives it.
        factor: As of `probability_before`.
        reach: The largest sum of each label.
        labels: Of the target.
    """
    return _named(probability_before(behind, factor) <= np.asarray(reach), labels)


def label_sets(behind: np.ndarray, reach: tuple[float, ...], labels: tuple[str, ...]) -> np.ndarray:
    """Returns the labels in the set of each row, object [rows] of tuples; the answer is in it.

    Args:
        behind: As `behind_largest` gives it.
        reach: How far behind each label may lie.
        labels: Of the target.
    """
    return _named(behind <= np.asarray(reach, np.float32), labels)


def _named(is_in, labels):
    """Returns the labels that are in, object [rows] of tuples."""
    sets = np.empty(len(is_in), object)
    for row, of_row in enumerate(is_in):
        places = np.flatnonzero(of_row)
        sets[row] = tuple(labels[place] for place in places)
    return sets


def are_factors(adaptive: Mapping[str, float], sets: Mapping[str, tuple[float, ...]]) -> bool:
    """Returns whether each form with a factor has sets, and the factor is above zero."""
    if not adaptive.keys() <= sets.keys():
        return False
    return all(0 < factor < math.inf for factor in adaptive.values())


def are_sets(sets: Mapping[str, tuple[float, ...]], num_labels: int, forms: set[str]) -> bool:
    """Returns whether each form has a distance a label, none of them negative or infinite."""
    if not sets.keys() <= forms:
        return False
    for reach in sets.values():
        if len(reach) != num_labels:
            return False
        for distance in reach:
            if not math.isfinite(distance) or distance < 0:
                return False
    return True
