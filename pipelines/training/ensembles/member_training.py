"""How the members of an ensemble are trained: the rows, and all that is alike for each."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from ...device.signature import Signature
from ...rows.parts import HeldOut, TrainSet
from ...slots import Network
from ..feed import TrainFeed, plain_feed
from ..fit import FitResult, train
from ..training import Training
from .composite import weights_of

MAX_SEED = 2**31
# A prime, so that the seeds of members are none of those that layers make of them.
STEP_OF_SEEDS = 7919
ANSWER_ROWS = 256


def member_seed(seed: int, place: int) -> int:
    """Returns the seed of a member; the first one has that of the ensemble."""
    return (seed + STEP_OF_SEEDS * place) % MAX_SEED


@dataclass(frozen=True, eq=False)
class FittedMember:
    """A member that was trained.

    Attributes:
        weights: Of its layers, as `weights_of` finds them.
        share: How much its answers count in the sum that ships.
        history: As `FitResult` holds it.
        watched: As `FitResult` holds it.
    """

    weights: list[list[np.ndarray]]
    share: float
    history: dict[str, list[float]]
    watched: dict[str, Any] | None = None


@dataclass(frozen=True, eq=False)
class MemberTraining:
    """What every member learns from, by and for.

    Attributes:
        feed: The training rows, with what soft labels and augmentation they have.
        valid: Rows to stop by.
        signature: What a model takes and gives.
        training: Of one member; the seed is the ensemble's.
        deciding: The metric to follow.
        callbacks: More callbacks of Keras.
    """

    feed: TrainFeed
    valid: HeldOut
    signature: Signature
    training: Training
    deciding: str
    callbacks: Sequence = ()

    @property
    def rows(self) -> TrainSet:
        """The training rows, whose columns are ports."""
        return self.feed.rows

    def fit(
        self,
        network: Network,
        place: int,
        *,
        feed: TrainFeed | None = None,
    ) -> FitResult:
        """Trains a member.

        Args:
            network: Its spec.
            place: Which member it is, for its seed.
            feed: What it learns from; None: all of it.
        """
        seed = member_seed(self.training.seed, place)
        return train(
            network,
            feed or self.feed,
            self.valid,
            signature=self.signature,
            training=replace(self.training, seed=seed),
            deciding=self.deciding,
            callbacks=self.callbacks,
        )

    def some(self, places: np.ndarray) -> TrainFeed:
        """Returns the training rows at `places`, int64, repeats allowed."""
        soft_labels = self.feed.soft_labels
        if soft_labels is not None:
            soft_labels = soft_labels[places]
        return replace(self.feed, rows=self.rows.take(places), soft_labels=soft_labels)


def fitted_member(result: FitResult, share: float) -> FittedMember:
    """Returns what is kept of a training."""
    weights = weights_of(result.model)
    return FittedMember(weights, share, result.history, result.watched)


def answers_to(model: Any, rows: TrainSet | HeldOut) -> np.ndarray:
    """Returns what a model answers to rows, float32 [rows, outputs].

    Args:
        model: A keras.Model, ports by name → [rows, outputs].
        rows: Their columns are ports.
    """
    import tensorflow as tf

    answer = _compiled(tf, model)
    batch_size = min(len(rows), ANSWER_ROWS)
    named = {each.name: rows.x[each.name] for each in model.inputs}
    feed = plain_feed(rows.with_columns(named), {}, batch_size=batch_size)
    answers = [answer(x).numpy() for x, _, _ in feed]
    return np.concatenate(answers)[: len(rows)]


def _compiled(tf, model) -> Callable:
    @tf.function
    def answer(x):
        return model(x, training=False)

    return answer
