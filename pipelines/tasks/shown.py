"""The contract of a task in a report: its metrics, pictures, cautions and sentences."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from typing import ClassVar

import numpy as np

from ..device.answers import Answers
from ..device.signature import Signature
from ..device.target import Target
from ..report.figures import Picture
from ..rows.parts import HeldOut, TrainSet
from .metrics import metric_words
from .mistakes import Mistake


def decision_rows(report: Mapping) -> str:
    """Returns the rows that labels were chosen on, in words."""
    return report.get("decided_by", {}).get("words", "validation rows")


def num_decision_rows(report: Mapping) -> int:
    """Returns how many rows labels were chosen on; of a report that does not state it, those of the
    validation part.
    """
    return report.get("decided_by", {}).get("rows", report["rows"]["valid"])


class ShownTask(ABC):
    """The part of a task that people read.

    Attributes:
        shown_metrics: In the order of the report's ladder.
    """

    shown_metrics: ClassVar[tuple[str, ...]]

    def error_of(self, name: str) -> str:
        """Returns the column whose unit errors have, of the target's `name`; "" where a task has no
        errors in a unit.
        """
        return ""

    def metric_words(self, metric: str, name: str) -> str:
        """Returns a metric as a reader sees it, of a target with that `name`."""
        return metric_words(metric, self.error_of(name))

    def few_rows(self, noun: str) -> str:
        """Returns what makes a metric jump, in words; `noun`: "rows" or "windows"."""
        return f"few test {noun}"

    def constant_answer(self, train: TrainSet, test: HeldOut, target: Target) -> dict | None:
        """Returns {"answer": in words, "scores": metric → score on test rows} of always giving the
        same answer; None for tasks that have other plain rules.
        """
        return None

    def thresholds(self, signature: Signature) -> dict[str, float]:
        """Returns form → the probability from which on a row gets the second label; empty where
        the decision is none of one probability.
        """
        return {}

    def worse_than_constant(self, facts: Mapping) -> list[str]:
        """Returns cautions, the gravest first, where a model is no better than its constant answer.

        Args:
            facts: The content of report.json, with "constant" as `constant_answer` gives it.
        """
        return []

    def pictures(self, y: np.ndarray, answers: Answers, target: Target) -> list[Picture]:
        """Returns the pictures of answers to test rows; those of a modality, such as the series
        themselves, are its own.
        """
        return []

    def class_table(self, y: np.ndarray, answers: Answers, signature: Signature) -> list[dict]:
        """Returns label, test rows, precision, recall and F1 of each class; empty where rows have
        none, or it is not known.
        """
        return []

    def confident_mistakes(
        self, y: np.ndarray, answers: Answers, target: Target, *, most: int
    ) -> list[Mistake]:
        """Returns at most `most` wrong labels, the most confident first; empty without labels."""
        return []

    def per_series(self, test: HeldOut, answers: Answers, target: Target) -> list[dict]:
        """Returns test windows and errors of each of several series, as {"series": ...}."""
        return []

    @abstractmethod
    def answer_words(self, signature: Signature, write: Callable[[str], str]) -> str:
        """Returns how the values of the model become the answer, in a sentence; `write` writes a
        name from data.
        """

    def baseline_metric(self, deciding: str) -> str:
        """Returns the metric by which plain rules are compared with the model."""
        return deciding

    def scores_text(self, answers: Answers, row: int, target: Target) -> str:
        """Returns the scores of one answer, in words."""
        pairs = zip(target.labels, np.atleast_1d(answers.scores[row]), strict=True)
        return ", ".join(f"{label} {score:.4f}" for label, score in pairs)

    def decision_text(self, report: Mapping, write: Callable[[str], str]) -> str:
        """Returns how labels are chosen, in a sentence; `write` writes a label."""
        return ""
