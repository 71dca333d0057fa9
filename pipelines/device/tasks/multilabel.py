"""Several labels a row on the device: an output a label, each with its own threshold."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ..answers import Answers
from ..target import Target
from .base import DeviceTask

if TYPE_CHECKING:
    from ..calibration import Calibration
    from ..primitives import Columns
    from ..signature import Signature


class DeviceMultilabel(DeviceTask):
    """All labels whose shifted logit is not negative, joined by the target's separator."""

    name = "multilabel"

    def answer(
        self,
        signature: Signature,
        raw: np.ndarray,
        *,
        form: str,
        prepared: Columns | None = None,
    ) -> Answers:
        """Returns the joined labels, "" where a row has none, and the probability of each label by
        itself, float64 [rows, labels].
        """
        logits = signature.output.to_float(raw)
        has = logits + np.asarray(signature.offsets(form), np.float32) >= 0
        scores = label_probabilities(logits, signature.calibration(form))
        return Answers(join_labels(has, signature.target), scores, raw)

    def fits_labels(self, signature: Signature) -> bool:
        """Returns whether there is a label for each output."""
        return len(signature.target.labels) == signature.output.shape[0]

    def check(self, signature: Signature) -> None:
        """Raises ValueError if joined labels could not be separated again."""
        target = signature.target
        if not target.separator or any(target.separator in label for label in target.labels):
            raise ValueError(f"labels {target.labels} joined by {target.separator!r}")
        if "" in target.labels:
            raise ValueError("a label without a name")

    def headings(self, signature: Signature) -> list[str]:
        """Returns "labels" and a score a label."""
        return ["labels", *(f"score {label}" for label in signature.target.labels)]


def label_probabilities(logits: np.ndarray, calibration: Calibration) -> np.ndarray:
    """Returns float64 [rows, labels]: the sigmoid of each calibrated logit, float32 likewise."""
    calibrated = logits.astype(np.float64) * calibration.factor + calibration.offset
    small = np.exp(-np.abs(calibrated))
    return np.where(calibrated >= 0, 1.0, small) / (1.0 + small)


def join_labels(has: np.ndarray, target: Target) -> np.ndarray:
    """Returns object [rows]: the labels of each row, joined.

    Args:
        has: bool [rows, labels].
        target: Its labels and its separator.
    """
    sets, places = np.unique(has, axis=0, return_inverse=True)
    names = np.asarray(target.labels, object)
    words = np.empty(len(sets), object)
    words[:] = [target.separator.join(names[each]) for each in sets]
    return words[places.reshape(-1)]


def split_labels(labels: np.ndarray, target: Target) -> np.ndarray:
    """Returns bool [rows, labels]: the inverse of `join_labels`."""
    place = {label: index for index, label in enumerate(target.labels)}
    has = np.zeros((len(labels), len(target.labels)), bool)
    for row, text in enumerate(labels):
        if text:
            has[row, [place[label] for label in text.split(target.separator)]] = True
    return has
