"""What a step of compression leaves of a model."""

from dataclasses import dataclass

from .prune import share_of_zeros
from .tuning import Tuning


@dataclass(frozen=True)
class CompressionStep:
    """A model after a step of compression.

    Attributes:
        what: the step, in words.
        score: the deciding metric on validation rows.
        num_weights: all weights of the model.
        share_of_zeros: the share of the weights of kernels that are exactly zero.
    """

    what: str
    score: float
    num_weights: int
    share_of_zeros: float


def measure_step(what: str, model, tuning: Tuning) -> CompressionStep:
    """Measures a Keras model after the step that `what` names."""
    return CompressionStep(
        what,
        tuning.judge(model),
        model.count_params(),
        share_of_zeros(model),
    )
