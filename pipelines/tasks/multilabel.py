"""Several labels a row: an output a label, each yes or no."""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from ..device.answers import Answers
from ..device.calibration import Calibration
from ..device.cells import shorten
from ..device.frame import Frame
from ..device.ports import Port
from ..device.signature import Signature
from ..device.target import Target
from ..device.tasks.multilabel import (
    DeviceMultilabel,
    join_labels,
    label_probabilities,
    split_labels,
)
from ..errors import RecipeError
from ..report.figures import Picture
from ..rows.parts import HeldOut, TrainSet
from .base import Task
from .c_answer import CCall
from .c_text import c_labels, comment, first_positive
from .draw_labels import label_pictures
from .label_metrics import DECIDED, label_table, score_decided, score_label_ranks, score_label_sets
from .mistakes import Mistake
from .plain_models import label_logits
from .shown import decision_rows
from .thresholds import choose_label_thresholds

if TYPE_CHECKING:
    from ..recipe import Recipe

RANKED = ("mean_average_precision", "roc_auc")
NO_LABEL = "no label"
MAX_LOG_FACTOR = 4.0
MAX_SHOWN = 12


class MultilabelTask(Task):
    """Any of several labels: y int64 [rows, labels], 1 where a row has the label."""

    device = DeviceMultilabel()
    name = DeviceMultilabel.name
    deciding_metrics = ("mean_average_precision", "macro_f1", "micro_f1", "log_loss")
    shown_metrics = (
        "mean_average_precision",
        "macro_f1",
        "micro_f1",
        "exact_match",
        "hamming_loss",
    )
    interval_metrics = (*RANKED, *DECIDED)
    error_words = "share of a row's labels that are wrong"
    output_kind = "sigmoid"
    calibrations = ("none", "temperature")
    has_label_sets = True
    agreement_unit = "the single labels of rows"

    # Outputs and training -----------------------------------------------------------------------

    def num_outputs(self, target: Target, frame: Frame | None, ports: Sequence[Port]) -> int:
        """Returns the number of labels."""
        return len(target.labels)

    def training_truth(self, y: np.ndarray, target: Target) -> np.ndarray:
        """Returns 0 or 1, float32 [rows, labels]."""
        return y.astype(np.float32)

    def default_loss(self, target: Target) -> Callable:
        """Returns binary cross-entropy of each label's logit, averaged over labels."""
        import keras

        return keras.losses.BinaryCrossentropy(from_logits=True, reduction=None)

    def keras_metric(self, deciding: str, target: Target) -> Any:
        """Returns Keras' metric of logits [rows, labels]."""
        from keras import metrics

        if deciding == "log_loss":
            return metrics.BinaryCrossentropy(from_logits=True, name=deciding)
        if deciding == "mean_average_precision":
            return metrics.AUC(
                curve="PR",
                from_logits=True,
                multi_label=True,
                num_labels=len(target.labels),
                num_thresholds=1000,
                name=deciding,
            )
        return _f1_of_logits(average=deciding.removesuffix("_f1"), name=deciding)

    def check_recipe(self, recipe: Recipe) -> None:
        """Raises RecipeError for a teacher, and for a calibration by a line or a table."""
        check_label_calibration(recipe.shipping.probabilities)
        if recipe.teacher is not None:
            raise RecipeError(
                f"teacher={recipe.teacher!r} for several labels a row",
                expected="one class or one number a row: the teachers answer that",
                fix="--set teacher=None",
            )

    # Decision and scores ------------------------------------------------------------------------

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
        """Returns the signature with calibrated probabilities and a threshold a label, each chosen
        by itself on validation rows, as that of two classes is.
        """
        logits = signature.output.to_float(raw)
        fitted = calibrate_labels(logits, rows.y, how=recipe.shipping.probabilities)
        near = None
        if form == "int8":
            near = signature.decisions.get("float32")
        metric = recipe.judge.threshold
        if metric == "none":
            offsets = (0.0,) * len(signature.target.labels)
        else:
            offsets = choose_label_thresholds(logits, rows.y, metric=metric, near=near)
        return replace(
            signature,
            calibrations={**signature.calibrations, form: fitted},
            decisions={**signature.decisions, form: offsets},
        )

    def score(self, y: np.ndarray, answers: Answers, target: Target) -> dict[str, float]:
        """Returns every metric of `label_metrics.score_label_sets`."""
        return score_label_sets(y, split_labels(answers.given(), target), answers.scores)

    def row_errors(self, y: np.ndarray, answers: Answers, target: Target) -> np.ndarray:
        """Returns the share of the labels that each row has wrong."""
        return (split_labels(answers.given(), target) != y).mean(axis=1)

    def placed_scores(self, y: np.ndarray, answers: Answers, target: Target):
        """Returns a function from places to ranks and decided metrics."""
        chosen = split_labels(answers.given(), target)

        def scores(places):
            ranked = score_label_ranks(y[places], answers.scores[places])
            return {**ranked, **score_decided(y[places], chosen[places])}

        return scores

    def placed_metric(self, metric: str, y: np.ndarray, answers: Answers, target: Target):
        """Returns a function from places to one metric, counted where it can be."""
        if metric in DECIDED:
            chosen = split_labels(answers.given(), target)
            return lambda places: score_decided(y[places], chosen[places])[metric]
        if metric in RANKED:
            return lambda places: score_label_ranks(y[places], answers.scores[places])[metric]
        return super().placed_metric(metric, y, answers, target)

    def plain_decision(
        self,
        outputs: np.ndarray,
        y: np.ndarray,
        target: Target,
        *,
        metric: str,
        class_shares: np.ndarray | None,
    ) -> tuple[float, ...]:
        """Returns a threshold a label."""
        if metric == "none":
            return (0.0,) * outputs.shape[1]
        return choose_label_thresholds(label_logits(outputs), y, metric=metric, near=None)

    def plain_answers(
        self, outputs: np.ndarray, target: Target, decision: tuple[float, ...]
    ) -> Answers:
        """Returns the joined labels by the decision, and the probability of each label."""
        logits = label_logits(outputs)
        chosen = logits + np.asarray(decision, np.float32) >= 0
        return Answers(join_labels(chosen, target), outputs, logits)

    def agreement(self, one: Answers, other: Answers, target: Target) -> float:
        """Returns the share of single labels that two forms decide alike."""
        return float(
            np.mean(split_labels(one.given(), target) == split_labels(other.given(), target))
        )

    def truth_of_outputs(self, outputs: np.ndarray, *, activated: bool) -> np.ndarray:
        """Returns int64 [rows, labels]: 1 from a probability of one half on."""
        threshold = 0.0
        if activated:
            threshold = 0.5
        return (outputs >= threshold).astype(np.int64)

    def c_function(self, signature: Signature) -> str:
        """Returns "signature_labels"."""
        return "signature_labels"

    def c_declaration(self, signature: Signature) -> str:
        """Returns the function from outputs to a 0 or 1 for each label."""
        labels = signature.target.labels
        lines = "".join(f" * {place}: {comment(label)}\n" for place, label in enumerate(labels))
        return (
            "/* 1 for each label that the row has by the model's int8 output, else 0:\n"
            f"{lines} */\n"
            f"#define SIGNATURE_NUM_LABELS {len(labels)}\n"
            "void signature_labels(const int8_t *output, uint8_t labels[SIGNATURE_NUM_LABELS]);\n"
        )

    def c_definition(self, signature: Signature) -> str:
        """Returns a comparison of whole numbers for each label."""
        offsets = signature.offsets("int8")
        firsts = ", ".join(str(first_positive(signature.output, offset)) for offset in offsets)
        return (
            "void signature_labels(const int8_t *output, uint8_t labels[SIGNATURE_NUM_LABELS]) {\n"
            f"  static const int32_t first[SIGNATURE_NUM_LABELS] = {{{firsts}}};\n"
            "  for (int i = 0; i < SIGNATURE_NUM_LABELS; ++i)\n"
            "    labels[i] = fine_steps(output, i) >= first[i];\n"
            "}\n"
        )

    def c_example(self, signature: Signature) -> str:
        """Returns C that prints every label that the row has."""
        return (
            f"{c_labels(signature.target)}"
            "  uint8_t has[SIGNATURE_NUM_LABELS];\n  signature_labels(output, has);\n"
            "  for (int i = 0; i < SIGNATURE_NUM_LABELS; ++i)\n"
            '    if (has[i]) print_line("label: %s", labels[i]);'
        )

    def c_answers(
        self, library: ctypes.CDLL, signature: Signature, answers: Answers, calls: Sequence[CCall]
    ) -> Answers:
        """Returns the labels of C; scores are computed from the output as in Python."""
        target = signature.target
        has = np.zeros((len(calls), len(target.labels)), np.uint8)
        for (output, _), row in zip(calls, has, strict=True):
            library.signature_labels(output, row.ctypes.data_as(ctypes.POINTER(ctypes.c_uint8)))
        return Answers(join_labels(has.astype(bool), target), answers.scores, answers.raw)

    # Report -------------------------------------------------------------------------------------

    def few_rows(self, noun: str) -> str:
        """Returns "few rows of a label"."""
        return f"few {noun} of a label"

    def pictures(self, y: np.ndarray, answers: Answers, target: Target) -> list[Picture]:
        """Returns a curve a label, which labels stand together, and calibration."""
        chosen = split_labels(answers.given(), target)
        return label_pictures(y, chosen, answers.scores, target.labels)

    def answer_words(self, signature: Signature, write: Callable[[str], str]) -> str:
        """Returns which labels are given."""
        return (
            "Value i is of label i; a row has every label whose value plus its own number in "
            "`decisions` (`signature.json`) is 0 or more."
        )

    def constant_answer(self, train: TrainSet, test: HeldOut, target: Target) -> dict:
        """Returns the scores of always answering the labels that most training rows have."""
        most = train.y.mean(axis=0) > 0.5
        chosen = np.tile(most, (len(test), 1))
        names = [label for label, held in zip(target.labels, most, strict=True) if held]
        scores = score_decided(test.y, chosen)
        shown = [metric for metric in self.shown_metrics if metric in scores]
        return {
            "answer": target.separator.join(names) or NO_LABEL,
            "scores": {metric: scores[metric] for metric in shown},
        }

    def class_table(self, y: np.ndarray, answers: Answers, signature: Signature) -> list[dict]:
        """Returns label, test rows, precision, recall, F1, average precision and ROC-AUC of each
        label, and the probability from which on it is given (int8).
        """
        target = signature.target
        chosen = split_labels(answers.given(), target)
        table = label_table(y, chosen, answers.scores, target.labels)
        shown = self.label_thresholds(signature, "int8")
        return [
            {**line, "threshold": threshold} for line, threshold in zip(table, shown, strict=True)
        ]

    def confident_mistakes(
        self, y: np.ndarray, answers: Answers, target: Target, *, most: int
    ) -> list[Mistake]:
        """Returns labels that are given wrongly or are missed, of a row only one."""
        chosen = split_labels(answers.given(), target)
        sure = np.where(chosen, answers.scores, 1 - answers.scores)
        sure = np.where(chosen == (y == 1), -1.0, sure)
        worst = sure.argmax(axis=1)
        surest = sure.max(axis=1)
        order = np.argsort(-surest, kind="stable")[:most]
        found = []
        for row in order[surest[order] >= 0].tolist():
            place = int(worst[row])
            words = [f"no {target.labels[place]}", target.labels[place]]
            truth, given = words[y[row, place]], words[int(chosen[row, place])]
            found.append(Mistake(row, truth, given, place, float(surest[row])))
        return found

    def label_thresholds(self, signature: Signature, form: str) -> list[float]:
        """Returns the probability of each label from which on a row has it."""
        logits = -np.array([signature.offsets(form)], np.float32)
        return label_probabilities(logits, signature.calibration(form))[0].tolist()

    def worse_than_constant(self, facts: Mapping) -> list[str]:
        """Returns cautions by Hamming loss, macro F1 and ROC-AUC."""
        constant = facts["constant"]
        int8 = facts["scores"]["litert_int8"]
        answer = shorten(constant["answer"])
        found = []
        if int8["hamming_loss"] > constant["scores"]["hamming_loss"]:
            found.append(
                f"{int8['hamming_loss']:.1%} of the single labels are wrong; always answering "
                f"{answer} is wrong for {constant['scores']['hamming_loss']:.1%}: thresholds were "
                f"chosen for {facts['judge']['threshold']} of each label; --set "
                "judge.threshold=accuracy chooses them for single labels"
            )
        if int8["macro_f1"] <= constant["scores"]["macro_f1"]:
            found.append(
                f"Labels are no better than always answering {answer}: macro F1 "
                f"{int8['macro_f1']:.3f} and {constant['scores']['macro_f1']:.3f}"
            )
        area = int8["roc_auc"]
        if area is not None and area == area and area <= 0.5:
            found.append(f"The scores rank test rows no better than chance: ROC-AUC {area:.3f}")
        return found

    def decision_text(self, report: Mapping, write: Callable[[str], str]) -> str:
        """Returns the threshold of each label's logit."""
        if report["judge"]["threshold"] == "none":
            return "Every label whose probability is at least one half: no threshold was chosen."
        table = report["per_class"]
        shown = ", ".join(
            f"{write(line['label'])} {line['threshold']:.3f}" for line in table[:MAX_SHOWN]
        )
        more = ", ..." * (len(table) > MAX_SHOWN)
        return (
            "Every label whose probability (int8) is at least its own threshold, chosen for "
            f"{report['judge']['threshold']} on {decision_rows(report)}, label by label: "
            f"{shown}{more}."
        )


