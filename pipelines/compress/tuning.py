"""What fitting a trained model further takes, in one value: rows, loss, metric, rate and seed.

Every method of compression is a spec with `check()` and `compress(model, tuning) -> model`: the
model given stays as it is, the one returned is smaller or ready to be, and was fitted with
`tuning.fit`.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import nullcontext
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from ..device.signature import Signature
from ..engine.cache import cached_digest
from ..errors import RecipeError, TrainError
from ..rows.parts import HeldOut
from ..slots import Optimizer
from ..sources.tensorflow import load_tensorflow
from ..tasks import task_of
from ..training.call_graph import copy_alike, copy_layer
from ..training.feed import (
    TrainFeed,
    TrainingBatches,
    global_batch,
    require_held_out,
    validation_feed,
)
from ..training.fit import task_labels, task_metric
from ..training.loop import compile_model, fit_model, plain_names, start_from_seed
from ..training.losses import member_loss
from ..training.optimizers import AdamW
from ..training.schedules import cosine_rate
from ..training.strategy import ONE_DEVICE, make_strategy
from ..training.training import ACCUMULATION, Training
from .kernels import keep_zeros

# By what a model answers: logits of classes of which one is true, of one or more yes or no, or
# numbers.
ANSWERS = ("softmax", "sigmoid", "values")


@dataclass(frozen=True, eq=False)
class Tuning:
    """Holds how a model of one input structure and one output [rows, outputs] is fitted further.

    Make one with `make_tuning` or `tuning_from_arrays`.

    Attributes:
        batches: the first step → an endless tf.data.Dataset from there on of (x, {"members": y for
            the loss, "logits": y for the metric}, weight float32 [rows]).
        steps: how many batches make an epoch.
        valid: a tf.data.Dataset of held-out rows, which ends.
        loss: a Keras loss of y and output.
        make_metric: makes a new Keras metric called `deciding`, in the model's unit.
        deciding: name of the metric.
        mode: "max" if a larger metric is better, "min" if a smaller one is.
        answers: one of ANSWERS.
        from_logits: False if the model itself ends in softmax or sigmoid.
        optimizer: a spec; its learning rate is the highest one.
        step_arguments: of every optimizer of Keras: clipping and accumulation of the training.
        seed: of dropout and everything else that is drawn.
        strategy: a tf.distribute strategy; None for one device.
        metric_factor: the metric times it is in the target's unit.
        teacher: a frozen model of the same inputs. Its output follows the model's own on the last
            axis in what the loss sees (see `distil`).
        signature: what the model takes and gives, if the rows came from a recipe.
        digest: of rows and training, for the key of a cached stage; "" if none is kept.
        watchers: batches and steps → the callbacks of Keras that watch a fit.
    """

    batches: Callable[[int], Any]
    steps: int
    valid: Any
    loss: Any
    make_metric: Callable[[], Any]
    deciding: str
    mode: str
    answers: str
    from_logits: bool = True
    optimizer: Optimizer = AdamW(weight_decay=0.0)
    step_arguments: Mapping[str, Any] = field(default_factory=dict)
    seed: int = 0
    strategy: Any = None
    metric_factor: float = 1.0
    teacher: Any = None
    signature: Signature | None = None
    digest: str = ""
    watchers: Callable[[Callable[[int], Any], int], list] = Training().watchers

    def fit(
        self, model, *, epochs: int, callbacks=(), learning_rate_factor: float = 1.0
    ) -> dict[str, list[float]]:
        """Fits a model in place.

        The same seed gives the same weights. Weights of kernels that are exactly zero, which is
        what pruning leaves, stay zero.

        Args:
            model: a keras.Model.
            epochs: how many.
            callbacks: of Keras.
            learning_rate_factor: of the optimizer's rate. The product is reached in the first tenth
                of the steps, and the rate falls to zero at the end.

        Returns:
            "loss", "val_loss", the deciding metric and "val_" of it → one value an epoch.

        Raises:
            TrainError: the loss stops being a number.
        """
        start_from_seed(self.seed)
        total = epochs * self.steps // self.step_arguments.get(ACCUMULATION, 1)
        highest = self.optimizer.learning_rate * learning_rate_factor
        rate = cosine_rate(highest, total, warmup=min(total // 10, total - 1))
        fitted = self._compiled(model, rate)
        history = fit_model(
            fitted,
            self.batches,
            self.valid,
            steps=self.steps,
            epochs=epochs,
            monitor=f"val_logits_{self.deciding}",
            callbacks=[
                *callbacks,
                keep_zeros(model),
                *self.watchers(self.batches, self.steps),
            ],
        )
        return plain_names(history, self.deciding, self.metric_factor)

    def judge(self, model) -> float:
        """Measures the deciding metric of a model on the validation rows, in the target's unit."""
        compiled = self._compiled(model, self.optimizer.learning_rate)
        scores = compiled.evaluate(self.valid, verbose=0, return_dict=True)
        return float(scores[f"logits_{self.deciding}"]) * self.metric_factor

    def gradients(self, model, *, num_batches: int) -> Iterator[list[np.ndarray]]:
        """Yields the gradients of the loss by `model.trainable_variables`, of each first batch.

        The model answers as it does after training: no dropout, running statistics.
        """
        import tensorflow as tf

        fitted = self._compiled(model, self.optimizer.learning_rate)
        with self.scope():
            variables = [each.value for each in model.trainable_variables]

            @tf.function
            def gradients(x, y, weight):
                with tf.GradientTape() as tape:
                    loss = self.loss(
                        y["members"],
                        fitted(x, training=False)["members"],
                        sample_weight=weight,
                    )
                slopes = tape.gradient(loss, variables, unconnected_gradients="zero")
                return [tf.convert_to_tensor(each) for each in slopes]

        for x, y, weight in self.batches(0).take(num_batches):
            yield [each.numpy() for each in gradients(x, y, weight)]

    def is_better(self, score: float, than: float) -> bool:
        """Reports whether one value of the deciding metric is better than another."""
        if self.mode == "max":
            return score > than
        return score < than

    def scope(self):
        """Returns the context that models must be made in."""
        strategy = self.strategy or make_strategy(ONE_DEVICE)
        return strategy.scope()

    def _compiled(self, model, rate):
        """Compiles a model around the layers of `model`, its output for the loss and the metric."""
        import keras

        with self.scope():
            learned = model.outputs[0]
            if self.teacher is not None:
                self.teacher.trainable = False
                taught = self.teacher(same_inputs(model, self.teacher), training=False)
                learned = keras.layers.Concatenate(name="tuned_taught")([learned, taught])
            outputs = {
                "members": keras.layers.Identity(name="tuned_loss")(learned),
                "logits": keras.layers.Identity(name="tuned_metric")(model.outputs[0]),
            }
            fitted = keras.Model(input_of(model), outputs)
            compile_model(
                fitted,
                loss=self.loss,
                metric=self.make_metric(),
                optimizer=self.optimizer.build(rate, **self.step_arguments),
            )
        return fitted


