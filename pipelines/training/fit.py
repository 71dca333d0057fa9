"""A net, training rows and rows to stop by → a trained Keras model that is ready to ship.

Plain `model.fit` with Keras' own losses, metrics and callbacks, under a tf.distribute strategy.
"""

import time
from dataclasses import dataclass, replace

import numpy as np

from ..device.signature import Signature
from ..device.target import Target
from ..errors import RecipeError, TrainError
from ..rows.parts import HeldOut
from ..sources.tensorflow import load_tensorflow
from ..spec import Spec, knob
from ..tasks import task_of
from ..tasks.metrics import is_smaller_better
from .blocks import copy_weights
from .feed import TrainFeed, plain_feed, training_feed
from .label_weights import weigh_labels
from .strategy import STRATEGIES, make_strategy

SCHEDULES = ("constant", "cosine")


@dataclass(frozen=True)
class Training(Spec):
    """How long and how fast. AdamW: Loshchilov and Hutter 2019, https://arxiv.org/abs/1711.05101.

    `schedule`: "constant" stops after `patience` epochs without a better deciding metric on
    validation rows, and the best weights come back. "cosine" goes from a twentieth of the rate up
    to it in the first `warmup_epochs` and down to zero at the end (Loshchilov and Hutter 2017,
    https://arxiv.org/abs/1608.03983); it runs to that end and keeps the last weights: they have
    come to rest, and the best of many epochs on few rows is luck. For classes, `label_smoothing`
    and `focal_gamma`, the focal loss that turns from easy rows to hard ones (Lin et al. 2017,
    https://arxiv.org/abs/1708.02002); 0 is plain cross-entropy.
    """

    epochs: int = knob(60, 1, 1_000_000)
    batch_size: int = knob(256, 1, 2**20)
    learning_rate: float = knob(1e-3, 1e-9, 10)
    weight_decay: float = knob(1e-2, 0, 10)
    patience: int = knob(8, 1, 1_000_000)
    schedule: str = "constant"
    warmup_epochs: int = knob(2, 0, 1000)
    label_smoothing: float = knob(0.0, 0, 0.5)
    focal_gamma: float = knob(0.0, 0, 10)
    seed: int = knob(0, 0, 2**31 - 1)
    strategy: str = "one_device"

    def check(self) -> None:
        """Raises RecipeError where training could not start."""
        if self.strategy not in STRATEGIES:
            raise RecipeError(
                f"training.strategy={self.strategy!r}",
                expected=" or ".join(STRATEGIES),
                fix="name one of these",
            )
        if self.schedule not in SCHEDULES:
            raise RecipeError(
                f"training.schedule={self.schedule!r}",
                expected=" or ".join(SCHEDULES),
                fix="name one of these",
            )


@dataclass(frozen=True)
class Trained:
    """A model that gives logits (or standardized values) [rows, outputs], how training went (metric
    → one value an epoch), and the seconds that `fit` took.
    """

    model: object
    history: dict[str, list[float]]
    fit_seconds: float


def train(
    build,
    feed: TrainFeed,
    valid: HeldOut,
    *,
    signature: Signature,
    training: Training,
    deciding: str,
) -> Trained:
    """Trains `build.build(signature)` on ports; validation rows show how it goes and, where the
    rate is constant, when to stop.

    `feed.rows.x`, `valid.x`: port → array [rows, ...]. Raises TrainError where a loss stops being a
    number.
    """
    load_tensorflow()
    import keras
    import tensorflow as tf

    if not isinstance(valid, HeldOut):
        raise TrainError(
            f"a {type(valid).__name__} where rows to stop by go",
            expected="a HeldOut",
            fix="pass splits.train and splits.valid",
        )
    keras.backend.clear_session()
    keras.utils.set_random_seed(training.seed)
    tf.config.experimental.enable_op_determinism()
    strategy = make_strategy(training.strategy)
    num_replicas = strategy.num_replicas_in_sync
    batches, steps = training_feed(
        feed,
        task_labels(feed.rows.y, signature, feed.soft_labels),
        signature=signature,
        batch_size=global_batch(training, len(feed.rows), num_replicas),
        seed=training.seed,
    )
    if feed.augment:
        extra = feed.augment[0].training_ports(feed.augment, signature)
    else:
        extra = ()
    with strategy.scope():
        members = build.build(signature, seed=training.seed, synchronized=num_replicas > 1)
        build.warm_up(
            members, feed.rows, valid, signature=signature, training=training, deciding=deciding
        )
        fitted = _for_training(
            build, members, extra, signature=signature, synchronized=num_replicas > 1
        )
        model = _with_average(fitted)
        metric, mode = task_metric(deciding, signature)
        compile_model(
            model,
            loss=task_loss(signature.target, training, label_weights=feed.rows.label_weights),
            metric=metric,
            learning_rate=_learning_rate(training, steps),
            weight_decay=training.weight_decay,
        )
    if extra:
        valid = valid.with_columns(feed.augment[0].unmixed(valid.x))
    monitor = f"val_logits_{deciding}"
    if training.schedule == "constant":
        stops = [
            keras.callbacks.EarlyStopping(
                monitor=monitor, mode=mode, patience=training.patience, restore_best_weights=True
            )
        ]
    else:
        stops = []
    start = time.perf_counter()
    history = fit_model(
        model,
        batches,
        validation_feed(valid, task_labels(valid.y, signature), num_replicas),
        steps=steps,
        epochs=training.epochs,
        monitor=monitor,
        callbacks=stops,
    )
    seconds = time.perf_counter() - start
    if fitted is not members:
        copy_weights(fitted, members)
    model = average_members(members)
    build.refit(model, feed.rows, valid, signature=signature, training=training, deciding=deciding)
    return Trained(
        model,
        plain_names(
            history, deciding, task_of(signature.target).metric_factor(deciding, signature.target)
        ),
        seconds,
    )


