"""Losses: each spec holds the knobs of one loss of Keras, and states which targets it suits.

`None` in `training.loss` is the task's own: cross-entropy of classes, the squared error of numbers
and of windows that are given back, the pinball loss of quantiles.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ..device.target import Target
from ..errors import RecipeError
from ..rows.parts import TrainSet
from ..rows.sketch import DataSketch
from ..slots import Loss
from ..spec import knob
from ..tasks import task_of
from ..tasks.masked import masked_loss, masked_mean
from .label_weights import weigh_labels
from .shift_logits import shift_logits

_LEFT_OUT = "--set training.loss=None, the task's own"


class ClassLoss(Loss):
    """A loss of classes: of logits that are each yes or no, or of which one is true."""

    def suits(self, sketch: DataSketch) -> str:
        """Returns why not, if no target of classes is possible."""
        if sketch.may_be(lambda task: task.output_kind != "values"):
            return ""
        return f"{type(self).__name__} is a loss of classes: the task is {sketch.task_names()}"

    def suits_target(self, target: Target) -> str:
        """Returns why not, for a target of numbers."""
        if task_of(target).output_kind != "values":
            return ""
        return f"{type(self).__name__} is a loss of classes, and {target.name!r} has none"


class NumberLoss(Loss):
    """A loss of numbers: one a row, or steps of a series; unknown ones are passed over."""

    def suits(self, sketch: DataSketch) -> str:
        """Returns why not, if no target of numbers is possible."""
        if sketch.may_be(_has_numbers):
            return ""
        return f"{type(self).__name__} is a loss of numbers: the task is {sketch.task_names()}"

    def suits_target(self, target: Target) -> str:
        """Returns why not, for a target of classes or a forecast of quantiles."""
        name = type(self).__name__
        task = task_of(target)
        if not _has_numbers(task):
            return f"{name} is a loss of numbers, and {target.name!r} has none"
        if target.quantiles:
            return f"{name} learns one value a step, and the forecast is of {target.quantiles}"
        return ""


@dataclass(frozen=True)
class CrossEntropy(ClassLoss):
    """Cross-entropy of classes; smoothing: Szegedy et al. 2016, https://arxiv.org/abs/1512.00567.

    Attributes:
        label_smoothing: The share of each label that goes to all classes alike.
    """

    label_smoothing: float = knob(0.0, 0, 0.5)

    def build(self, target: Target) -> Callable[[Any, Any], Any]:
        """Returns keras.losses.BinaryCrossentropy or CategoricalCrossentropy of logits."""
        import keras

        if task_of(target).output_kind == "sigmoid":
            chosen = keras.losses.BinaryCrossentropy
        else:
            chosen = keras.losses.CategoricalCrossentropy
        return chosen(
            from_logits=True,
            label_smoothing=self.label_smoothing,
            reduction=None,
        )


@dataclass(frozen=True)
class Focal(ClassLoss):
    """Cross-entropy that turns from easy rows to hard ones: Lin et al. 2017,
    https://arxiv.org/abs/1708.02002.

    Attributes:
        gamma: How much; 0 is plain cross-entropy.
        label_smoothing: The share of each label that goes to all classes alike.
    """

    gamma: float = knob(2.0, 0, 10)
    label_smoothing: float = knob(0.0, 0, 0.5)

    def build(self, target: Target) -> Callable[[Any, Any], Any]:
        """Returns Keras' BinaryFocalCrossentropy or CategoricalFocalCrossentropy of logits."""
        import keras

        knobs = {
            "gamma": self.gamma,
            "label_smoothing": self.label_smoothing,
            "from_logits": True,
            "reduction": None,
        }
        if task_of(target).output_kind == "sigmoid":
            return keras.losses.BinaryFocalCrossentropy(**knobs)
        return keras.losses.CategoricalFocalCrossentropy(alpha=1.0, **knobs)


@dataclass(frozen=True)
class SquaredError(NumberLoss):
    """The mean squared error: of a number, of steps that are forecast, of windows given back."""

    def build(self, target: Target) -> Callable[[Any, Any], Any]:
        """Returns keras.losses.MeanSquaredError over known values."""
        import keras

        return masked_mean(keras.losses.MeanSquaredError(reduction=None), target, power=2)


@dataclass(frozen=True)
class Huber(NumberLoss):
    """Squared for small errors, linear for large ones, which are then less heeded: Huber 1964,
    https://doi.org/10.1214/aoms/1177703732.

    Attributes:
        delta: From which error on it is linear, in standard deviations of the target.
    """

    delta: float = knob(1.0, 1e-3, 100)

    def build(self, target: Target) -> Callable[[Any, Any], Any]:
        """Returns keras.losses.Huber over known values."""
        import keras

        return masked_mean(keras.losses.Huber(self.delta, reduction=None), target, power=1)


