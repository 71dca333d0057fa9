"""The contract of a task: everything that the package needs to know of what an answer is.

A task is an object without state; what was fitted stands in the Signature. Its half on the device
(`Task.device`) is numpy only and stands in `device/tasks/`. What differs between tasks is a method
or an attribute here: no other file compares the name of a task.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from ..device.answers import Answers
from ..device.frame import Frame
from ..device.ports import Port
from ..device.primitives import Columns, Primitive
from ..device.signature import Signature
from ..device.target import Target
from ..device.tasks.base import DeviceTask
from ..errors import RecipeError, with_article
from ..rows.parts import HeldOut, TrainSet
from .c_answer import CAnswer
from .interpreted import InterpretedTask
from .intervals import Margin, bootstrap_intervals
from .metrics import direction
from .plain_models import PlainModels
from .shown import ShownTask

if TYPE_CHECKING:
    from ..recipe import Recipe

# Metric of a row subset: places int64 [n] → name → score.
PlacedScores = Callable[[np.ndarray], dict[str, float]]


class Task(CAnswer, ShownTask, InterpretedTask, PlainModels):
    """What an answer is: labels, loss, metrics, decision and scores.

    How it is written in C, how it is shown in the report, how it is interpreted, and how plain
    models are judged alongside, stand in the base classes.

    Attributes:
        name: As `Target.task` has it.
        device: The half of the task that runs on a device.
        deciding_metrics: Those that can decide: Keras can follow them from epoch to epoch. The
            first is the usual one.
        interval_metrics: Those that get a bootstrap interval.
        output_unit: Of the model's output, in words.
        output_kind: What a model's outputs are: "softmax" (logits of which one is true), "sigmoid"
            (logits that are each yes or no) or "values". Losses over classes choose by it.
        calibrations: What `shipping.probabilities` may be.
        has_classes: Whether each row has one class of the target's labels: y int64 [rows].
        has_label_sets: Whether each row has any number of the target's labels: y int64
            [rows, labels], 0 or 1.
        agreement_unit: What `agreement` is a share of, in words.
        has_one_truth: Whether y is one class or one number a row, which a column can be held
            against.
        looks_ahead: Whether outputs are steps ahead, of a frame with a horizon.
        gives_back: Whether outputs give an input back, so that y of a row is no truth to learn
            from but marks what is anomalous.
        frame_example: The frame to set where rows are steps of series, or "".
        decides_on_training_rows: Whether the decision is chosen on training rows: none of them
            needs a label.
        embeds: Whether outputs are an embedding, whose distances to class means answer.
        spells: Whether an answer is a text, spelled character by character: y int64 [rows, places].
        staggers_outputs: Whether the int8 file gives each output several times, rounded at
            staggered places (see `convert.lower`): copies tell apart rows that rank alike.
    """

    name: ClassVar[str]
    device: ClassVar[DeviceTask]
    deciding_metrics: ClassVar[tuple[str, ...]]
    interval_metrics: ClassVar[tuple[str, ...]] = ()
    output_unit: ClassVar[str] = "log-odds"
    output_kind: ClassVar[str] = "values"
    calibrations: ClassVar[tuple[str, ...]] = ("none",)
    has_classes: ClassVar[bool] = False
    has_label_sets: ClassVar[bool] = False
    has_one_truth: ClassVar[bool] = False
    agreement_unit: ClassVar[str] = "rows"
    looks_ahead: ClassVar[bool] = False
    gives_back: ClassVar[bool] = False
    frame_example: ClassVar[str] = ""
    decides_on_training_rows: ClassVar[bool] = False
    embeds: ClassVar[bool] = False
    spells: ClassVar[bool] = False
    staggers_outputs: ClassVar[bool] = True

    @property
    def needs_frame(self) -> bool:
        """Whether a row is a window of steps, which a frame cuts."""
        return bool(self.frame_example)

    # Target and outputs -------------------------------------------------------------------------

    @abstractmethod
    def num_outputs(self, target: Target, frame: Frame | None, ports: Sequence[Port]) -> int:
        """Returns how many outputs a net must give for a row.

        Args:
            target: As `fit_target` gives it.
            frame: Of windows, or None.
            ports: The model's inputs.
        """

    def fit_target(
        self, train: TrainSet, primitives: Sequence[Primitive], ports: Sequence[Port]
    ) -> Target:
        """Returns the target of training rows with what is learned of it, such as its scale.

        Args:
            train: Rows after every step.
            primitives: Of every fitted step.
            ports: The model's inputs.
        """
        return train.schema.target

    def port_truth(self, y: np.ndarray, target: Target, columns: Columns) -> np.ndarray:
        """Returns y [rows, ...] as a net learns it from, given the rows after every primitive."""
        return y

    def forced_inputs(self, y: np.ndarray, signature: Signature) -> Columns:
        """Returns the inputs that a search fills on a device, as they are for the truth.

        Args:
            y: Of rows.
            signature: Of the model.
        """
        return {}

    # Training -----------------------------------------------------------------------------------

    @abstractmethod
    def training_truth(self, y: np.ndarray, target: Target) -> np.ndarray:
        """Returns float32 [rows, outputs]: what the outputs for the rows are compared with.

        Args:
            y: As `port_truth` gives it.
            target: Of the signature.
        """

    @abstractmethod
    def default_loss(self, target: Target) -> Callable:
        """Returns a Keras loss without reduction: truth and outputs → loss by row and member.

        It is called with the truth float32 [rows, members or 1, outputs], the outputs of an
        ensemble float32 [rows, members, outputs], and gives float32 [rows, members].
        """

    @abstractmethod
    def keras_metric(self, deciding: str, target: Target) -> Any:
        """Returns a new Keras metric named `deciding`, of truth and outputs float32
        [rows, outputs].
        """

    def taught_outputs(
        self, y: np.ndarray, taught: np.ndarray, target: Target
    ) -> tuple[np.ndarray, np.ndarray]:
        """Returns the truth, and what a teacher answers instead, as the outputs are compared with
        them: float64 [rows, outputs] each.

        Args:
            y: Of training rows.
            taught: Of classes, float64 [rows, classes], their probabilities; else the values, like
                `y`.
            target: Of the rows.
        """
        raise NotImplementedError(f"no teacher answers {with_article(self.name)} target")

    def metric_factor(self, deciding: str, target: Target) -> float:
        """Returns what takes the Keras metric to the target's unit."""
        return 1.0

    def usual_deciding(self, target: Target) -> str:
        """Returns the metric that decides where the recipe names none."""
        return self.deciding_metrics[0]

    def check_recipe(self, recipe: Recipe) -> None:
        """Raises RecipeError if something in the recipe has no meaning for this task.

        It is asked when the rows have been read, before any is learned from.
        """

    def check_deciding(self, deciding: str) -> None:
        """Raises RecipeError if Keras cannot follow the metric for this task."""
        if deciding not in self.deciding_metrics:
            target = with_article(f"{self.name} target")
            raise RecipeError(
                f"judge.deciding={deciding!r} for {target}",
                expected=", ".join(self.deciding_metrics),
                fix=f"--set judge.deciding={self.deciding_metrics[0]}, or set load.target_kind",
            )

    # Decision and scores ------------------------------------------------------------------------

    def decide(
        self,
        recipe: Recipe,
        signature: Signature,
        train_rows: TrainSet,
        rows: HeldOut | TrainSet,
        *,
        form: str,
        raw: np.ndarray,
    ) -> Signature:
        """Returns the signature with the decision of a form.

        Args:
            recipe: Its `judge` and `shipping` name what is chosen for.
            signature: Of the form, with its scales.
            train_rows: Raw training rows.
            rows: As ports, those to choose on: validation rows, or training rows if
                `decides_on_training_rows`.
            form: "float32" or "int8".
            raw: The model's output for these rows.
        """
        return signature

    @abstractmethod
    def score(self, y: np.ndarray, answers: Answers, target: Target) -> dict[str, float]:
        """Returns every metric of the task, of y and answers to the same rows."""

    def score_plain_rule(
        self, y: np.ndarray, values: np.ndarray, target: Target
    ) -> dict[str, float]:
        """Returns what `score` gives, of the values of a plain rule that the frame computed."""
        raise NotImplementedError(f"{type(self).__name__} has no plain rules")

    def plain_scores(self, y: np.ndarray, answers: Answers, target: Target) -> dict[str, float]:
        """Returns what `score` gives of a plain model's answers (see `plain_answers`)."""
        return self.score(y, answers, target)

    def placed_scores(self, y: np.ndarray, answers: Answers, target: Target) -> PlacedScores:
        """Returns a function from places to the `interval_metrics` of the rows there."""

        def scores(places):
            found = self.score(y[places], answers.take(places), target)
            return {name: value for name, value in found.items() if name in self.interval_metrics}

        return scores

    def placed_metric(
        self, metric: str, y: np.ndarray, answers: Answers, target: Target
    ) -> Callable[[np.ndarray], float]:
        """Returns a function from places to one metric of the rows there."""
        return lambda places: self.score(y[places], answers.take(places), target)[metric]

    def intervals(
        self, y: np.ndarray, answers: Answers, target: Target, *, seed: int, num_draws: int = 200
    ) -> dict[str, list[float]]:
        """Returns the 95 % bootstrap interval of each of `interval_metrics`."""
        scores = self.placed_scores(y, answers, target)
        return bootstrap_intervals(scores, len(y), num_draws=num_draws, seed=seed)

    def margin(
        self,
        y: np.ndarray,
        one: Answers,
        other: Answers,
        target: Target,
        *,
        metric: str,
        seed: int,
        num_draws: int = 200,
    ) -> Margin:
        """Returns by how much one model's answers are better than another's to the same rows."""
        first = self.placed_metric(metric, y, one, target)
        second = self.placed_metric(metric, y, other, target)
        sign = direction(metric)

        def ahead(places):
            return (first(places) - second(places)) * sign

        drawn = bootstrap_intervals(
            lambda places: {metric: ahead(places)}, len(y), num_draws=num_draws, seed=seed
        )
        return Margin(metric, float(ahead(np.arange(len(y)))), drawn[metric])

    def agreement(self, one: Answers, other: Answers, target: Target) -> float:
        """Returns the share of rows that two forms answer alike: with the same label; or with
        values that differ by at most 5 % of the first one's standard deviation.
        """
        if one.labels is not None:
            return float(np.mean(one.labels == other.labels))
        spread = float(np.std(one.scores)) or 1.0
        return float(np.mean(np.abs(one.scores - other.scores) <= 0.05 * spread))

    def comparable(self, outputs: np.ndarray) -> np.ndarray:
        """Returns outputs float32 [rows, outputs] without what is no part of the answer."""
        return outputs

    # A user's own model -------------------------------------------------------------------------

    def truth_of_outputs(self, outputs: np.ndarray, *, activated: bool) -> np.ndarray:
        """Returns y as a user's own model answers it.

        Args:
            outputs: float32 [rows, outputs], of the model itself.
            activated: Whether they are probabilities, not logits.
        """
        if outputs.shape[1] == 1:
            return outputs[:, 0]
        return outputs
