"""More than two classes: an output a class."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from ..device.frame import Frame
from ..device.ports import Port
from ..device.signature import Signature
from ..device.target import Target
from ..device.tasks.multiclass import DeviceMulticlass
from .c_text import FINE_STEPS, ONE_PRODUCT, literal
from .class_sets import c_set_definition
from .classes import NO_THRESHOLD, ClassTask, more_words
from .costs import Saving
from .shown import decision_rows
from .thresholds import choose_adjustment


class MulticlassTask(ClassTask):
    """One of several labels."""

    device = DeviceMulticlass()
    name = DeviceMulticlass.name
    deciding_metrics = ("macro_f1", "accuracy", "log_loss")
    shown_metrics = ("macro_f1", "balanced_accuracy", "accuracy", "average_precision", "roc_auc")
    output_kind = "softmax"
    calibrations = ("none", "temperature")

    def num_outputs(self, target: Target, frame: Frame | None, ports: Sequence[Port]) -> int:
        """Returns the number of labels."""
        return len(target.labels)

    def training_truth(self, y: np.ndarray, target: Target) -> np.ndarray:
        """Returns one-hot float32 [rows, classes]."""
        return np.eye(len(target.labels), dtype=np.float32)[y]

    def default_loss(self, target: Target) -> Callable:
        """Returns categorical cross-entropy of logits."""
        import keras

        return keras.losses.CategoricalCrossentropy(from_logits=True, reduction=None)

    def keras_metric(self, deciding: str, target: Target) -> Any:
        """Returns Keras' metric of logits [rows, classes]."""
        from keras import metrics

        if deciding == "accuracy":
            return metrics.CategoricalAccuracy(name=deciding)
        if deciding == "log_loss":
            return metrics.CategoricalCrossentropy(from_logits=True, name=deciding)
        return metrics.F1Score(average="macro", name=deciding)

    def choose_offsets(
        self,
        logits: np.ndarray,
        y: np.ndarray,
        *,
        metric: str | Saving,
        class_shares: np.ndarray,
        near: tuple[float, ...] | None,
    ) -> tuple[float, ...]:
        """Returns one strength times the logarithms of the class shares."""
        return choose_adjustment(
            logits,
            y,
            metric=metric,
            class_shares=class_shares,
            near=near,
        )

    def c_definition(self, signature: Signature) -> str:
        """Returns a search for the largest shifted logit."""
        output = signature.output
        offsets = signature.decisions.get("int8", (0.0,) * output.shape[0])
        shifts = ", ".join(literal(offset) for offset in offsets)
        return (
            "int signature_label(const int8_t *output) {\n"
            f"  static const float offsets[{len(offsets)}] = {{{shifts}}};\n"
            "  int best = 0;\n  float most = 0.0f;\n"
            f"  for (int i = 0; i < {len(offsets)}; ++i) {{\n"
            f"    {ONE_PRODUCT}\n"
            f"    volatile float logit = {FINE_STEPS} * {literal(output.step())};\n"
            "    float shifted = logit + offsets[i];\n"
            "    if (i == 0 || shifted > most) { most = shifted; best = i; }\n  }\n"
            "  return best;\n}\n" + c_set_definition(signature)
        )

    def comparable(self, outputs: np.ndarray) -> np.ndarray:
        """Returns logits less their mean in a row, which changes no probability."""
        return outputs - outputs.mean(axis=1, keepdims=True)

    def truth_of_outputs(self, outputs: np.ndarray, *, activated: bool) -> np.ndarray:
        """Returns int64 [rows]: the largest output."""
        return outputs.argmax(axis=1)

    def answer_words(self, signature: Signature, write: Callable[[str], str]) -> str:
        """Returns which label is given."""
        return (
            "The label is that of the largest value once `decisions` (`signature.json`) are added."
        )

    def decision_text(self, report: Mapping, write: Callable[[str], str]) -> str:
        """Returns the offset of each class's logit."""
        if report["judge"]["threshold"] == "none":
            return NO_THRESHOLD + more_words(report, write)
        offsets = zip(report["target"]["labels"], report["decisions"]["int8"], strict=True)
        shown = ", ".join(f"{write(label)} {offset:+.2f}" for label, offset in offsets)
        return (
            "Label: the largest logit plus an offset a class, chosen for "
            f"{report['judge']['threshold']} on {decision_rows(report)}: {shown}."
            + more_words(report, write)
        )
