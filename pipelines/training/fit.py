"""A net, training rows and rows to stop by → a trained Keras model that is ready to ship.

Plain `model.fit` with Keras' own losses, metrics and callbacks, under a tf.distribute strategy.
"""

import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from ..device.signature import Signature
from ..engine.arrays import from_bytes, to_bytes
from ..engine.cache import begin, remembered, uncached
from ..rows.parts import HeldOut
from ..slots import Network
from ..sources.tensorflow import load_tensorflow
from ..tasks import task_of
from ..tasks.metrics import is_smaller_better
from .blocks import copy_weights
from .feed import (
    TrainFeed,
    TrainingBatches,
    global_batch,
    require_held_out,
    validation_feed,
)
from .group_request import content_of_group
from .layers import built_with_layers
from .loop import compile_model, fit_model, plain_names, start_from_seed
from .losses import check_loss, member_loss
from .members import average_members, with_average
from .model_state import put_state, state_of
from .precision import FLOAT32, layers_that_compute_in, scaled_for
from .training import Training
from .watch import watched_by


@dataclass(frozen=True)
class FitResult:
    """What a fit leaves: the model that is ready to ship, and how it went.

    Attributes:
        model: A keras.Model that gives logits or standardized values, float32 [rows, outputs].
        history: Metric → one value an epoch: "loss", "val_loss", the deciding one, "val_" of it;
            empty for a network that `solves`.
        fit_seconds: How long Keras' fit took.
        validation_score: The deciding metric of `model` on validation rows, in the target's unit.
        out_of_fold: float32 [rows, outputs], what models that did not learn from a training row
            answer to it; None where there are none.
        watched: What watching recorded, the fields of a `WatchRecord`; None if it was not asked
            for.
    """

    model: Any
    history: dict[str, list[float]]
    fit_seconds: float
    validation_score: float = math.nan
    out_of_fold: np.ndarray | None = None
    watched: dict[str, Any] | None = None


def train(
    network: Network,
    feed: TrainFeed,
    valid: HeldOut,
    *,
    signature: Signature,
    training: Training,
    deciding: str,
    callbacks: Sequence = (),
) -> FitResult:
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
    task = task_of(signature.target)
    task.check_deciding(deciding)
    check_loss(training.loss, signature.target)
    keras.backend.clear_session()
    start_from_seed(training.seed)
    fitting = _Fitting(network, feed, valid, signature, training, deciding)
    if callbacks:
        work = uncached("train", "callbacks of the caller follow it")
    else:
        inputs = (network, feed, valid, signature, training, deciding)
        work = begin("train", *inputs, *training.together())
    files = work.recall()
    if files is not None:
        return fitting.recalled(files["trained.npz"])
    with work.going_on():
        result = fitting.made(callbacks)
    if work.is_kept:
        work.keep({"trained.npz": _stored(result)})
    return result


def trained_content(asked: Mapping[str, Any]) -> bytes:
    """Trains in this process, whatever the training asks for, and returns a result to store.

    Args:
        asked: What `train` takes but for callbacks, by name.
    """
    fitting = _Fitting(**asked)
    start_from_seed(fitting.training.seed)
    return _stored(fitting.run(()))


def _stored(result):
    """The content of the file that a result is kept in."""
    return to_bytes({**vars(result), "model": state_of(result.model)})


