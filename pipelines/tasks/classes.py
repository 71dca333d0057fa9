"""What tasks with one class a row share: scores of labels and ranks, the decision, the report."""

from __future__ import annotations

import ctypes
from abc import abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from math import sqrt
from typing import TYPE_CHECKING

import numpy as np

from ..device.answers import Answers
from ..device.calibration import positive_or_largest
from ..device.cells import shorten
from ..device.signature import Signature
from ..device.target import Target
from ..report.figures import Picture
from ..rows.parts import HeldOut, TrainSet
from .base import Task
from .c_answer import CCall
from .c_text import c_labels, comment
from .class_sets import c_set_declaration, c_sets, set_scores, set_words, with_sets
from .costs import COST, Saving
from .draw_classes import calibration, confusion_matrix, curves
from .metrics import LABEL_METRICS, RANK_METRICS, score_classes, score_labels, score_ranks
from .mistakes import Mistake
from .plain_models import class_logits
from .probabilities import fit_calibration
from .shown import decision_rows, num_decision_rows

if TYPE_CHECKING:
    from ..recipe import Recipe

FEW_VALIDATION_ROWS = 500
NO_THRESHOLD = (
    "The label with the largest probability: no threshold was chosen (judge.threshold is none)."
)
LABEL_INTERVALS = ("balanced_accuracy", "macro_f1", "accuracy")


