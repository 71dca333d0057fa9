"""From logits to calibrated probabilities."""

import math
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Calibration:
    """How logits of classes become calibrated probabilities: logits * factor
    + offset, then sigmoid or softmax. Where there is a table, of two classes, the probability is
    `shares` at `logits`, both rising, linearly in between and the nearer end outside.
    """

    factor: float = 1.0
    offset: float = 0.0
    logits: tuple[float, ...] = ()
    shares: tuple[float, ...] = ()


def is_calibration(each, num_outputs):
    """Whether it has finite numbers, a factor that keeps the order, and no table but a rising one
    of one output.
    """
    numbers = (each.factor, each.offset, *each.logits, *each.shares)
    rising = all(list(table) == sorted(table) for table in (each.logits, each.shares))
    return (
        all(map(math.isfinite, numbers))
        and each.factor > 0
        and len(each.logits) == len(each.shares)
        and rising
        and all(0 <= share <= 1 for share in each.shares)
        and (not each.logits or num_outputs == 1)
    )


def probabilities(logits: np.ndarray, calibration: Calibration = Calibration()) -> np.ndarray:
    """float64 [rows, classes] of logits [rows, 1] (sigmoid; classes no, yes) or [rows, classes]
    (softmax).
    """
    if calibration.logits:
        positive = np.interp(
            logits[:, 0].astype(np.float64), calibration.logits, calibration.shares
        )
        return np.stack([1 - positive, positive], axis=1)
    logits = logits.astype(np.float64) * calibration.factor + calibration.offset
    if logits.shape[1] == 1:
        logits = np.concatenate([np.zeros_like(logits), logits], axis=1)
    shifted = np.exp(logits - logits.max(axis=1, keepdims=True))
    return shifted / shifted.sum(axis=1, keepdims=True)


def positive_or_largest(logits: np.ndarray, offsets: tuple[float, ...]) -> np.ndarray:
    """Class index int64 [rows] of logits float32 [rows, outputs] once the decision's offsets are
    added.
    """
    shifted = logits + np.asarray(offsets, np.float32)
    if shifted.shape[1] == 1:
        return (shifted[:, 0] >= 0).astype(np.int64)
    return shifted.argmax(axis=1)
