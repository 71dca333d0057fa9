"""The contract of a task for whoever reads a model: how wrong a row is, and which number of an
answer is looked at.
"""

from __future__ import annotations

import warnings
from typing import ClassVar

import numpy as np

from ..device.answers import Answers
from ..device.target import Target


class InterpretedTask:
    """The part of a task that an interpretation asks for.

    Attributes:
        error_words: What `row_errors` are, in words.
        has_mistakes: Whether they are 0 or 1.
        has_classes: As `Task` has it.
    """

    error_words: ClassVar[str] = "absolute error"
    has_mistakes: ClassVar[bool] = False
    has_classes: ClassVar[bool] = False

    def row_errors(self, y: np.ndarray, answers: Answers, target: Target) -> np.ndarray:
        """Returns how wrong each answer is, float64 [rows], NaN where the truth is unknown.

        Args:
            y: Of the rows.
            answers: To the same rows.
            target: Of the signature.
        """
        errors = np.abs(answers.scores - y)
        by_row = errors.reshape(len(errors), -1)
        with warnings.catch_warnings():
            # The mean of nothing: no step ahead of the row is known.
            warnings.simplefilter("ignore", category=RuntimeWarning)
            return np.nanmean(by_row, axis=1)

    def watched(self, answers: Answers, target: Target) -> dict[str, np.ndarray]:
        """Returns the numbers of an answer that a reader looks at: name → float64 [rows].

        Of two classes the probability of the second, of more that of each; of values their mean
        over outputs and steps.
        """
        scores = answers.scores
        if not target.labels or scores.ndim == 1:
            return {target.name: scores.reshape(len(scores), -1).mean(axis=1)}
        named = dict(zip(target.labels, scores.T, strict=True))
        if self.has_classes and len(named) == 2:
            del named[target.labels[0]]
        return named

    def output_weights(self, answers: Answers, target: Target, num_outputs: int) -> np.ndarray:
        """Returns what each output counts in the number that is attributed to the inputs, float32
        [rows, outputs]: the logit of the label with the largest probability less the mean of all;
        of values their mean.
        """
        shape = (len(answers.scores), num_outputs)
        if not target.labels or num_outputs == 1:
            return np.full(shape, 1 / num_outputs, np.float32)
        weights = np.full(shape, -1 / num_outputs, np.float32)
        largest = answers.scores.argmax(axis=1)
        weights[np.arange(len(weights)), largest] += 1
        return weights
