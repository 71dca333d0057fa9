"""From logits to calibrated probabilities."""

import math
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Calibration:
    """How logits of classes become calibrated probabilities.

    Logits * factor + offset, then sigmoid or softmax. With a table, which only two classes have,
    the probability is `shares` at `logits`, linear in between, and outside that of the nearer end.

    Attributes:
        factor: What logits are multiplied by.
        offset: What is added to the products.
        logits: The logits of the table, rising.
        shares: Their probabilities, rising.
    """

    factor: float = 1.0
    offset: float = 0.0
    logits: tuple[float, ...] = ()
    shares: tuple[float, ...] = ()


def is_calibration(calibration: Calibration, num_outputs: int) -> bool:
    """Returns whether its numbers are finite, and it keeps the order of logits.

    Args:
        calibration: As it was read.
        num_outputs: Of the model: only one output may have a table.
    """
    if not (math.isfinite(calibration.offset) and 0 < calibration.factor < math.inf):
        return False
    if not calibration.logits:
        return not calibration.shares
    return num_outputs == 1 and _is_table(calibration)


def _is_table(calibration):
    """Returns whether logits and shares are as many, finite and rising."""
    if len(calibration.logits) != len(calibration.shares):
        return False
    if not all(map(math.isfinite, calibration.logits)):
        return False
    for share in calibration.shares:
        if not 0 <= share <= 1:
            return False
    return _is_rising(calibration.logits) and _is_rising(calibration.shares)


def _is_rising(numbers):
    return list(numbers) == sorted(numbers)


def probabilities(logits: np.ndarray, calibration: Calibration = Calibration()) -> np.ndarray:
    """Returns the probability of each class, float64 [rows, classes].

    Args:
        logits: float32 [rows, 1] for two classes, no and yes, by the sigmoid; [rows, classes] for
            more, by softmax.
        calibration: Of the form that gave the logits.
    """
    logits = logits.astype(np.float64)
    if calibration.logits:
        return _from_table(logits, calibration)
    logits = logits * calibration.factor + calibration.offset
    if logits.shape[1] == 1:
        # The sigmoid is softmax with a logit of 0 for no.
        no = np.zeros_like(logits)
        logits = np.concatenate([no, logits], axis=1)
    return _softmax(logits)


def _from_table(logits, calibration):
    positive = np.interp(logits[:, 0], calibration.logits, calibration.shares)
    negative = 1 - positive
    return np.stack([negative, positive], axis=1)


def _softmax(logits):
    # The largest is subtracted, so that exp does not overflow.
    largest = logits.max(axis=1, keepdims=True)
    shares = np.exp(logits - largest)
    total = shares.sum(axis=1, keepdims=True)
    return shares / total


def positive_or_largest(logits: np.ndarray, offsets: tuple[float, ...]) -> np.ndarray:
    """Returns the class of each row by the decision, int64 [rows].

    Args:
        logits: float32 [rows, outputs].
        offsets: The decision of the form, which is added to them.
    """
    shifts = np.asarray(offsets, np.float32)
    shifted = logits + shifts
    num_outputs = shifted.shape[1]
    if num_outputs > 1:
        return shifted.argmax(axis=1)
    is_positive = shifted[:, 0] >= 0
    return is_positive.astype(np.int64)
