"""What `run.fit` is made of: the feed, the training, and a second one on all rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from ..device.errors import DeviceError
from ..device.signature import Signature
from ..engine.cache import remembered
from ..errors import RecipeError
from ..report.stages import stage
from ..rows.joined import learned_from_both
from ..tasks import task_of
from ..tasks.costs import check_classes
from ..tasks.metrics import direction
from ..training.feed import TrainFeed
from ..training.fit import train
from ..training.inputs import TrainingInputs, fit_inputs
from ..training.trained import TrainedModel
from .assess import assess

if TYPE_CHECKING:
    from ..recipe import Recipe


def with_feed(recipe: Recipe, inputs: TrainingInputs) -> TrainingInputs:
    """Balances the training rows of a recipe, and asks its teacher about them.

    Raises:
        RecipeError: its costs are of another number of classes.
    """
    check_classes(recipe.judge.costs, inputs.signature.target, "judge.costs")
    with stage("balance"):
        rows = inputs.balanced_with(recipe.balance)
    soft_labels = None
    teacher = recipe.teacher
    if teacher is not None:
        with stage("teacher"):
            soft_labels = remembered(
                "teacher",
                teacher,
                inputs.calibration,
                inputs.prepared_rows,
                make=lambda: teacher.soften(inputs.calibration, inputs.prepared_rows),
            )
    feed = TrainFeed(rows, soft_labels, recipe.augment)
    return with_allowed(recipe, replace(inputs, feed=feed))


def with_allowed(recipe: Recipe, inputs: TrainingInputs) -> TrainingInputs:
    """Returns inputs whose feed holds what the recipe's loss reads of raw training rows.

    Raises:
        RecipeError: these rows are not such as the loss reads.
    """
    loss = recipe.training.loss
    if loss is None:
        return inputs
    try:
        allowed = loss.allowed(inputs.train_rows, inputs.feed.rows.ids)
    except DeviceError as error:
        raise RecipeError(error.received, expected=error.expected, fix=error.fix) from error
    return replace(inputs, feed=replace(inputs.feed, allowed=allowed))


def train_other(recipe: Recipe, inputs: TrainingInputs) -> TrainedModel:
    """Trains another network or balancing on inputs of a first one, for comparison.

    Args:
        recipe: with its deciding metric.
        inputs: of the first one, whose steps are fitted.
    """
    rows = inputs.balanced_with(recipe.balance)
    inputs = with_allowed(recipe, replace(inputs, feed=replace(inputs.feed, rows=rows)))
    trained = train_and_assess(recipe, inputs)
    if recipe.training.refit:
        return train_on_all(recipe, trained)
    return trained


def train_and_assess(
    recipe: Recipe, inputs: TrainingInputs, callbacks: Sequence = ()
) -> TrainedModel:
    """Trains the network of a recipe and scores it on validation rows.

    Args:
        recipe: with its deciding metric.
        inputs: with the feed.
        callbacks: of Keras.
    """
    result = train(
        recipe.build,
        inputs.feed,
        inputs.valid,
        signature=inputs.signature,
        training=recipe.training,
        deciding=recipe.judge.deciding,
        callbacks=callbacks,
    )
    inputs = replace(inputs, out_of_fold=result.out_of_fold)
    trained = assess(
        recipe, result.model, inputs, history=result.history, fit_seconds=result.fit_seconds
    )
    return replace(trained, watched=result.watched)


def train_on_all(recipe: Recipe, first: TrainedModel) -> TrainedModel:
    """Trains the network of a recipe anew, on training and validation rows together.

    Every step is fitted on them too. They choose nothing: the epochs are those after which the
    first model was best, and its decision, its score and its history stay.

    Args:
        recipe: with its deciding metric.
        first: trained without the validation rows, before any compression.
    """
    rows = learned_from_both(first.inputs.train_rows, first.inputs.valid_rows)
    epochs = best_epoch(recipe, first.history)
    again = replace(recipe, training=recipe.training.to_the_end(epochs))
    inputs = fit_inputs(again, rows, first.inputs.valid_rows)
    # What targets refused of the network holds for it still: nobody asks them again.
    inputs = with_feed(again, replace(inputs, refused=first.inputs.refused))
    trained = train_and_assess(again, inputs)
    return as_chosen(trained, first, first.signature)


def as_chosen(trained: TrainedModel, first: TrainedModel, decided: Signature) -> TrainedModel:
    """Returns a model of all rows with what validation rows showed of the first one.

    Args:
        trained: the model of all rows.
        first: its like without validation rows: score, history and steps of compression.
        decided: whose decisions are taken.
    """
    return replace(
        first,
        model=trained.model,
        signature=with_decisions(trained.signature, decided),
        fit_seconds=first.fit_seconds + trained.fit_seconds,
        inputs=trained.inputs,
    )


def best_epoch(recipe: Recipe, history: dict[str, list[float]]) -> int:
    """Returns the epochs after which a training had the weights that it kept."""
    values = history.get(f"val_{recipe.judge.deciding}", [])
    if not values or not recipe.training.schedule.keeps_best:
        return recipe.training.epochs
    return int(np.argmax(direction(recipe.judge.deciding) * np.array(values))) + 1


def with_decisions(signature: Signature, chosen: Signature) -> Signature:
    """Returns a signature with the decisions and calibrations of another one; a task that decides
    on training rows keeps its own.
    """
    if task_of(signature.target).decides_on_training_rows:
        return signature
    return replace(
        signature,
        decisions=chosen.decisions,
        calibrations=chosen.calibrations,
        sets=chosen.sets,
        adaptive=chosen.adaptive,
        margins=chosen.margins,
    )
