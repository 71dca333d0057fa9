"""The contract of a task towards models that run on no device, such as peers of scikit-learn: their
probabilities or values become the same `Answers` that a device gives, and are judged alike.
"""

from __future__ import annotations

from abc import ABC

import numpy as np

from ..device.answers import Answers
from ..device.target import Target

# No probability is nearer to 0 or 1 than this: of a forest whose trees all agree it would be.
_SMALLEST = 1e-7


class PlainModels(ABC):  # noqa: B024  hooks with defaults
    """The part of a task that turns plain outputs into answers.

    Plain outputs are float64: of classes the probabilities [rows, classes], of label sets those of
    each label [rows, labels], of numbers values [rows], of forecasts values [rows, horizon], of
    anomalies scores [rows], the larger the more anomalous, of texts that are spelled the places of
    characters [rows, positions].
    """

    def plain_decision(
        self,
        outputs: np.ndarray,
        y: np.ndarray,
        target: Target,
        *,
        metric: str,
        class_shares: np.ndarray | None,
    ) -> tuple[float, ...]:
        """Returns the decision of a plain model, chosen as that of a network is; () for tasks whose
        answers need none.

        Args:
            outputs: Plain outputs for rows that the model did not learn from.
            y: Of these rows.
            target: Of the rows.
            metric: `judge.threshold`.
            class_shares: float [classes], of training rows; None for tasks without classes.
        """
        return ()

    def plain_answers(
        self, outputs: np.ndarray, target: Target, decision: tuple[float, ...]
    ) -> Answers:
        """Returns plain outputs as answers.

        Args:
            outputs: Plain outputs.
            target: Of the rows.
            decision: As `plain_decision` gives it.
        """
        return Answers(None, outputs, outputs)


def class_logits(outputs: np.ndarray) -> np.ndarray:
    """Returns probabilities [rows, classes] as a network's logits: float32 [rows, 1] of two
    classes, of more [rows, classes].
    """
    logs = np.log(np.clip(outputs, _SMALLEST, 1.0))
    if outputs.shape[1] == 2:
        logs = logs[:, 1:] - logs[:, :1]
    return logs.astype(np.float32)


def label_logits(outputs: np.ndarray) -> np.ndarray:
    """Returns the probability of each label [rows, labels] as logits, float32."""
    within = np.clip(outputs, _SMALLEST, 1.0 - _SMALLEST)
    return np.log(within / (1.0 - within)).astype(np.float32)
