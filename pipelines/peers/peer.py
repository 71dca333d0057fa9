"""The contract of a peer: a plain model of the field, fitted on the raw rows that ours had and
judged on the same test rows, so that a reader sees what a network had to beat.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from ..device.answers import Answers
from ..device.target import Target
from ..rows.parts import HeldOut, TrainSet, require_train_set
from ..rows.sketch import DataSketch
from ..tabular.plain_features import Columns
from ..tasks import task_of

# Raw columns → plain outputs, see `tasks.plain_models`. It is never handed a label.
Predict = Callable[[Columns], np.ndarray]


@dataclass(frozen=True, eq=False)
class FittedPeer:
    """A peer that has learned.

    Attributes:
        target: Of the rows.
        extract: Raw columns → what the peer reads of them; it has learned nothing.
        predict: Extracted columns → plain outputs.
        decision: As `Task.plain_decision` gives it.
    """

    target: Target
    extract: Callable[[Columns], dict[str, Any]]
    predict: Predict
    decision: tuple[float, ...] = ()

    def outputs(self, rows: HeldOut) -> np.ndarray:
        """Returns plain outputs for raw rows, float64 (see `tasks.plain_models`)."""
        return self.outputs_of(self.extract(rows.x))

    def outputs_of(self, extracted: Columns) -> np.ndarray:
        """Returns plain outputs for columns that were extracted already."""
        with one_thread():
            return self.predict(extracted)

    def answers(self, rows: HeldOut) -> Answers:
        """Returns answers to raw rows in the form that a device gives."""
        return task_of(self.target).plain_answers(self.outputs(rows), self.target, self.decision)


@dataclass(frozen=True)
class Peer(ABC):
    """A plain model. No recipe holds one: `judge.peers` asks for all that suit.

    Attributes:
        name: In words, as the table shows it.
        advice: What to try where it does better than a network: a noun phrase with settings.
        streamed_advice: The same for rows that are streamed, which not every setting takes.
        doubts_labels: Whether it is asked which training labels are likely wrong: it is quick, and
            its probabilities are more than 0 and 1.
        spells: Whether it answers targets that are spelled, and no others.
        seed: Of all that it draws; the same for every run, so that runs share their peers.
    """

    name: ClassVar[str]
    advice: ClassVar[str] = ""
    streamed_advice: ClassVar[str] = ""
    doubts_labels: ClassVar[bool] = False
    spells: ClassVar[bool] = False

    seed: int = 0

    @abstractmethod
    def suits(self, sketch: DataSketch) -> str:
        """Returns why it cannot learn from such data, or ""; `sketch` is of rows that were read."""

    def lacks(self) -> str:
        """Returns which package it needs that is not installed, and how to get it, or ""."""
        return ""

    @abstractmethod
    def row_seconds(self, train: TrainSet) -> float:
        """Returns the estimated seconds of `learn` for one training row on two cores.

        It is computed from the shape of the rows alone: a clock would let a slow machine change the
        report.
        """

    def extract_seconds(self) -> float:
        """Returns the estimated seconds of `extract` for one row, where they count."""
        return 0.0

    def extract(self, x: Columns) -> dict[str, Any]:
        """Returns what the peer reads of raw columns, each row by itself: nothing is learned."""
        return dict(x)

    @abstractmethod
    def learn(self, train: TrainSet) -> Predict:
        """Returns what predicts plain outputs, learned from rows whose columns are extracted."""

    def fit(self, train: TrainSet) -> FittedPeer:
        """Fits the peer on raw rows.

        Raises:
            LeakError: The rows are no TrainSet.
        """
        rows = require_train_set(train, f"the peer {self.name}")
        return self.fit_extracted(rows.with_columns(self.extract(rows.x)))

    def fit_extracted(self, train: TrainSet) -> FittedPeer:
        """Fits the peer on rows whose columns are extracted already.

        Raises:
            LeakError: The rows are no TrainSet.
        """
        rows = require_train_set(train, f"the peer {self.name}")
        with one_thread():
            return FittedPeer(rows.schema.target, self.extract, self.learn(rows))


def one_thread() -> AbstractContextManager:
    """Returns what keeps OpenMP and BLAS to one thread: sums have one order on every machine, and
    threads that wait for a busy processor do not spin (boosting took 50 times longer for it).
    """
    from threadpoolctl import threadpool_limits

    return threadpool_limits(1)