class Untuned:
    """Stands in for a Tuning that fits nothing: what a method makes of a net before it is
    trained.
    """

    def fit(
        self, model, *, epochs: int, callbacks=(), learning_rate_factor: float = 1.0
    ) -> dict[str, list[float]]:
        return {}

    def gradients(self, model, *, num_batches: int) -> Iterator[list[np.ndarray]]:
        yield [np.ones(variable.shape, np.float32) for variable in model.trainable_variables]

    def scope(self):
        return nullcontext()


def make_tuning(
    feed: TrainFeed, valid: HeldOut, *, signature: Signature, training: Training, deciding: str
) -> Tuning:
    """For a model of ports → [rows, outputs], as `train` gives: with the loss, the augmentation and
    the rate of its training. Texts are not mixed here, because that takes inputs that the finished
    model has not.

    `feed.rows.x`, `valid.x`: port → array [rows, ...]. Raises TrainError for other rows to judge by
    than a HeldOut, RecipeError where Keras cannot follow the deciding metric.
    """
    load_tensorflow()
    require_held_out(valid, "to judge by")
    task = task_of(signature.target)
    task.check_deciding(deciding)
    strategy = training.new_strategy()
    num_replicas = strategy.num_replicas_in_sync
    augment = []
    for spec in feed.augment:
        if not spec.training_ports((spec,), signature):
            augment.append(spec)
    feed = replace(feed, augment=tuple(augment))
    batch_size = global_batch(training.batch_size, len(feed.rows), num_replicas)
    labels = task_labels(feed.rows.y, signature, feed.soft_labels)
    batches = TrainingBatches(feed, labels, signature, batch_size, training.seed)
    return Tuning(
        batches,
        batches.steps,
        validation_feed(valid, task_labels(valid.y, signature), num_replicas),
        member_loss(
            training.loss,
            signature.target,
            rows=feed.rows,
        ),
        lambda: task_metric(deciding, signature)[0],
        deciding,
        task_metric(deciding, signature)[1],
        task.output_kind,
        optimizer=training.optimizer,
        step_arguments=training.step_arguments(),
        seed=training.seed,
        strategy=strategy,
        metric_factor=task.metric_factor(deciding, signature.target),
        signature=signature,
        digest=cached_digest(feed, valid, signature, training, deciding),
        watchers=training.watchers,
    )


