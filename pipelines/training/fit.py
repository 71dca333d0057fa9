"""A net, training rows and rows to stop by → a trained Keras model that is ready to ship.

Plain `model.fit` with Keras' own losses, metrics and callbacks, under a tf.distribute strategy.
"""

import math
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from ..device.signature import Signature, Target
from ..errors import RecipeError
from ..rows.parts import HeldOut
from ..tasks.forecast import masked_metric, standardized_steps
from .blocks import copy_weights
from .feed import TrainFeed, global_batch, require_held_out, training_feed, validation_feed
from .loop import compile_model, fit_model, plain_names, start_from_seed
from .losses import check_loss, member_loss
from .members import average_members, with_average
from .strategy import load_tensorflow, make_strategy
from .training import Training

# By task: the metrics that can decide, which are the ones that Keras can follow from epoch to
# epoch.
DECIDING_METRICS = {
    "binary": ("average_precision", "roc_auc", "accuracy", "log_loss"),
    "multiclass": ("macro_f1", "accuracy", "log_loss"),
    "regression": ("rmse", "mae", "r2"),
    "forecast": ("mase", "mae", "rmse"),
    "anomaly": ("mae",),
}


@dataclass(frozen=True)
class TrainedModel:
    """A trained model that is ready to ship.

    Attributes:
        model: A keras.Model that gives logits or standardized values, float32 [rows, outputs].
        history: Metric → one value an epoch: "loss", "val_loss", the deciding one, "val_" of it.
        fit_seconds: How long Keras' fit took.
        validation_score: The deciding metric of `model` on validation rows, in the target's unit.
    """

    model: Any
    history: dict[str, list[float]]
    fit_seconds: float
    validation_score: float = math.nan


def check_deciding(deciding: str, task: str) -> None:
    """Raises RecipeError where Keras cannot follow the metric for the task."""
    allowed = DECIDING_METRICS[task]
    if deciding not in allowed:
        raise RecipeError(
            f"judge.deciding={deciding!r} for a {task} target",
            expected=", ".join(allowed),
            fix=f"--set judge.deciding={allowed[0]}, or set load.target_kind",
        )


def train(
    network,
    feed: TrainFeed,
    valid: HeldOut,
    *,
    signature: Signature,
    training: Training,
    deciding: str,
    callbacks: Sequence = (),
) -> TrainedModel:
    """Trains a network; validation rows show how it goes and, by the schedule, when to stop.

    Args:
        network: A spec with `build(signature)`.
        feed: Training rows; `feed.rows.x`: port → array [rows, ...].
        valid: Validation rows; `valid.x`: port → array [rows, ...].
        signature: What the model takes and gives.
        training: Loss, optimizer, schedule and their knobs.
        deciding: The metric to follow, one that can decide for the task.
        callbacks: More callbacks of Keras; their logs hold f"val_logits_{deciding}".

    Raises:
        RecipeError: Loss, metric and target do not go together.
        TrainError: A loss stops being a number, or `valid` is not held out.
    """
    load_tensorflow()
    import keras

    require_held_out(valid)
    check_deciding(deciding, signature.target.task)
    check_loss(training.loss, signature.target)
    keras.backend.clear_session()
    start_from_seed(training.seed)
    fitting = _Fitting(network, feed, valid, signature, training, deciding)
    members, fitted = fitting.build()
    history, seconds = fitting.fit(fitted, callbacks)
    if fitted is not members:
        copy_weights(fitted, members)
    model = average_members(members)
    score = fitting.best_score(history)
    if hasattr(network, "refit"):  # a part of the net is fitted once more
        network.refit(model, feed.rows, valid, **fitting.goal())
        score = fitting.measure(model)
    factor = metric_factor(deciding, signature.target)
    return TrainedModel(model, plain_names(history, deciding, factor), seconds, score * factor)


