"""What a model answers to rows."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Answers:
    """Answers to rows, in their order.

    Attributes:
        labels: object [rows]; None for real numbers.
        scores: float64. Of classes, [rows, classes] in the order of the target's labels. Of
            anomalies, [rows], the larger the more anomalous, in the unit of the series given. Of
            real numbers, [rows] in the target's unit, of several [rows, outputs]; of forecasts
            [rows, horizon]. Of texts that are spelled, [rows], the probability of each.
        raw: The model's own output.
        quantiles: Of forecasts with quantiles, float64 [rows, horizon, quantiles], rising.
        notes: object [rows]: what is unusual about a row, "" where nothing is (see `notes`); None
            if only the model's output was seen.
        sets: Of classes with sets, object [rows]: the labels in each, a tuple; the true one is
            among them as often as `judge.coverage` states.
        spread: Where missing numbers are drawn several times, float64 [rows, outputs]: the standard
            deviation that the draws add to each of the model's outputs (see `draws`).
        bounds: Of real numbers with intervals, float64 [rows, 2]: between which the true value is
            as often as `judge.coverage` states.
    """

    labels: np.ndarray | None
    scores: np.ndarray
    raw: np.ndarray
    quantiles: np.ndarray | None = None
    notes: np.ndarray | None = None
    sets: np.ndarray | None = None
    spread: np.ndarray | None = None
    bounds: np.ndarray | None = None

    def given(self) -> np.ndarray:
        """Returns `labels` of answers that have them. Raises ValueError if they are numbers."""
        if self.labels is None:
            raise ValueError("answers that are numbers have no labels")
        return self.labels

    def take(self, places: np.ndarray) -> "Answers":
        """Returns the answers at some places.

        Args:
            places: int [n], or bool [rows].
        """
        return Answers(
            _taken(self.labels, places),
            self.scores[places],
            self.raw[places],
            _taken(self.quantiles, places),
            _taken(self.notes, places),
            _taken(self.sets, places),
            _taken(self.spread, places),
            _taken(self.bounds, places),
        )


def join_answers(parts: Sequence[Answers]) -> Answers:
    """Returns the answers to parts of the rows as one."""
    if len(parts) == 1:
        return parts[0]
    return Answers(
        labels=_joined([each.labels for each in parts]),
        scores=np.concatenate([each.scores for each in parts]),
        raw=np.concatenate([each.raw for each in parts]),
        quantiles=_joined([each.quantiles for each in parts]),
        notes=_joined([each.notes for each in parts]),
        sets=_joined([each.sets for each in parts]),
        spread=_joined([each.spread for each in parts]),
        bounds=_joined([each.bounds for each in parts]),
    )


def _joined(arrays):
    """Returns arrays as one; None of a field that such answers do not have."""
    if arrays[0] is None:
        return None
    return np.concatenate(arrays)


def _taken(values, places):
    if values is None:
        return None
    return values[places]
