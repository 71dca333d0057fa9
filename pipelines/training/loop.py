"""Keras' compile and fit, as every training here calls them."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..engine.bars import epochs_bar
from ..engine.group import rank_here
from ..engine.resume import begin_training, first_epoch, store_epochs
from .group_loop import fit_together
from .not_a_number import not_a_number
from .watch import watched_by


def start_from_seed(seed: int) -> None:
    """Starts everything random at the seed and makes TensorFlow's kernels deterministic."""
    import keras
    import tensorflow as tf

    keras.utils.set_random_seed(seed)
    tf.config.experimental.enable_op_determinism()


def compile_model(model, *, loss, metric, optimizer) -> None:
    """Compiles a model that gives "members" and "logits"; called in the scope of its strategy.

    Args:
        model: A keras.Model.
        loss: A Keras loss, which sees "members".
        metric: A Keras metric, which sees "logits".
        optimizer: A Keras optimizer of its own.
    """
    import keras
    import tensorflow as tf

    model.compile(
        optimizer=optimizer,
        loss={"members": loss, "logits": None},
        weighted_metrics={"logits": [metric]},
        jit_compile=False,
    )
    # A step whose first trace makes variables is traced a second time, which takes seconds.
    model.optimizer.build(model.trainable_variables)
    # The one metric that has no variables before its first rows.
    if isinstance(metric, keras.metrics.F1Score):
        none = tf.zeros((1, model.output["logits"].shape[-1]))
        tf.distribute.get_strategy().run(metric.update_state, (none, none))
        metric.reset_state()


def fit_model(
    model,
    batches: Callable[[int], Any],
    valid_batches,
    *,
    steps: int,
    epochs: int,
    callbacks: Sequence = (),
    monitor: str = "",
) -> dict[str, list[float]]:
    """Runs Keras' fit of a compiled model, with a bar.

    Args:
        model: A compiled keras.Model.
        batches: The first step → an endless tf.data.Dataset of training rows from there on.
        valid_batches: A tf.data.Dataset of held-out rows, or None.
        steps: Batches of one epoch.
        epochs: At most.
        callbacks: Of Keras.
        monitor: Keras' name of the metric that the bar shows, "" for none.

    Returns:
        Keras' names of losses and metrics → one value an epoch.

    Raises:
        TrainError: The loss stops being a number.
    """
    import keras

    history = fit_epochs(
        model,
        batches,
        valid_batches,
        steps=steps,
        epochs=epochs,
        callbacks=[*callbacks, keras.callbacks.TerminateOnNaN()],
        make_bar=lambda: _bar(epochs, monitor),
    )
    if not np.all(np.isfinite(history["loss"])):
        seen = f"the loss became {history['loss'][-1]} in epoch {len(history['loss'])}"
        raise not_a_number(seen, model, batches(0).take(steps), watched_by(callbacks))
    return history


def fit_epochs(
    model,
    batches: Callable[[int], Any],
    valid_batches,
    *,
    steps: int,
    epochs: int,
    callbacks: Sequence,
    make_bar: Callable[[], Any],
) -> dict[str, list[float]]:
    """Runs Keras' fit; in a cached stage it goes on where a killed one stopped.

    Args:
        model: A compiled keras.Model.
        batches: The first step → an endless tf.data.Dataset of training rows from there on.
        valid_batches: A tf.data.Dataset of held-out rows, or None.
        steps: Batches of one epoch.
        epochs: At most.
        callbacks: Of Keras; what they remember is stored with each epoch.
        make_bar: Makes the Keras callback that shows how it goes, after what is printed before.

    Returns:
        Keras' names of losses and metrics → one value an epoch.
    """
    import keras

    # Keras would add its own after those given, which are stored before it learns of an epoch.
    remembering = [keras.callbacks.History(), *callbacks]
    file = begin_training()
    first = first_epoch(file, epochs)
    if file is None:
        storing = []
    else:
        storing = [store_epochs(file, remembering)]
    following = [*remembering, make_bar(), *storing]
    left = range(first, epochs)
    run = _fit
    if rank_here() is not None:
        run = fit_together
    return run(
        model,
        batches(first * steps),
        valid_batches,
        steps=steps,
        epochs=left,
        callbacks=following,
    )


def _fit(model, batches, valid_batches, *, steps, epochs, callbacks):
    """Runs Keras' fit for the epochs that are left."""
    fitted = model.fit(
        batches,
        initial_epoch=epochs.start,
        epochs=epochs.stop,
        steps_per_epoch=steps,
        validation_data=valid_batches,
        callbacks=callbacks,
        verbose=0,
        shuffle=False,
    )
    return fitted.history


def _bar(epochs, monitor):
    """tqdm's Keras bar, showing the losses and the metric that decides; the metric on training rows
    is left out, because it is of rows with dropout and, under a teacher, of soft labels.
    """
    names = {
        "loss": "loss",
        "val_loss": "val_loss",
        monitor: monitor.replace("logits_", ""),
    }
    bar = epochs_bar(epochs, desc="train")
    show = bar.on_epoch_end  # tqdm sets it on the instance, where a subclass could not reach it

    def show_named(epoch, logs=None):
        shown = {names[theirs]: value for theirs, value in logs.items() if theirs in names}
        show(epoch, shown)

    bar.on_epoch_end = show_named
    return bar


def plain_names(
    history: dict[str, list[float]], deciding: str, factor: float
) -> dict[str, list[float]]:
    """Returns a history of Keras under our names: loss, val_loss, the deciding metric, val_ of it.

    Args:
        history: As `fit_model` gives it.
        deciding: The metric that decides.
        factor: What takes it to the target's unit.
    """
    names = {
        "loss": ("loss", 1.0),
        "val_loss": ("val_loss", 1.0),
        f"logits_{deciding}": (deciding, factor),
        f"val_logits_{deciding}": (f"val_{deciding}", factor),
    }
    found = {}
    for theirs, (ours, times) in names.items():
        if theirs in history:
            found[ours] = [float(value) * times for value in history[theirs]]
    return found
