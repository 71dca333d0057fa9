"""Anomalies: windows that a model, trained on normal ones, does not give back as they were."""

from __future__ import annotations

import ctypes
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from ..device.answers import Answers
from ..device.frame import Frame
from ..device.ports import Port
from ..device.primitives import Columns, Primitive
from ..device.signature import Signature
from ..device.target import Target
from ..device.tasks.anomaly import DeviceAnomaly
from ..device.units import SERIES_STANDARD
from ..errors import StepError
from ..rows.parts import HeldOut, TrainSet
from .base import Task
from .c_answer import CCall
from .c_text import FINE_STEPS, c_labels, literal
from .classes import class_places, class_scores
from .masked import masked_loss, masked_metric
from .metrics import RANK_METRICS, score_anomalies
from .thresholds import anomaly_threshold

if TYPE_CHECKING:
    from ..recipe import Recipe


C_DECLARATION = """/* The mean absolute difference between what went in and what came out. */
float signature_score(const int8_t *output, const signature_inputs *inputs);

/* 1 where the row is an anomaly, its score over the threshold, else 0. */
int signature_label(const int8_t *output, const signature_inputs *inputs);
"""


class AnomalyTask(Task):
    """Normal or an anomaly: y float64 [rows], 1 of an anomaly, NaN where it is unknown."""

    device = DeviceAnomaly()
    name = DeviceAnomaly.name
    deciding_metrics = ("mae",)
    shown_metrics = ("mae", "roc_auc", "average_precision", "f1", "flagged")
    interval_metrics = ("mae",)
    output_unit = SERIES_STANDARD
    gives_back = True
    frame_example = "CutSegments(window=24)"
    decides_on_training_rows = True
    error_words = "share of wrong labels"
    has_mistakes = True
    staggers_outputs = False  # many outputs that make one score

    def num_outputs(self, target: Target, frame: Frame | None, ports: Sequence[Port]) -> int:
        """Returns how many values the input has that is given back."""
        return sum(math.prod(port.shape) for port in ports if port.name == target.base)

    def fit_target(
        self, train: TrainSet, primitives: Sequence[Primitive], ports: Sequence[Port]
    ) -> Target:
        """Returns the target with the input to give back. Raises StepError if there is none."""
        for port in ports:
            if port.unit == SERIES_STANDARD:
                return replace(train.schema.target, base=port.name)
        raise StepError(
            f"anomalies in the inputs {', '.join(port.name for port in ports)}",
            expected="a series in standard deviations, to be given back",
            fix="--set 'encode=(FillGaps(), ScaleSeries())'",
        )

    def port_truth(self, y: np.ndarray, target: Target, columns: Columns) -> np.ndarray:
        """Returns the window to give back, float32 [rows, outputs]; NaN of a row that is labelled
        as an anomaly.
        """
        window = columns[target.base].reshape(len(y), -1)
        return np.where((y == 1)[:, None], np.float32(np.nan), window)

    def training_truth(self, y: np.ndarray, target: Target) -> np.ndarray:
        """Returns the windows as they are."""
        return y

    def default_loss(self, target: Target) -> Callable:
        """Returns the squared error over windows that are no anomaly."""
        return masked_loss(target)

    def keras_metric(self, deciding: str, target: Target) -> Any:
        """Returns the mean absolute error over windows that are no anomaly."""
        return masked_metric(target, deciding)

    def decide(
        self,
        recipe: Recipe,
        signature: Signature,
        train_rows: TrainSet,
        rows: HeldOut | TrainSet,
        *,
        form: str,
        raw: np.ndarray,
    ) -> Signature:
        """Returns the signature with the threshold above `recipe.judge.quantile` of the scores of
        training windows.
        """
        scores = self.device.answer(
            signature,
            raw,
            form=form,
            prepared=rows.x,
        ).scores
        offsets = anomaly_threshold(scores, recipe.judge.quantile)
        return replace(signature, decisions={**signature.decisions, form: offsets})

    def plain_answers(
        self, outputs: np.ndarray, target: Target, decision: tuple[float, ...]
    ) -> Answers:
        """Returns scores that only rank windows: a plain model has no threshold."""
        labels = np.full(len(outputs), target.labels[0], object)
        return Answers(labels, outputs, outputs)

    def score(self, y: np.ndarray, answers: Answers, target: Target) -> dict[str, float]:
        """Returns the scores of `metrics.score_anomalies`."""
        return score_anomalies(y, answers.given() == target.labels[1], answers.scores)

    def score_plain_rule(
        self, y: np.ndarray, values: np.ndarray, target: Target
    ) -> dict[str, float]:
        """Returns how well the rule's scores float64 [rows] rank windows: it has no threshold and
        no unit to share with a model.
        """
        scores = score_anomalies(y, np.zeros(len(y), bool), values)
        return {name: value if name in RANK_METRICS else math.nan for name, value in scores.items()}

    def plain_scores(self, y: np.ndarray, answers: Answers, target: Target) -> dict[str, float]:
        """Returns how well the scores rank windows: they have no threshold."""
        return self.score_plain_rule(y, answers.scores, target)

    def baseline_metric(self, deciding: str) -> str:
        """Returns ROC-AUC: plain rules have no threshold."""
        return "roc_auc"

    def row_errors(self, y: np.ndarray, answers: Answers, target: Target) -> np.ndarray:
        """Returns 1 of each row with another label than its own; NaN where none is known."""
        flagged = class_places(answers, target.labels)
        return np.where(np.isnan(y), np.nan, flagged != y)

    def c_function(self, signature: Signature) -> str:
        """Returns "signature_label"."""
        return "signature_label"

    def c_declaration(self, signature: Signature) -> str:
        """Returns the functions from outputs and inputs to the score and the label."""
        return C_DECLARATION

    def c_definition(self, signature: Signature) -> str:
        """Returns the mean absolute difference of inputs and outputs, and its threshold."""
        port = signature.base_port()
        (size,) = signature.output.shape
        offset = literal(signature.offsets("int8")[0])
        return (
            "float signature_score(const int8_t *output, const signature_inputs *inputs) {\n"
            "  /* volatile: no compiler may fuse a product with a difference or a sum */\n"
            "  volatile float given, back, mean;\n  float sum = 0.0f;\n"
            f"  for (int i = 0; i < {size}; ++i) {{\n"
            f"    given = (float)((int32_t)inputs->{port.name}[i] - ({port.zero_point}))"
            f" * {literal(port.step())};\n"
            f"    back = {FINE_STEPS} * {literal(signature.output.step())};\n"
            "    sum += fabsf(given - back);\n  }\n"
            f"  mean = sum * {literal(np.float32(1) / np.float32(size))};\n"
            "  return mean;\n}\n\n"
            "int signature_label(const int8_t *output, const signature_inputs *inputs) {\n"
            f"  return signature_score(output, inputs) + {offset} >= 0.0f;\n}}\n"
        )

    def c_example(self, signature: Signature) -> str:
        """Returns C that prints score and label."""
        return (
            f"{c_labels(signature.target)}"
            "  print_value(signature_score(output, &inputs));\n"
            '  print_line("label: %s", labels[signature_label(output, &inputs)]);'
        )

    def c_answers(
        self, library: ctypes.CDLL, signature: Signature, answers: Answers, calls: Sequence[CCall]
    ) -> Answers:
        """Returns the labels and scores of C."""
        library.signature_score.restype = ctypes.c_float
        places = []
        scores = []
        for output, inputs in calls:
            places.append(library.signature_label(output, ctypes.byref(inputs)))
            scores.append(library.signature_score(output, ctypes.byref(inputs)))
        labels = np.asarray(signature.target.labels, object)[places]
        return Answers(labels, np.array(scores, np.float64), answers.raw)

    def scores_text(self, answers: Answers, row: int, target: Target) -> str:
        """Returns the score of a window."""
        return f"{answers.scores[row]:.4f}"

    def answer_words(self, signature: Signature, write: Callable[[str], str]) -> str:
        """Returns what the score is."""
        return (
            "They give the window back; the score is their mean absolute difference from what "
            "went in, an anomaly where the score plus `decisions` (`signature.json`) is 0 or more."
        )

    def class_table(self, y: np.ndarray, answers: Answers, signature: Signature) -> list[dict]:
        """Returns the scores of normal windows and of anomalies, where every label is known."""
        target = signature.target
        if not target.labels or np.isnan(y).any():
            return []
        return class_scores(y, class_places(answers, target.labels), target.labels)

    def decision_text(self, report: Mapping, write: Callable[[str], str]) -> str:
        """Returns the threshold of each form, and what "mae" and "flagged" are of."""
        decisions = report["decisions"]
        return (
            f"Label {write(report['target']['labels'][1])} where the mean absolute difference "
            f"between a window and what the model gives back is at least "
            f"{-decisions['float32'][0]:.4f} (float) or {-decisions['int8'][0]:.4f} (int8): the "
            f"{report['judge']['quantile']:g} quantile of training windows. Mae and flagged, the "
            "share that is flagged, are of the windows that are not labelled as anomalies."
        )
