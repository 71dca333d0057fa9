"""What training and compression leave: a Keras model with its validation score."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..device.signature import Signature
from .inputs import TrainingInputs

if TYPE_CHECKING:
    from ..compress.measure import CompressionStep


@dataclass(frozen=True, eq=False)
class TrainedModel:
    """A trained Keras model with its validation score.

    Attributes:
        model: the keras.Model of ports → logits or standardized values [rows, outputs].
        signature: what the model takes and gives, with the decision of the float32 form.
        validation_score: the deciding metric on validation rows, in the target's unit.
        history: metric → one value an epoch.
        fit_seconds: the seconds that Keras' fit took.
        inputs: what it was trained on.
        compression: what each step of compression left, the model as trained first.
        watched: what watching the training recorded, the fields of a `WatchRecord`, or None.
    """

    model: object
    signature: Signature
    validation_score: float
    history: dict[str, list[float]]
    fit_seconds: float
    inputs: TrainingInputs
    compression: tuple[CompressionStep, ...] = ()
    watched: dict[str, Any] | None = None

    @property
    def num_rows(self) -> int:
        """The number of rows that it was trained on, after balancing."""
        return self.inputs.feed.rows.num_rows


@dataclass(frozen=True, eq=False)
class ComparisonModel:
    """A model that is trained for the report only: it shows what balancing did, or what a network
    is good for.

    Attributes:
        words: what is different about it.
        trained: the model.
    """

    words: str
    trained: TrainedModel