def copy_model(model):
    """A functional model with layers of its own and the same weights; to be made in the scope of
    its tuning.
    """
    return rebuild(model, copy_layer)


def rebuild(
    model,
    make_layer: Callable[[Any], Any],
    call: Callable[..., Any] | None = None,
    *,
    copy_weights: bool = True,
):
    """A functional model of the layers that `make_layer` gives for the old ones, called in the same
    order, each by `call(new layer, *tensors, **others)`; where the weights of both have the same
    shapes they are copied, unless not `copy_weights`. Raises RecipeError for a model that is not
    functional.
    """
    import keras

    if not isinstance(model, keras.Model) or not getattr(model, "inputs", None):
        raise RecipeError(
            f"a {type(model).__name__} to compress",
            expected="a functional or sequential Keras model of built-in layers",
            fix="build it with keras.Input, layers and keras.Model(inputs, outputs)",
        )
    if len(model.outputs) != 1:
        raise RecipeError(
            f"a model with {len(model.outputs)} outputs to compress",
            expected="one output",
            fix="keras.Model(model.input, model.outputs[0])",
        )
    # A view: a copy of a sequential model would not be called by us, one of a compiled model would
    # be compiled.
    view = keras.Model(input_of(model), model.outputs[0], name=model.name)
    copy = keras.models.clone_model(view, clone_function=make_layer, call_function=call)
    if copy_weights:
        copy_alike(view, copy)
    return copy


def same_inputs(model, other):
    """The inputs of `model` in the structure that `other` takes: by their names where these agree,
    else in order. Raises TrainError where shapes differ.
    """
    import keras

    given = {each.name: each for each in model.inputs}
    wanted = [each.name for each in other.inputs]
    if set(wanted) == set(given):
        chosen = [given[name] for name in wanted]
    else:
        chosen = list(model.inputs)
    shapes = [tuple(each.shape[1:]) for each in chosen]
    if shapes != [tuple(each.shape[1:]) for each in other.inputs]:
        raise TrainError(
            f"a teacher of inputs {[tuple(each.shape[1:]) for each in other.inputs]}",
            expected=f"the model's own, {shapes}",
            fix="take a teacher of the same data and steps",
            stage="distil",
        )
    return keras.tree.pack_sequence_as(input_of(other), chosen)


def input_of(model):
    """The input tensors of a model in its own structure, which of a sequential one is a single
    tensor.
    """
    import keras

    if isinstance(model, keras.Sequential):
        return model.inputs[0]
    return model.input