def calibrate_labels(logits: np.ndarray, y: np.ndarray, *, how: str) -> Calibration:
    """Returns the calibration of the logits: one temperature for all labels (Guo et al. 2017,
    https://arxiv.org/abs/1706.04599), that of the least log loss.

    Args:
        logits: float32 [rows, labels], of validation rows.
        y: int64 [rows, labels].
        how: `shipping.probabilities`.

    Raises:
        RecipeError: for a line or a table a label.
    """
    check_label_calibration(how)
    if how == "none":
        return Calibration()
    from scipy.optimize import minimize_scalar

    def log_loss(log_factor):
        scores = label_probabilities(logits, Calibration(float(np.exp(log_factor))))
        likely = np.where(y == 1, scores, 1 - scores)
        return -np.log(np.maximum(likely, 1e-12)).mean()

    bounds = (-MAX_LOG_FACTOR, MAX_LOG_FACTOR)
    found = minimize_scalar(log_loss, bounds=bounds, method="bounded")
    return Calibration(float(np.float32(np.exp(found.x))))


def check_label_calibration(how: str) -> None:
    """Raises RecipeError for a calibration that would need many rows of every label."""
    if how not in ("none", "temperature"):
        raise RecipeError(
            f"shipping.probabilities={how!r} for several labels a row",
            expected="none or temperature: a line or a table a label would be fitted to the few "
            "validation rows that a rare label has",
            fix="--set shipping.probabilities=temperature",
        )


def _f1_of_logits(average, name):
    import keras

    class F1OfLogits(keras.metrics.F1Score):
        def update_state(self, y_true, y_pred, sample_weight=None):
            return super().update_state(y_true, keras.ops.sigmoid(y_pred), sample_weight)

    return F1OfLogits(average=average, threshold=0.5, name=name)