@dataclass(frozen=True, eq=False)
class _Fitting:
    """One training, in the order of `build` and `fit`."""

    network: Network
    feed: TrainFeed
    valid: HeldOut
    signature: Signature
    training: Training
    deciding: str

    @property
    def strategy(self):
        return self.training.new_strategy()

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

    def made(self, callbacks: Sequence) -> FitResult:
        """Returns what this process trains, or what several do together for it."""
        is_by_epochs = not self.network.solves and not self.network.fits_members
        if self.training.is_for_group() and is_by_epochs:
            return self.recalled(content_of_group(vars(self), callbacks))
        return self.run(callbacks)

    def run(self, callbacks: Sequence) -> FitResult:
        """Builds and fits."""
        if self.network.fits_members:
            return self.fit_members(callbacks)
        members, fitted = self.build()
        if self.network.solves:
            return self.solve(members)
        history, watched, seconds = self.fit(fitted, callbacks)
        if fitted is not members:
            copy_weights(fitted, members)
        with self.strategy.scope():  # a compression fits what is made here
            model = average_members(members)
        score = self.best_score(history)
        if self.network.refits:
            self.network.refit(model, self.feed.rows, self.valid, **self.goal())
        if self.network.refits or self.training.average is not None:
            score = self.measure(model)  # of weights that no epoch ended with
        factor = self.metric_factor()
        history = plain_names(history, self.deciding, factor)
        return FitResult(model, history, seconds, score * factor, watched=watched)

    def solve(self, members) -> FitResult:
        """Fits a network that learns without epochs."""
        start = time.perf_counter()
        outside = self.network.solve(members, self.feed.rows, self.valid, **self.goal())
        seconds = time.perf_counter() - start
        model = average_members(members)
        score = self.measure(model) * self.metric_factor()
        return FitResult(model, {}, seconds, score, outside)

    def fit_members(self, callbacks: Sequence) -> FitResult:
        """Fits an ensemble, whose members are trainings of their own."""
        start = time.perf_counter()
        members, history, watched = self.network.fit_members(
            self.feed, self.valid, **self.goal(), callbacks=callbacks
        )
        seconds = time.perf_counter() - start
        with self.strategy.scope():
            model = average_members(members)
        score = self.measure(model) * self.metric_factor()
        return FitResult(model, history, seconds, score, watched=watched)

    def metric_factor(self) -> float:
        """What takes the deciding metric to the target's unit."""
        target = self.signature.target
        return task_of(target).metric_factor(self.deciding, target)

    def recalled(self, content: bytes) -> FitResult:
        """The result of an earlier `run`, in a model that is built anew."""
        stored: Any = from_bytes(content)
        with self.strategy.scope():
            members = built_with_layers(
                self.network,
                self.signature,
                seed=self.training.seed,
                synchronized=self.num_replicas > 1,
            )
            model = average_members(members)
            put_state(model, stored["model"])
        return FitResult(**{**stored, "model": model})

    def build(self):
        """The network's model, and the one to fit: the same, or if training has inputs that the
        model will not have, or computes in 16 bits, another one of the same weights.
        """
        seed = self.training.seed
        synchronized = self.num_replicas > 1
        with self.strategy.scope():
            members = built_with_layers(
                self.network,
                self.signature,
                seed=seed,
                synchronized=synchronized,
            )
            self.warm_up(members)
            extra = self.extra_ports()
            precision = self.training.precision
            if not extra and precision == FLOAT32:
                return members, members
            signature = replace(self.signature, inputs=(*self.signature.inputs, *extra))
            with layers_that_compute_in(precision):
                fitted = built_with_layers(self.network, signature, synchronized=synchronized)
            copy_weights(members, fitted)
        return members, fitted

    def warm_up(self, members) -> None:
        """Trains what a network trains before the rest, a stage of its own."""
        if not self.network.warms_up:
            return
        rows = (self.feed.rows, self.valid)

        def warmed_up():
            self.network.warm_up(members, *rows, **self.goal())
            return state_of(members)

        goal = (self.signature, self.training, self.deciding)
        state = remembered("warm-up", self.network, *rows, *goal, make=warmed_up)
        put_state(members, state)
        start_from_seed(self.training.seed)  # as if nothing had been fitted before

    def extra_ports(self) -> tuple:
        """The inputs that only training has."""
        augment = self.feed.augment
        if not augment:
            return ()
        return augment[0].training_ports(augment, self.signature)

    def fit(self, members, callbacks):
        """Keras' history of fitting the model of members, what watching it recorded, and the
        seconds it took.
        """
        batch_size = global_batch(
            self.training.batch_size,
            len(self.feed.rows),
            self.num_replicas,
        )
        batches = TrainingBatches(
            self.feed,
            self.labels(),
            self.signature,
            batch_size,
            self.training.seed,
            service=self.training.service(),
        )
        steps = batches.steps
        with self.strategy.scope():
            model = with_average(members)
            metric, mode = task_metric(self.deciding, self.signature)
            compile_model(
                model,
                loss=member_loss(
                    self.training.loss,
                    self.signature.target,
                    rows=self.feed.rows,
                ),
                metric=metric,
                optimizer=scaled_for(self.training.precision, self.training.new_optimizer(steps)),
            )
        valid = self.valid
        if self.extra_ports():
            valid = valid.with_columns(self.feed.augment[0].unmixed(valid.x))
        monitor = f"val_logits_{self.deciding}"
        watchers = self.training.watchers(batches, steps)
        start = time.perf_counter()
        with batches.fault.raised():
            history = fit_model(
                model,
                batches,
                self.valid_batches(valid),
                steps=steps,
                epochs=self.training.epochs,
                callbacks=[*self.training.callbacks(monitor, mode), *callbacks, *watchers],
                monitor=monitor,
            )
        seconds = time.perf_counter() - start
        return history, watched_by(watchers), seconds

    def labels(self) -> dict[str, np.ndarray]:
        """What outputs for training rows are compared with, and what stands next to it."""
        labels = task_labels(self.feed.rows.y, self.signature, self.feed.soft_labels)
        if self.feed.allowed is not None:
            labels["members"] = np.concatenate([labels["members"], self.feed.allowed], axis=1)
        return labels

    def valid_batches(self, valid: HeldOut):
        """Held-out rows in batches."""
        return validation_feed(
            valid,
            task_labels(valid.y, self.signature),
            self.num_replicas,
        )

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
        import tensorflow as tf

        @tf.function  # in which feature maps go as soon as they were read
        def answer(x):
            return model(x, training=False)

        metric, _ = task_metric(self.deciding, self.signature)
        for x, y, weight in self.valid_batches(self.valid):
            metric.update_state(y["logits"], answer(x), sample_weight=weight)
        return float(metric.result())


def task_labels(
    y: np.ndarray, signature: Signature, soft_labels: np.ndarray | None = None
) -> dict[str, np.ndarray]:
    """Returns what outputs are compared with: for the loss "members", for the metric "logits".

    Args:
        y: As the task's `port_truth` gives it.
        signature: What the model takes and gives.
        soft_labels: To learn instead, float32 [rows, outputs].
    """
    if soft_labels is not None:
        truth = soft_labels.astype(np.float32)
    else:
        truth = task_of(signature.target).training_truth(y, signature.target)
    return {"members": truth, "logits": truth}


def task_metric(deciding: str, signature: Signature) -> tuple[Any, str]:
    """Returns the Keras metric of averaged logits, and "max" or "min", which of it is better.

    Raises RecipeError if the metric cannot decide for the task.
    """
    task = task_of(signature.target)
    task.check_deciding(deciding)
    mode = "max"
    if is_smaller_better(deciding):
        mode = "min"
    return task.keras_metric(deciding, signature.target), mode
