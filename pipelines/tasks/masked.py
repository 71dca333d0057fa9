"""The loss and the metrics of outputs of which the truth may be unknown: NaN is passed over."""

import numpy as np

from ..device.target import Target


def masked_loss(target: Target):
    """y [rows, 1, horizon] and outputs [rows, members, horizon * quantiles] → [rows, members]: the
    mean over the steps with a known target of the pinball loss of every quantile, or of the squared
    error where there are none. Steps count by their spread, so that an error counts as much as it
    is large in the target's unit.
    """
    import keras

    ops = keras.ops
    levels = target.quantiles
    shares = np.asarray(levels, np.float32)
    factors = target.step_factors or (1.0,)  # a window that is given back has one unit
    share = np.asarray(factors, np.float32) / np.mean(factors)
    if levels:
        share = share.astype(np.float32)
    else:
        share = np.square(share).astype(np.float32)

    def loss(y_true, y_pred):
        known = ops.isfinite(y_true)
        shape = ops.shape(y_pred)
        outputs = ops.reshape(y_pred, (shape[0], shape[1], -1, max(len(levels), 1)))
        y = ops.expand_dims(ops.where(known, y_true, 0.0), -1)
        short = y - outputs
        if not levels:
            each = ops.square(short)
        else:
            each = ops.mean(
                ops.maximum(short * shares, short * (shares - 1)),
                -1,
                keepdims=True,
            )
        weight = ops.cast(known, "float32")
        return ops.sum(each[..., 0] * weight * share, axis=2) / ops.maximum(
            ops.sum(weight, axis=2), 1.0
        )

    return loss


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