class ClassTask(Task):
    """One class a row: y int64 [rows], the place of the class among the target's labels."""

    has_classes = True
    has_one_truth = True
    error_words = "share of wrong labels"
    has_mistakes = True
    interval_metrics = (*RANK_METRICS, *LABEL_INTERVALS)

    @abstractmethod
    def choose_offsets(
        self,
        logits: np.ndarray,
        y: np.ndarray,
        *,
        metric: str | Saving,
        class_shares: np.ndarray,
        near: tuple[float, ...] | None,
    ) -> tuple[float, ...]:
        """Returns what is added to the logits before the label is taken (see `thresholds`)."""

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
        """Returns the signature with calibrated probabilities, and the offsets of the logits that
        make `recipe.judge.threshold` of validation rows largest.
        """
        logits = signature.output.to_float(raw)
        fitted = fit_calibration(logits, rows.y, how=recipe.shipping.probabilities)
        signature = replace(
            signature,
            calibrations={**signature.calibrations, form: fitted},
        )
        if recipe.judge.threshold == "none":
            offsets = (0.0,) * signature.output.shape[0]
        else:
            near = None
            if form == "int8":
                near = signature.decisions.get("float32")
            counts = train_rows.count_classes()
            offsets = self.choose_offsets(
                logits,
                rows.y,
                metric=_chosen_for(recipe.judge),
                class_shares=counts / train_rows.num_rows,
                near=near,
            )
        signature = replace(signature, decisions={**signature.decisions, form: offsets})
        if not recipe.judge.coverage:
            return signature
        return with_sets(signature, recipe.judge, logits, rows.y, form=form)

    def score(self, y: np.ndarray, answers: Answers, target: Target) -> dict[str, float]:
        """Returns every metric of `metrics.score_classes`, and what sets hold if there are any."""
        scores = score_classes(y, class_places(answers, target.labels), answers.scores)
        if answers.sets is None:
            return scores
        return {**scores, **set_scores(y, answers.sets, target.labels)}

    def placed_scores(self, y: np.ndarray, answers: Answers, target: Target):
        """Returns a function from places to ranks and label metrics, counted: an interval takes
        hundreds of them.
        """
        chosen = class_places(answers, target.labels)

        def scores(places):
            found = score_ranks(y[places], answers.scores[places])
            for metric in LABEL_INTERVALS:
                found[metric] = score_labels(metric, y[places], chosen[places])
            return found

        return scores

    def placed_metric(self, metric: str, y: np.ndarray, answers: Answers, target: Target):
        """Returns a function from places to one metric, counted where it can be."""
        if metric in LABEL_METRICS:
            chosen = class_places(answers, target.labels)
            return lambda places: score_labels(metric, y[places], chosen[places])
        if metric in RANK_METRICS:
            return lambda places: score_ranks(y[places], answers.scores[places])[metric]
        return super().placed_metric(metric, y, answers, target)

    def row_errors(self, y: np.ndarray, answers: Answers, target: Target) -> np.ndarray:
        """Returns 1 of each row with another label than its own."""
        return (class_places(answers, target.labels) != y).astype(np.float64)

    def plain_decision(
        self,
        outputs: np.ndarray,
        y: np.ndarray,
        target: Target,
        *,
        metric: str,
        class_shares: np.ndarray | None,
    ) -> tuple[float, ...]:
        """Returns the offsets of the logits that make `metric` largest."""
        logits = class_logits(outputs)
        if metric == "none" or class_shares is None:
            return (0.0,) * logits.shape[1]
        return self.choose_offsets(logits, y, metric=metric, class_shares=class_shares, near=None)

    def plain_answers(
        self, outputs: np.ndarray, target: Target, decision: tuple[float, ...]
    ) -> Answers:
        """Returns the labels by the decision, and the probabilities."""
        logits = class_logits(outputs)
        places = positive_or_largest(logits, decision)
        return Answers(np.asarray(target.labels, object)[places], outputs, logits)

    def taught_outputs(
        self, y: np.ndarray, taught: np.ndarray, target: Target
    ) -> tuple[np.ndarray, np.ndarray]:
        """Returns one-hot truth and the probabilities, a column for each output."""
        width = self.num_outputs(target, None, ())
        own = np.eye(len(target.labels))[y]
        return own[:, -width:], taught[:, -width:]

    def c_function(self, signature: Signature) -> str:
        """Returns "signature_label"."""
        return "signature_label"

    def c_declaration(self, signature: Signature) -> str:
        """Returns the function from outputs to the place of the label."""
        labels = signature.target.labels
        lines = "".join(f" * {place}: {comment(label)}\n" for place, label in enumerate(labels))
        return (
            f"/* The class of the model's int8 output:\n{lines} */\n"
            "int signature_label(const int8_t *output);\n" + c_set_declaration(signature)
        )

    def c_example(self, signature: Signature) -> str:
        """Returns C that prints the label."""
        return (
            f"{c_labels(signature.target)}"
            '  print_line("label: %s", labels[signature_label(output)]);'
        )

    def c_answers(
        self, library: ctypes.CDLL, signature: Signature, answers: Answers, calls: Sequence[CCall]
    ) -> Answers:
        """Returns the labels of C; scores are computed from the output as in Python."""
        places = [library.signature_label(output) for output, _ in calls]
        labels = np.asarray(signature.target.labels, object)[places]
        sets = c_sets(library, signature, calls)
        return Answers(labels, answers.scores, answers.raw, sets=sets)

    def class_table(self, y: np.ndarray, answers: Answers, signature: Signature) -> list[dict]:
        """Returns label, test rows, precision, recall and F1 of each class."""
        target = signature.target
        return class_scores(y, class_places(answers, target.labels), target.labels)

    def confident_mistakes(
        self, y: np.ndarray, answers: Answers, target: Target, *, most: int
    ) -> list[Mistake]:
        """Returns the rows with another label than their own."""
        labels = target.labels
        chosen = class_places(answers, labels)
        score = answers.scores[np.arange(len(chosen)), chosen]
        wrong = np.flatnonzero(chosen != y)
        wrong = wrong[np.argsort(-score[wrong], kind="stable")][:most]
        return [
            Mistake(
                int(row),
                labels[y[row]],
                labels[chosen[row]],
                int(chosen[row]),
                score[row],
            )
            for row in wrong
        ]

    def few_rows(self, noun: str) -> str:
        """Returns "few rows of a class"."""
        return f"few {noun} of a class"

    def pictures(self, y: np.ndarray, answers: Answers, target: Target) -> list[Picture]:
        """Returns the confusion matrix, ROC and precision-recall curves, and calibration."""
        labels = target.labels
        chosen = class_places(answers, labels)
        size = max(3.8, 0.62 * len(labels) + 1)
        width = 7.4
        if len(labels) <= 3:
            width = 5.2
        scores = answers.scores
        roc_mark, pr_mark = self.curve_marks(y, chosen)
        roc = curves(y, scores, labels, kind="roc", mark=roc_mark)
        precision_recall = curves(
            y,
            scores,
            labels,
            kind="precision_recall",
            mark=pr_mark,
        )
        return [
            Picture(
                "confusion matrix",
                confusion_matrix(y, chosen, labels),
                size + 1.4,
                size,
            ),
            Picture("ROC curve", roc, width),
            Picture("precision-recall curve", precision_recall, width),
            Picture("calibration", calibration(y, scores, labels)),
        ]

    def curve_marks(self, y: np.ndarray, chosen: np.ndarray):
        """Returns where the decision lies on the ROC and on the precision-recall curve, or None."""
        return None, None

    def constant_answer(self, train: TrainSet, test: HeldOut, target: Target) -> dict:
        """Returns the scores of always answering the class most frequent in training."""
        most = int(np.bincount(train.y, minlength=len(target.labels)).argmax())
        chosen = np.full(len(test), most)
        scores = {
            metric: score_labels(metric, test.y, chosen) for metric in ("accuracy", "macro_f1")
        }
        return {"answer": target.labels[most], "scores": scores}

    def worse_than_constant(self, facts: Mapping) -> list[str]:
        """Returns cautions by accuracy, macro F1 and ROC-AUC."""
        constant = facts["constant"]
        int8 = facts["scores"]["litert_int8"]
        right = int8["accuracy"]
        plain = constant["scores"]["accuracy"]
        answer = shorten(constant["answer"])
        found = []
        # By more than these rows could show by chance.
        if right + sqrt(right * (1 - right) / facts["rows"]["test"]) < plain:
            found.append(
                f"Labels are right for {right:.1%} of the test rows; always answering {answer} is "
                f"right for {plain:.1%}. {_why_labels(facts, int8, constant)}"
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


def more_words(report: Mapping, write: Callable[[str], str]) -> str:
    """Returns sentences on what the answers cost and on sets of labels, or "".

    Args:
        report: The content of report.json.
        write: Writes a label.
    """
    return _cost_words(report, write) + set_words(report)


def _cost_words(report: Mapping, write: Callable[[str], str]) -> str:
    """Returns a sentence on what the answers cost, or "".

    Args:
        report: The content of report.json.
        write: Writes a label.
    """
    costs = report.get("costs")
    if not costs:
        return ""
    form = "litert_int8"
    constant = costs["constant"]
    return (
        f" A test row costs {costs['by_form'][form]:.4g} {costs['unit']} (int8); "
        f"{constant['cost']:.4g} if each were answered {write(constant['label'])}."
    )


def _chosen_for(judge):
    """What offsets are chosen for: the name of a metric, or what costs save."""
    if judge.threshold == COST:
        return Saving(judge.costs)
    return judge.threshold


def _why_labels(facts, int8, constant):
    """What the labels were chosen for, and how to choose otherwise."""
    metric = facts["judge"]["threshold"]
    of_rows = decision_rows(facts)
    rows = num_decision_rows(facts)
    few = ""
    if rows < FEW_VALIDATION_ROWS:
        few = ", which are few"
    if metric == "none":
        return "No threshold was chosen (judge.threshold=none)"
    if metric == "accuracy":
        return f"They were chosen for accuracy on {rows:,} {of_rows}{few}"
    name = metric.replace("_", " ").replace("f1", "F1")
    gained = ""
    if metric == "macro_f1":
        gained = (
            f" ({int8['macro_f1']:.3f}; that answer alone: {constant['scores']['macro_f1']:.3f})"
        )
    return (
        f"They were chosen for {name}{gained} on {rows:,} {of_rows}{few}; "
        "--set judge.threshold=accuracy chooses them for accuracy"
    )


def class_scores(y: np.ndarray, chosen: np.ndarray, labels: tuple[str, ...]) -> list[dict]:
    """Returns label, rows, precision, recall and F1 of each class.

    Args:
        y: int64 [rows], the true class.
        chosen: int64 [rows], the answer.
        labels: of the classes.
    """
    from sklearn.metrics import precision_recall_fscore_support

    places = np.arange(len(labels))
    table = precision_recall_fscore_support(
        y,
        chosen,
        labels=places,
        zero_division=0,
    )
    return [
        {
            "label": label,
            "precision": float(table[0][place]),
            "recall": float(table[1][place]),
            "f1": float(table[2][place]),
            "rows": int(table[3][place]),
        }
        for place, label in enumerate(labels)
    ]


def class_places(answers: Answers, labels: tuple[str, ...]) -> np.ndarray:
    """Returns int64 [rows]: the place of each answer's label among the labels."""
    place = {label: index for index, label in enumerate(labels)}
    given = answers.given()
    return np.fromiter((place[label] for label in given), np.int64, len(given))
