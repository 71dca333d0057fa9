"""Keras' fit for several processes: `Model.fit` itself fails under MultiWorkerMirroredStrategy, and
is not meant for it. The steps are Keras' own (`train_step`, `test_step`), and so are callbacks.
"""

from collections.abc import Callable, Sequence
from typing import Any


def fit_together(
    model: Any,
    batches: Any,
    valid_batches: Any,
    *,
    steps: int,
    epochs: range,
    callbacks: Sequence,
) -> dict[str, list[float]]:
    """Trains a compiled model in every process of a group, each on its part of every batch.

    Args:
        model: Compiled in the scope of a MultiWorkerMirroredStrategy.
        batches: A tf.data.Dataset of whole batches, the same in every process.
        valid_batches: The same of held-out rows, or None.
        steps: Batches of one epoch.
        epochs: Those that are left.
        callbacks: Of Keras, keras.callbacks.History first.

    Returns:
        Keras' names of losses and metrics → one value an epoch.
    """
    import keras

    strategy = model.distribute_strategy
    shared = strategy.experimental_distribute_dataset(batches)
    valid = ()
    if valid_batches is not None:
        valid = strategy.experimental_distribute_dataset(valid_batches)
    _make_metrics(model, strategy, batches)
    train, test = _steps_of(model, strategy)
    following = keras.callbacks.CallbackList(
        callbacks,
        model=model,
        epochs=epochs.stop,
        steps=steps,
        verbose=0,
    )
    model.stop_training = False
    following.on_train_begin()
    rows = iter(shared)
    for epoch in epochs:
        following.on_epoch_begin(epoch)
        logs = _train_epoch(model, rows, train, steps=steps, following=following)
        logs |= _judge_epoch(model, valid, test)
        following.on_epoch_end(epoch, logs)
        if model.stop_training:
            break
    following.on_train_end()
    return callbacks[0].history


def _train_epoch(model, rows, train, *, steps, following):
    """Returns Keras' names of losses and metrics → their values of an epoch."""
    model.reset_metrics()
    for step in range(steps):
        following.on_train_batch_begin(step)
        batch = next(rows)
        train(batch)
        following.on_train_batch_end(step, {})
    return _results(model)


def _judge_epoch(model, valid, test):
    """Returns the same of held-out rows, if there are any."""
    model.reset_metrics()
    num_batches = 0
    for batch in valid:
        test(batch)
        num_batches += 1
    if not num_batches:
        return {}
    return {f"val_{name}": value for name, value in _results(model).items()}


def _steps_of(model, strategy) -> tuple[Callable, Callable]:
    import tensorflow as tf

    @tf.function
    def train(batch):
        strategy.run(model.train_step, args=(batch,))

    @tf.function
    def test(batch):
        strategy.run(model.test_step, args=(batch,))

    return train, test


def _make_metrics(model, strategy, batches):
    """Makes the variables of losses and metrics, which Keras' fit makes by a way of its own."""

    def see(x, y, weight):
        answers = model(x, training=False)
        model.compute_loss(x, y, answers, weight)
        model.compute_metrics(x, y, answers, weight)

    first = strategy.experimental_distribute_dataset(batches.take(1))
    strategy.run(see, args=next(iter(first)))
    model.reset_metrics()


def _results(model):
    return {name: float(value) for name, value in model.get_metrics_result().items()}