@dataclass(frozen=True)
class Pinball(Loss):
    """The loss of quantiles: Koenker and Bassett 1978, https://doi.org/10.2307/1913643, over the
    steps of a forecast whose target is known.
    """

    def suits(self, sketch: DataSketch) -> str:
        """Returns why not, if no forecast is possible."""
        if sketch.may_be(lambda task: task.looks_ahead):
            return ""
        return f"Pinball is a loss of forecasts: the task is {sketch.task_names()}"

    def suits_target(self, target: Target) -> str:
        """Returns why not, for all but a forecast of quantiles."""
        if target.quantiles:
            return ""
        return f"Pinball is a loss of quantiles, and {target.name!r} is forecast in none"

    def build(self, target: Target) -> Callable[[Any, Any], Any]:
        """Returns the mean over quantiles and known steps."""
        return masked_loss(target)


@dataclass(frozen=True)
class UsualLoss(Loss):
    """The task's own loss, with smoothed labels if the target has classes: for a recipe that is
    written before its target is known.

    Attributes:
        label_smoothing: As in `CrossEntropy`.
    """

    label_smoothing: float = knob(0.0, 0, 0.5)

    def build(self, target: Target) -> Callable[[Any, Any], Any]:
        """Returns cross-entropy, or the task's own loss for numbers."""
        if task_of(target).output_kind == "values":
            return task_of(target).default_loss(target)
        return CrossEntropy(self.label_smoothing).build(target)


def check_loss(loss: Loss | None, target: Target) -> None:
    """Raises RecipeError if a loss does not suit a target."""
    if loss is None:
        return
    reason = loss.suits_target(target)
    if reason:
        raise RecipeError(
            f"training.loss={loss!r}: {reason}", expected="a loss of the target", fix=_LEFT_OUT
        )


def member_loss(loss: Loss | None, target: Target, *, rows: TrainSet | None = None) -> Any:
    """Returns the keras.losses.Loss of every member against the same truth, averaged a row.

    Its outputs are float32 [rows, members, outputs], or [rows, outputs] of one model. Raises
    RecipeError if the loss does not suit the target or the rows.

    Args:
        loss: A spec, or None for the task's own.
        target: Of the signature.
        rows: To learn from, for what a loss takes from them; None: it takes nothing.
    """
    import keras

    check_loss(loss, target)
    label_weights = None
    if rows is not None:
        label_weights = rows.label_weights
    if loss is not None and rows is not None:
        _refuse_two_weights(loss, label_weights)
        loss = loss.learned(rows)
    if loss is None:
        by_member = task_of(target).default_loss(target)
    else:
        by_member = loss.build(target)
    by_member = weigh_labels(by_member, label_weights)
    if rows is not None:
        by_member = shift_logits(by_member, rows.logit_shift)
    ops = keras.ops

    class MemberLoss(keras.losses.Loss):
        def call(self, y_true, y_pred):
            y_true = ops.expand_dims(y_true, 1)
            if len(y_pred.shape) == 2:
                y_pred = ops.expand_dims(y_pred, 1)
            rows, _, labels = ops.shape(y_true)
            y_true = ops.broadcast_to(y_true, (rows, ops.shape(y_pred)[1], labels))
            return ops.mean(by_member(y_true, y_pred), axis=1)

    return MemberLoss(name="member_loss")


def _refuse_two_weights(loss, label_weights):
    """Raises RecipeError where both the loss and a balancer weigh labels."""
    if label_weights is None or not loss.weighs_classes:
        return
    raise RecipeError(
        f"training.loss={loss!r} of labels that a balancer has weighted",
        expected="one of both",
        fix="--set balance=None",
    )


def token_loss() -> Any:
    """Returns the cross-entropy of ids among logits of all ids, the weighted mean of a batch."""
    import keras

    return keras.losses.SparseCategoricalCrossentropy(
        from_logits=True, reduction="mean_with_sample_weight"
    )


def named_loss(name: str) -> Any:
    """Returns a loss of Keras by its name, as an object: a function has no config.

    Raises RecipeError if Keras has none of that name.
    """
    import keras

    short = {"mse": "meansquarederror", "mae": "meanabsoluteerror"}
    wanted = short.get(name, name.replace("_", "").lower())
    for each in vars(keras.losses).values():
        if isinstance(each, type) and each.__name__.lower() == wanted:
            return each()
    raise RecipeError(
        f"loss={name!r}",
        expected="a Keras loss, or the name of one",
        fix="loss=keras.losses.CategoricalCrossentropy(from_logits=True)",
    )


def _has_numbers(task):
    """Returns whether outputs of a task are numbers to learn: no embedding and no characters."""
    return task.output_kind == "values" and not task.has_classes and not task.spells
