"""Two classes: one output, the log-odds of the second."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from ..device.calibration import probabilities
from ..device.frame import Frame
from ..device.ports import Port
from ..device.signature import Signature
from ..device.target import Target
from ..device.tasks.binary import DeviceBinary
from .c_text import first_positive
from .class_sets import c_set_definition
from .classes import NO_THRESHOLD, ClassTask, more_words
from .costs import Saving
from .probabilities import CALIBRATIONS
from .shown import decision_rows
from .thresholds import choose_threshold


class BinaryTask(ClassTask):
    """One of two labels."""

    device = DeviceBinary()
    name = DeviceBinary.name
    deciding_metrics = ("average_precision", "roc_auc", "accuracy", "log_loss")
    shown_metrics = ("average_precision", "roc_auc", "balanced_accuracy", "macro_f1", "accuracy")
    output_kind = "sigmoid"
    calibrations = CALIBRATIONS

    def num_outputs(self, target: Target, frame: Frame | None, ports: Sequence[Port]) -> int:
        """Returns 1."""
        return 1

    def training_truth(self, y: np.ndarray, target: Target) -> np.ndarray:
        """Returns 0 or 1, float32 [rows, 1]."""
        return y.astype(np.float32)[:, None]

    def default_loss(self, target: Target) -> Callable:
        """Returns binary cross-entropy of logits."""
        import keras

        return keras.losses.BinaryCrossentropy(from_logits=True, reduction=None)

    def keras_metric(self, deciding: str, target: Target) -> Any:
        """Returns Keras' metric of logits [rows, 1]."""
        from keras import metrics

        if deciding == "accuracy":
            return metrics.BinaryAccuracy(threshold=0.0, name=deciding)
        if deciding == "log_loss":
            return metrics.BinaryCrossentropy(from_logits=True, name=deciding)
        curve = {"average_precision": "PR", "roc_auc": "ROC"}[deciding]
        return metrics.AUC(
            curve=curve,
            from_logits=True,
            num_thresholds=1000,
            name=deciding,
        )

    def choose_offsets(
        self,
        logits: np.ndarray,
        y: np.ndarray,
        *,
        metric: str | Saving,
        class_shares: np.ndarray,
        near: tuple[float, ...] | None,
    ) -> tuple[float, ...]:
        """Returns minus the threshold in log-odds."""
        return choose_threshold(logits, y, metric=metric, near=near)

    def c_definition(self, signature: Signature) -> str:
        """Returns a comparison of whole numbers."""
        offsets = signature.decisions.get("int8", (0.0,))
        return (
            "int signature_label(const int8_t *output) {\n"
            f"  return fine_steps(output, 0) >= {first_positive(signature.output, offsets[0])};\n"
            "}\n" + c_set_definition(signature)
        )

    def truth_of_outputs(self, outputs: np.ndarray, *, activated: bool) -> np.ndarray:
        """Returns int64 [rows]: 1 from a probability of one half on."""
        threshold = 0.0
        if activated:
            threshold = 0.5
        return (outputs[:, 0] >= threshold).astype(np.int64)

    def curve_marks(self, y: np.ndarray, chosen: np.ndarray):
        """Returns the false positive rate and recall, and recall and precision, of the labels."""
        hits = ((y == 1) & (chosen == 1)).sum()
        recall = hits / max((y == 1).sum(), 1)
        false_rate = ((y == 0) & (chosen == 1)).sum() / max((y == 0).sum(), 1)
        num_chosen = (chosen == 1).sum()
        if num_chosen == 0:
            return (false_rate, recall), None
        return (false_rate, recall), (recall, hits / num_chosen)

    def thresholds(self, signature: Signature) -> dict[str, float]:
        """Returns form → the probability from which on a row has the second label."""
        found = {}
        for form, offsets in signature.decisions.items():
            logits = np.array([[-offsets[0]]])
            found[form] = float(probabilities(logits, signature.calibration(form))[0, 1])
        return found

    def answer_words(self, signature: Signature, write: Callable[[str], str]) -> str:
        """Returns when the second label is given."""
        return (
            f"The label is {write(signature.target.labels[1])} where the value plus `decisions` "
            "(`signature.json`) is 0 or more."
        )

    def decision_text(self, report: Mapping, write: Callable[[str], str]) -> str:
        """Returns the thresholds of both forms, and what they were chosen for."""
        if report["judge"]["threshold"] == "none":
            return NO_THRESHOLD + more_words(report, write)
        chosen = report["thresholds"]
        return (
            f"Label {write(report['target']['labels'][1])} where its probability is at least "
            f"{chosen['float32']:.3f} (float) or {chosen['int8']:.3f} (int8): the thresholds with "
            f"the best {report['judge']['threshold']} on {decision_rows(report)}."
            + more_words(report, write)
        )
