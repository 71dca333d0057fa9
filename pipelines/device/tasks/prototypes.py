"""Prototypes on the device: the class whose mean embedding lies nearest to that of the row.

Class means of embeddings are a classifier that a few rows of a new class extend without training:
Snell, Swersky and Zemel 2017, https://arxiv.org/abs/1703.05175.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ..answers import Answers
from ..calibration import probabilities
from .base import DeviceTask

if TYPE_CHECKING:
    from ..primitives import Columns
    from ..signature import Signature

MAX_WIDTH = 1024


class DevicePrototypes(DeviceTask):
    """One of several labels, by the squared Euclidean distance of an embedding to class means.

    The decision of a form holds the means, label after label.
    """

    name = "prototypes"

    def answer(
        self,
        signature: Signature,
        raw: np.ndarray,
        *,
        form: str,
        prepared: Columns | None = None,
    ) -> Answers:
        """Returns the nearest labels, and the softmax of distances [rows, labels]."""
        embeddings = signature.output.to_float(raw)
        distances = squared_distances(embeddings, class_means(signature, form))
        nearest = distances.argmin(axis=1)
        names = np.asarray(signature.target.labels, object)
        return Answers(
            names[nearest],
            probabilities(-distances),
            raw,
        )

    def fits_labels(self, signature: Signature) -> bool:
        """Returns whether there are two labels or more, however wide the embedding is."""
        return len(signature.target.labels) >= 2

    def num_decisions(self, signature: Signature) -> int:
        """Returns how many numbers the means of all labels are."""
        return len(signature.target.labels) * signature.output.shape[0]

    def check(self, signature: Signature) -> None:
        """Raises ValueError if the output is not as wide as the target's embedding."""
        width = signature.target.embedding
        if not 1 <= width <= MAX_WIDTH or signature.output.shape != (width,):
            raise ValueError(f"an embedding of {width} numbers in {signature.output}")
        if signature.sets or signature.calibrations:
            raise ValueError("sets or calibrations of distances")


def class_means(signature: Signature, form: str) -> np.ndarray:
    """Returns the mean embedding of each label in a form, float32 [labels, width]."""
    means = np.asarray(signature.offsets(form), np.float32)
    return means.reshape(-1, signature.target.embedding)


def squared_distances(embeddings: np.ndarray, means: np.ndarray) -> np.ndarray:
    """Returns the squared Euclidean distance to each mean, float32 [rows, labels].

    Squares are summed one by one, as in C.

    Args:
        embeddings: float32 [rows, width].
        means: float32 [labels, width].
    """
    columns = []
    for mean in means:
        gaps = embeddings - mean
        sums = np.add.accumulate(gaps * gaps, axis=1)
        columns.append(sums[:, -1])
    return np.stack(columns, axis=1)