def _for_training(build, members, extra, *, signature, synchronized):
    """The model to fit: `members`, or where training has inputs that the model will not have, one
    with these and with the same weights.
    """
    if not extra:
        return members
    fitted = build.build(
        replace(signature, inputs=(*signature.inputs, *extra)), synchronized=synchronized
    )
    copy_weights(members, fitted)
    return fitted


def global_batch(training: Training, num_rows: int, num_replicas: int) -> int:
    """Rows of a batch: as asked for, no more than there are, and as many for each replica."""
    return max(min(training.batch_size, num_rows) // num_replicas, 1) * num_replicas


def validation_feed(valid: HeldOut, labels: dict[str, np.ndarray], num_replicas: int):
    """`plain_feed` in batches of as many rows as have their feature maps in some tens of
    megabytes.
    """
    values = max(int(np.prod(x.shape[1:])) for x in valid.x.values())
    most = int(np.clip(2**20 // values, 16, 1024))
    return plain_feed(
        valid, labels, batch_size=-(-min(len(valid), most) // num_replicas) * num_replicas
    )


def _learning_rate(training, steps):
    if training.schedule == "constant":
        return training.learning_rate
    return cosine_rate(
        training.learning_rate,
        training.epochs * steps,
        warmup=min(training.warmup_epochs, training.epochs - 1) * steps,
    )


def cosine_rate(learning_rate: float, num_steps: int, *, warmup: int):
    """A Keras schedule from a twentieth of the rate up to it in `warmup` steps, then down to zero
    at `num_steps`.
    """
    import keras

    return keras.optimizers.schedules.CosineDecay(
        learning_rate / 20 if warmup else learning_rate,
        max(num_steps - warmup, 1),
        warmup_target=learning_rate if warmup else None,
        warmup_steps=warmup,
    )


def compile_model(model, *, loss, metric, learning_rate, weight_decay: float) -> None:
    """Compiles a model that gives "members", which the loss sees, and "logits", which the metric
    sees; to be called in the scope of its strategy. `learning_rate`: a number or a Keras schedule.
    """
    import keras
    import tensorflow as tf

    model.compile(
        optimizer=keras.optimizers.AdamW(learning_rate, weight_decay=weight_decay),
        loss={"members": loss, "logits": None},
        weighted_metrics={"logits": [metric]},
        jit_compile=False,
    )
    # A step whose first trace makes variables is traced a second time, which takes seconds.
    model.optimizer.build(model.trainable_variables)
    if isinstance(
        metric, keras.metrics.F1Score
    ):  # the one that has no variables before its first rows
        none = tf.zeros((1, model.output["logits"].shape[-1]))
        tf.distribute.get_strategy().run(metric.update_state, (none, none))
        metric.reset_state()


def fit_model(
    model, batches, valid_batches, *, steps: int, epochs: int, monitor: str, callbacks=()
) -> dict[str, list[float]]:
    """Keras' fit of a compiled model with a bar: Keras' names of losses and metrics → one value an
    epoch. Raises TrainError where the loss stops being a number.
    """
    import keras

    history = model.fit(
        batches,
        epochs=epochs,
        steps_per_epoch=steps,
        validation_data=valid_batches,
        callbacks=[*callbacks, keras.callbacks.TerminateOnNaN(), _bar(epochs, monitor)],
        verbose=0,
        shuffle=False,
    ).history
    if not np.all(np.isfinite(history["loss"])):
        raise TrainError(
            f"the loss became {history['loss'][-1]} in epoch {len(history['loss'])}",
            expected="a finite loss",
            fix="lower training.learning_rate, or scale the inputs",
        )
    return history


def _bar(epochs, monitor):
    """tqdm's Keras bar, showing the losses and the metric that decides; the metric on training rows
    is left out, because it is of rows with dropout and, under a teacher, of soft labels.
    """
    from tqdm.keras import TqdmCallback

    names = {"loss": "loss", "val_loss": "val_loss", monitor: monitor.replace("logits_", "")}
    bar = TqdmCallback(epochs=epochs, verbose=0, desc="train", leave=True)
    show = bar.on_epoch_end  # tqdm sets it on the instance, where a subclass could not reach it
    bar.on_epoch_end = lambda epoch, logs=None: show(
        epoch, {ours: logs[theirs] for theirs, ours in names.items()}
    )
    return bar


def _with_average(members):
    """The model to fit: each member's logits for the loss, their average for the metric."""
    import keras

    stacked = members.output
    average = keras.layers.GlobalAveragePooling1D(name="logits")(stacked)
    return keras.Model(
        members.input,
        {"members": keras.layers.Identity(name="members")(stacked), "logits": average},
    )


def task_labels(
    y: np.ndarray, signature: Signature, soft_labels: np.ndarray | None = None
) -> dict[str, np.ndarray]:
    """y int [rows] or float [rows] or [rows, horizon] as float32 [rows, outputs]: 0/1, one-hot or
    standardized values, or the soft labels; for the loss ("members") and for the metric ("logits").
    """
    target = signature.target
    if soft_labels is not None:
        wanted = soft_labels.astype(np.float32)
    else:
        wanted = task_of(target).training_truth(y, target)
    return {"members": wanted, "logits": wanted}


def task_loss(target: Target, training: Training, *, label_weights: np.ndarray | None = None):
    """The task's Keras loss of every member [rows, members, outputs] against the same label,
    averaged a row; of one model its [rows, outputs]. `label_weights`: float32 [2, labels], see
    `weigh_labels`.
    """
    import keras

    task = task_of(target)
    plain = weigh_labels(_plain_loss(task, target, training), label_weights)

    class MemberLoss(keras.losses.Loss):
        def call(self, y_true, y_pred):
            y_true = keras.ops.expand_dims(y_true, 1)
            if len(y_pred.shape) == 2:
                y_pred = keras.ops.expand_dims(y_pred, 1)
            if task.broadcasts_truth:
                y_true = keras.ops.broadcast_to(y_true, keras.ops.shape(y_pred))
            return keras.ops.mean(plain(y_true, y_pred), axis=1)

    return MemberLoss(name="member_loss")


def _plain_loss(task, target, training):
    """The task's own loss; of classes, with focus and smoothing where these are asked for."""
    import keras

    gamma = training.focal_gamma
    smoothing = training.label_smoothing
    if task.output_kind == "values" or not (gamma or smoothing):
        return task.default_loss(target)
    losses = keras.losses
    knobs = {"from_logits": True, "label_smoothing": smoothing, "reduction": None}
    if task.output_kind == "sigmoid":
        if gamma:
            return losses.BinaryFocalCrossentropy(gamma=gamma, **knobs)
        return losses.BinaryCrossentropy(**knobs)
    if gamma:
        return losses.CategoricalFocalCrossentropy(alpha=1.0, gamma=gamma, **knobs)
    return losses.CategoricalCrossentropy(**knobs)


def task_metric(deciding: str, signature: Signature):
    """The Keras metric of averaged logits [rows, outputs] for a deciding metric, and which way is
    up, "max" or "min".
    """
    task = task_of(signature.target)
    task.check_deciding(deciding)
    mode = "max"
    if is_smaller_better(deciding):
        mode = "min"
    return task.keras_metric(deciding, signature.target), mode


def average_members(members):
    """One model of the averaged logits [rows, outputs]: the heads become one dense layer over all
    members' features, which is the same average with one rounding in int8 instead of one a member.
    Members without a head, which give windows back, are averaged as they are.
    """
    import keras

    windows = [layer.output for layer in members.layers if layer.name.endswith("_window")]
    if windows:
        return keras.Model(
            members.input,
            keras.layers.Average(name="window")(windows) if len(windows) > 1 else windows[0],
            name="model",
        )
    heads = [layer for layer in members.layers if layer.name.endswith("_logits")]
    features = [head.input for head in heads]
    if len(heads) > 1:
        together = keras.layers.Concatenate(name="features")(features)
    else:
        together = features[0]
    head = keras.layers.Dense(heads[0].units, name="logits")
    model = keras.Model(members.input, head(together), name="model")
    kernels, biases = zip(*(each.get_weights() for each in heads), strict=True)
    head.set_weights([np.concatenate(kernels) / len(heads), np.mean(biases, axis=0)])
    return model


def plain_names(
    history: dict[str, list[float]], deciding: str, factor: float
) -> dict[str, list[float]]:
    """Keras' names of losses and metrics to ours: loss, val_loss, the deciding metric and val_ of
    it, these times `factor`.
    """
    names = {
        "loss": "loss",
        "val_loss": "val_loss",
        f"logits_{deciding}": deciding,
        f"val_logits_{deciding}": f"val_{deciding}",
    }
    return {
        ours: [float(value) * (factor if deciding in ours else 1) for value in history[theirs]]
        for theirs, ours in names.items()
        if theirs in history
    }
