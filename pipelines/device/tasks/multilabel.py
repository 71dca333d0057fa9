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
        offsets = np.asarray(signature.offsets(form), np.float32)
        has_label = logits + offsets >= 0
        labels = join_labels(has_label, signature.target)
        scores = label_probabilities(logits, signature.calibration(form))
        return Answers(labels, scores, raw)

    def fits_labels(self, signature: Signature) -> bool:
        """Returns whether there is a label for each output."""
        return len(signature.target.labels) == signature.output.shape[0]

    def check(self, signature: Signature) -> None:
        """Raises ValueError if joined labels could not be separated again."""
        target = signature.target
        if not target.separator:
            raise ValueError("labels that nothing separates")
        for label in target.labels:
            if not label or target.separator in label:
                raise ValueError(f"the label {label!r} joined by {target.separator!r}")

    def headings(self, signature: Signature) -> list[str]:
        """Returns "labels" and a score a label."""
        headings = ["labels"]
        for label in signature.target.labels:
            headings.append(f"score {label}")
        return headings


def label_probabilities(logits: np.ndarray, calibration: Calibration) -> np.ndarray:
    """Returns the probability of each label, float64 [rows, labels]: the sigmoid of its logit.

    Args:
        logits: float32 [rows, labels].
        calibration: Of the form that gave them.
    """
    logits = logits.astype(np.float64)
    calibrated = logits * calibration.factor + calibration.offset
    # exp of a number that is not positive never overflows.
    small = np.exp(-np.abs(calibrated))
    numerator = np.where(calibrated >= 0, 1.0, small)
    return numerator / (1.0 + small)


def join_labels(has_label: np.ndarray, target: Target) -> np.ndarray:
    """Returns the labels of each row, joined, object [rows].

    Args:
        has_label: bool [rows, labels].
        target: Its labels and its separator.
    """
    # Few sets of labels occur: each is joined once.
    sets, set_of_row = np.unique(has_label, axis=0, return_inverse=True)
    names = np.asarray(target.labels, object)
    texts = np.empty(len(sets), object)
    for place, is_in_set in enumerate(sets):
        labels = names[is_in_set]
        texts[place] = target.separator.join(labels)
    return texts[set_of_row.reshape(-1)]


def split_labels(labels: np.ndarray, target: Target) -> np.ndarray:
    """Returns which labels each row has, bool [rows, labels]: the inverse of `join_labels`.

    Args:
        labels: Joined labels, object [rows].
        target: Its labels and its separator.
    """
    places = {}
    for place, label in enumerate(target.labels):
        places[label] = place
    has_label = np.zeros((len(labels), len(places)), bool)
    for row, text in enumerate(labels):
        if not text:
            continue
        for label in text.split(target.separator):
            has_label[row, places[label]] = True
    return has_label
