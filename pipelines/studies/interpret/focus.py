"""Which rows are looked at one by one, and which number of their answers."""

from dataclasses import dataclass

import numpy as np

from ...device.answers import Answers
from .opened import OpenedBundle

NUM_EXAMPLES = 8


@dataclass(frozen=True, eq=False)
class Focus:
    """The number of each row's answer that is looked at: of labels the probability of the one that
    is most probable while nothing is altered, of values their mean.

    Attributes:
        labels: int64 [rows], the place of that label; None of values.
    """

    labels: np.ndarray | None

    @classmethod
    def of(cls, opened: OpenedBundle, answers: Answers) -> "Focus":
        """Returns what is looked at in rows with these answers."""
        has_scores = answers.scores.ndim == 2
        if opened.target.labels and has_scores:
            return cls(answers.scores.argmax(axis=1))
        return cls(None)

    def numbers(self, answers: Answers) -> np.ndarray:
        """Returns the number of each row, float64 [rows]; of altered rows, in the same order."""
        scores = answers.scores
        if self.labels is None:
            flat = scores.reshape(len(scores), -1)
            return flat.mean(axis=1)
        rows = np.arange(len(scores))
        return scores[rows, self.labels]

    def repeated(self, num: int) -> "Focus":
        """Returns the same for one row that is answered so many times."""
        if self.labels is None:
            return self
        return Focus(np.repeat(self.labels, num))

    def words(self, opened: OpenedBundle) -> str:
        """Returns what the number is, in words."""
        if self.labels is None:
            return f"value of {opened.target.name}"
        return "probability of the label that is most probable"


def example_places(opened: OpenedBundle, num_examples: int = NUM_EXAMPLES) -> np.ndarray:
    """Returns the places of rows to draw: half of them the most confident mistakes, the others
    evenly drawn, int64.
    """
    half = num_examples // 2
    mistakes = opened.task.confident_mistakes(
        opened.rows.y,
        opened.answers,
        opened.target,
        most=half,
    )
    wrong = [mistake.row for mistake in mistakes]
    evenly = opened.places(num_examples - len(wrong))
    places = dict.fromkeys([*evenly.tolist(), *wrong])
    return np.array(list(places), np.int64)


def example_title(opened: OpenedBundle, place: int) -> str:
    """Returns the answer to a row, and its true label if that is another."""
    answers = opened.answers
    if answers.labels is None:
        return f"row {place}"
    answer = str(answers.labels[place])
    if not opened.task.has_classes:
        return answer
    true = opened.target.labels[opened.rows.y[place]]
    if answer == true:
        return answer
    return f"{answer}, is {true}"
