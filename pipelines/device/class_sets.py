"""Sets of labels instead of one: every label whose logit is near enough to the largest."""

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


def label_sets(behind: np.ndarray, reach: tuple[float, ...], labels: tuple[str, ...]) -> np.ndarray:
    """Returns the labels in the set of each row, object [rows] of tuples; the answer is in it.

    Args:
        behind: As `behind_largest` gives it.
        reach: How far behind each label may lie.
        labels: Of the target.
    """
    is_near = behind <= np.asarray(reach, np.float32)
    sets = np.empty(len(behind), object)
    for row, near in enumerate(is_near):
        places = np.flatnonzero(near)
        sets[row] = tuple(labels[place] for place in places)
    return sets


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
