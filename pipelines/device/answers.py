"""What a model answers to rows."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Answers:
    """Answers to rows, in their order.

    Anomalies: `labels` object [rows], `scores` float64 [rows], the more the odder, in the unit of
    the series given. Classes: `labels` object [rows], `scores` float64 [rows, classes] in the order
    of the target's labels. Real numbers: `labels` is None, `scores` float64 [rows] in the target's
    unit, of several [rows, outputs]; of forecasts [rows, horizon], and `quantiles` float64 [rows,
    horizon, quantiles], rising, where the target has them. `raw`: the model's own output. `notes`
    object [rows]: what is unusual about a row, "" where nothing is (see `notes`); None where only
    the model's output was seen.
    """

    labels: np.ndarray | None
    scores: np.ndarray
    raw: np.ndarray
    quantiles: np.ndarray | None = None
    notes: np.ndarray | None = None

    def given(self) -> np.ndarray:
        """Returns `labels` of answers that have them. Raises ValueError where they are numbers."""
        if self.labels is None:
            raise ValueError("answers that are numbers have no labels")
        return self.labels

    def take(self, places: np.ndarray) -> "Answers":
        """The answers at `places` (int [n])."""
        return Answers(
            None if self.labels is None else self.labels[places],
            self.scores[places],
            self.raw[places],
            None if self.quantiles is None else self.quantiles[places],
            None if self.notes is None else self.notes[places],
        )