@dataclass(frozen=True, eq=False)
class _Fitting:
    """One training, in the order of `build` and `fit`."""

    network: Any
    feed: TrainFeed
    valid: HeldOut
    signature: Signature
    training: Training
    deciding: str

    @property
    def strategy(self):
        return make_strategy(self.training.strategy)

    @property
    def num_replicas(self) -> int:
        return self.strategy.num_replicas_in_sync

    def goal(self) -> dict[str, Any]:
        """The arguments of a network that fits a part of itself."""
        return {
            "signature": self.signature,
            "training": self.training,
            "deciding": self.deciding,
        }

    def build(self):
        """The network's model, and the one to fit: the same, or if training has inputs that the
        model will not have, one with these and the same weights.
        """
        import keras

        seed = self.training.seed
        synchronized = self.num_replicas > 1
        with self.strategy.scope():
            members = self.network.build(self.signature, seed=seed, synchronized=synchronized)
            if hasattr(self.network, "warm_up"):  # a part is fitted by itself, before the whole
                self.network.warm_up(members, self.feed.rows, self.valid, **self.goal())
                keras.utils.set_random_seed(seed)
            extra = self.extra_ports()
            if not extra:
                return members, members
            signature = replace(self.signature, inputs=(*self.signature.inputs, *extra))
            fitted = self.network.build(signature, synchronized=synchronized)
            copy_weights(members, fitted)
        return members, fitted

    def extra_ports(self) -> tuple:
        """The inputs that only training has."""
        augment = self.feed.augment
        if not augment:
            return ()
        return augment[0].training_ports(augment, self.signature)

    def fit(self, members, callbacks):
        """Keras' history of fitting the model of members, and the seconds it took."""
        batches, steps = training_feed(
            self.feed,
            task_labels(self.feed.rows.y, self.signature, self.feed.soft_labels),
            signature=self.signature,
            batch_size=global_batch(
                self.training.batch_size, len(self.feed.rows), self.num_replicas
            ),
            seed=self.training.seed,
        )
        with self.strategy.scope():
            model = with_average(members)
            metric, mode = task_metric(self.deciding, self.signature)
            compile_model(
                model,
                loss=member_loss(self.training.loss, self.signature.target),
                metric=metric,
                optimizer=self.training.new_optimizer(steps),
            )
        valid = self.valid
        if self.extra_ports():
            valid = valid.with_columns(self.feed.augment[0].unmixed(valid.x))
        monitor = f"val_logits_{self.deciding}"
        start = time.perf_counter()
        history = fit_model(
            model,
            batches,
            self.valid_batches(valid),
            steps=steps,
            epochs=self.training.epochs,
            callbacks=[*self.training.schedule.callbacks(monitor, mode), *callbacks],
            monitor=monitor,
        )
        return history, time.perf_counter() - start

    def valid_batches(self, valid: HeldOut):
        """Held-out rows in batches."""
        return validation_feed(valid, task_labels(valid.y, self.signature), self.num_replicas)

    def best_score(self, history: dict[str, list[float]]) -> float:
        """The metric of the weights that are kept, on validation rows."""
        values = history[f"val_logits_{self.deciding}"]
        if not self.training.schedule.keeps_best:
            return values[-1]
        _, mode = task_metric(self.deciding, self.signature)
        if mode == "max":
            return max(values)
        return min(values)

    def measure(self, model) -> float:
        """The metric of a model on validation rows."""
        metric, _ = task_metric(self.deciding, self.signature)
        for x, y, weight in self.valid_batches(self.valid):
            metric.update_state(y["logits"], model(x, training=False), sample_weight=weight)
        return float(metric.result())


def task_labels(
    y: np.ndarray, signature: Signature, soft_labels: np.ndarray | None = None
) -> dict[str, np.ndarray]:
    """y int [rows] or float [rows] or [rows, horizon] as float32 [rows, outputs]: 0/1, one-hot or
    standardized values, or the soft labels; for the loss ("members") and for the metric ("logits").
    """
    target = signature.target
    if soft_labels is not None:
        wanted = soft_labels.astype(np.float32)
    elif target.task == "binary":
        wanted = y.astype(np.float32)[:, None]
    elif target.task == "multiclass":
        wanted = np.eye(len(target.labels), dtype=np.float32)[y]
    elif target.task == "forecast":
        wanted = standardized_steps(y, target).astype(np.float32)
    elif target.task == "anomaly":
        wanted = y
    else:
        wanted = ((y - target.offset) / target.factor).astype(np.float32)[:, None]
    return {"members": wanted, "logits": wanted}


def task_metric(deciding: str, signature: Signature):
    """The Keras metric of averaged logits [rows, outputs] for a deciding metric, and which way is
    up, "max" or "min".
    """
    import keras

    task = signature.target.task
    check_deciding(deciding, task)
    metrics = keras.metrics
    if task in ("forecast", "anomaly"):
        return masked_metric(signature.target, deciding), "min"
    if deciding in ("average_precision", "roc_auc"):
        if deciding == "average_precision":
            curve = "PR"
        else:
            curve = "ROC"
        return metrics.AUC(curve=curve, from_logits=True, num_thresholds=1000, name=deciding), "max"
    return {
        "accuracy": lambda: (
            metrics.BinaryAccuracy(threshold=0.0, name=deciding)
            if task == "binary"
            else metrics.CategoricalAccuracy(name=deciding)
        ),
        "log_loss": lambda: (
            metrics.BinaryCrossentropy(from_logits=True, name=deciding)
            if task == "binary"
            else metrics.CategoricalCrossentropy(from_logits=True, name=deciding)
        ),
        "macro_f1": lambda: metrics.F1Score(average="macro", name=deciding),
        "rmse": lambda: metrics.RootMeanSquaredError(name=deciding),
        "mae": lambda: metrics.MeanAbsoluteError(name=deciding),
        "r2": lambda: metrics.R2Score(name=deciding),
    }[deciding](), "min" if deciding in ("log_loss", "rmse", "mae") else "max"


def metric_factor(deciding: str, target: Target) -> float:
    """What takes the metric of standardized values to the target's unit."""
    if target.task == "regression" and deciding in ("rmse", "mae"):
        return target.factor
    return 1.0
