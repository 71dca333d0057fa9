"""The loss and the metrics of outputs of which the truth may be unknown: NaN is passed over."""

from collections.abc import Callable
from typing import Any

import numpy as np

from ..device.target import Target


def masked_loss(target: Target):
    """Returns the pinball loss of every quantile, or the squared error if there are none.

    As `masked_mean` gives it.
    """
    import keras

    ops = keras.ops
    levels = target.quantiles
    if not levels:
        return masked_mean(keras.losses.MeanSquaredError(reduction=None), target, power=2)

    def pinball(y_true, y_pred):
        short = y_true - y_pred
        shares = np.asarray(levels, np.float32)
        each = ops.maximum(short * shares, short * (shares - 1))
        return ops.mean(each, -1)

    return masked_mean(pinball, target, power=1)


def masked_mean(loss: Callable[[Any, Any], Any], target: Target, *, power: int) -> Callable:
    """Returns the mean of a loss over the values that are known.

    It is called with y float32 [rows, members, horizon] and outputs float32
    [rows, members, horizon * quantiles], and gives float32 [rows, members]. Steps count by their
    spread: an error counts as much as it is large in the target's unit.

    Args:
        loss: A Keras loss without reduction, of y [rows, members, horizon, 1] and outputs
            [rows, members, horizon, quantiles].
        target: Of the signature.
        power: Which one of an error the loss grows by, 2 of a squared error.
    """
    import keras

    ops = keras.ops
    width = max(len(target.quantiles), 1)
    factors = target.step_factors or (1.0,)  # a window that is given back has one unit
    share = np.asarray(factors, np.float32) / np.mean(factors)
    share = (share**power).astype(np.float32)

    def by_member(y_true, y_pred):
        known = ops.isfinite(y_true)
        shape = ops.shape(y_pred)
        outputs = ops.reshape(y_pred, (shape[0], shape[1], -1, width))
        y = ops.expand_dims(ops.where(known, y_true, 0.0), -1)
        each = loss(y, outputs)
        weight = ops.cast(known, "float32")
        total = ops.sum(each * weight * share, axis=2)
        return total / ops.maximum(ops.sum(weight, axis=2), 1.0)

    return by_member


def masked_metric(target: Target, deciding: str):
    """A Keras metric over steps with a known target, of the middle quantile: "mae" or "rmse" in the
    target's unit (each row's own scale apart), or "mase".
    """
    import keras

    ops = keras.ops
    width = max(len(target.quantiles), 1)
    middle = target.middle()
    is_squared = deciding == "rmse"
    factors = np.asarray(target.step_factors or (1.0,), np.float32) / np.float32(
        target.mase_scale if deciding == "mase" else 1.0
    )

    class MaskedError(keras.metrics.Mean):
        def update_state(self, y_true, y_pred, sample_weight=None):
            known = ops.isfinite(y_true)
            error = (ops.where(known, y_true, 0.0) - y_pred[:, middle::width]) * factors
            weight = ops.cast(known, "float32")
            if sample_weight is not None:
                weight = weight * ops.reshape(sample_weight, (-1, 1))
            return super().update_state(
                ops.square(error) if is_squared else ops.abs(error), sample_weight=weight
            )

        def result(self):
            if is_squared:
                return ops.sqrt(super().result())
            return super().result()

    return MaskedError(name=deciding)
