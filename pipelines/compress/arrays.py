"""A tuning for a Keras model of one's own, from arrays."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from ..device.target import Target
from ..errors import RecipeError, TrainError
from ..rows.parts import HeldOut, Schema, TrainSet
from ..sources.tensorflow import load_tensorflow
from ..tasks.regression import RegressionTask
from ..training.feed import TrainFeed, TrainingBatches, global_batch, validation_feed
from ..training.losses import named_loss
from ..training.optimizers import AdamW
from ..training.training import Training
from .tuning import Tuning

_MODES = {"accuracy": "max", "mae": "min", "rmse": "min"}
ARRAY_METRICS = tuple(_MODES)
ARRAY_TRAINING = Training(batch_size=32, optimizer=AdamW(weight_decay=0.0))


def tuning_from_arrays(
    x: np.ndarray | Mapping[str, np.ndarray],
    y: np.ndarray,
    *,
    loss: Any,
    valid: tuple[Any, np.ndarray],
    deciding: str = "",
    training: Training = ARRAY_TRAINING,
) -> Tuning:
    """Returns a tuning for a Keras model of one's own, from arrays as its own `fit` takes them.

    Args:
        x: The input [rows, ...], or input's name → array.
        y: [rows, ...] as the loss takes it.
        loss: A Keras loss or its name.
        valid: (x, y) of other rows to judge by.
        deciding: One of ARRAY_METRICS; "" for accuracy if the loss is a cross-entropy, else mae.
        training: Its batch size, optimizer, seed and strategy count.

    Raises RecipeError if metric and loss do not go together, TrainError if lengths differ.
    """
    load_tensorflow()
    loss = _loss_of(loss)
    answers = _answers_of(loss)
    deciding = _checked_metric(deciding, loss, answers)
    strategy = training.new_strategy()
    num_replicas = strategy.num_replicas_in_sync
    rows = _rows(TrainSet, x, y)
    feed = TrainFeed(rows)
    batch_size = global_batch(training.batch_size, len(rows), num_replicas)
    batches = TrainingBatches(feed, _both(y), None, batch_size, training.seed)
    held_out = validation_feed(_rows(HeldOut, *valid), _both(valid[1]), num_replicas)
    return Tuning(
        lambda first_step: _as_given(batches(first_step), x),
        batches.steps,
        _as_given(held_out, x),
        loss,
        lambda: _array_metric(deciding, loss),
        deciding,
        _MODES[deciding],
        answers,
        from_logits=bool(loss.get_config().get("from_logits", False)),
        optimizer=training.optimizer,
        seed=training.seed,
        strategy=strategy,
    )


def _loss_of(loss):
    import keras

    if isinstance(loss, str):
        return named_loss(loss)
    return keras.losses.get(loss)


def _checked_metric(deciding, loss, answers):
    """The metric that decides; "" for the usual one."""
    if not deciding:
        deciding = "accuracy"
        if answers == "values":
            deciding = "mae"
    if deciding not in ARRAY_METRICS or (deciding == "accuracy") == (answers == "values"):
        raise RecipeError(
            f"deciding={deciding!r} with the loss {loss.name!r}",
            expected="accuracy for a cross-entropy; mae or rmse for others",
            fix="leave deciding empty",
        )
    return deciding


def _as_given(batches, x):
    """Batches whose columns are as `x`: a bare array goes to the one input, whatever its name."""
    if isinstance(x, Mapping):
        return batches
    return batches.map(lambda columns, labels, weight: (columns["x"], labels, weight))


def _rows(kind, x, y):
    if not isinstance(x, Mapping):
        x = {"x": x}
    columns = {name: np.asarray(each) for name, each in x.items()}
    lengths = {name: len(each) for name, each in {**columns, "y": y}.items()}
    if len(set(lengths.values())) > 1:
        raise TrainError(
            f"arrays of other lengths: {lengths}",
            expected="one row of each for every label",
            fix="cut all with the same index",
        )
    return kind(
        x=columns,
        y=np.asarray(y),
        ids=np.arange(len(y)),
        schema=Schema((), Target("y", RegressionTask.name)),
    )


def _both(y):
    return {"members": np.asarray(y), "logits": np.asarray(y)}


def _answers_of(loss):
    name = type(loss).__name__
    if "Categorical" in name:
        return "softmax"
    if name.startswith("Binary"):
        return "sigmoid"
    return "values"


def _array_metric(deciding, loss):
    from keras import metrics

    if deciding == "mae":
        return metrics.MeanAbsoluteError(name=deciding)
    if deciding == "rmse":
        return metrics.RootMeanSquaredError(name=deciding)
    if _answers_of(loss) == "sigmoid":
        threshold = 0.5
        if loss.get_config().get("from_logits", False):
            threshold = 0.0
        return metrics.BinaryAccuracy(threshold=threshold, name=deciding)
    if "sparse" in type(loss).__name__.lower():
        return metrics.SparseCategoricalAccuracy(name=deciding)
    return metrics.CategoricalAccuracy(name=deciding)
